import type { KeptOptions } from "../model/account-options.ts";
import { allowListFrom, isAllowed } from "../model/allow-list.ts";
import type { ErrorCode } from "../model/error.ts";

/** Why nobody may bind: to the customer, and in words to the operator. */
export interface BindRefusal {
  readonly code: ErrorCode;
  readonly reason: string;
}

/** Who may bind as an account, besides what the triggers say: from where, and how often at a time. */
export interface Admission {
  /** Why nobody may bind as this account from there; undefined when it may. */
  refusal(account: string, remote: string): BindRefusal | undefined;
  /**
   * Gives a session a place among those of its account, until it has ended: `too_many_binds` when all
   * are taken. Sessions that are there stay when fewer are allowed later.
   */
  enter(account: string, session: string): BindRefusal | undefined;
  /** A connection has ended, whether it was bound or not. */
  gone(session: string): void;
}

export function createAdmission(optionsOf: (account: string) => KeptOptions): Admission {
  const accountOf = new Map<string, string>();
  const counts = new Map<string, number>();

  return {
    refusal(account, remote) {
      const { access, allowFrom } = optionsOf(account);
      const code = "bind_refused";
      if (access === "disabled") return { code, reason: `the account ${account} is disabled` };
      if (allowFrom === "" || isAllowed(allowListFrom(allowFrom), remote)) return undefined;
      return { code, reason: `the account may not be used from ${remote}` };
    },
    enter(account, session) {
      if (accountOf.has(session)) return undefined;
      const { bindsMax } = optionsOf(account);
      const count = counts.get(account) ?? 0;
      if (bindsMax > 0 && count >= bindsMax)
        return { code: "too_many_binds", reason: "the account has as many sessions as it may" };
      accountOf.set(session, account);
      counts.set(account, count + 1);
      return undefined;
    },
    gone(session) {
      const account = accountOf.get(session);
      if (account === undefined) return;
      accountOf.delete(session);
      const count = (counts.get(account) ?? 0) - 1;
      if (count > 0) counts.set(account, count);
      else counts.delete(account);
    },
  };
}
