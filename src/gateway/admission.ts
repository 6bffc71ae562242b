import type { KeptOptions } from "../model/account-options.ts";
import { allowListFrom, isAllowed } from "../model/allow-list.ts";
import type { ErrorCode } from "../model/error.ts";

/** Who may bind as an account, besides what the triggers say: from where, and how often at a time. */
export interface Admission {
  /** Why nobody may bind as this account from there; undefined when it may. */
  refusal(account: string, remote: string): ErrorCode | undefined;
  /**
   * Gives a session a place among those of its account, until it has ended: `too_many_binds` when all
   * are taken. Sessions that are there stay when fewer are allowed later.
   */
  enter(account: string, session: string): ErrorCode | undefined;
  /** A connection has ended, whether it was bound or not. */
  gone(session: string): void;
}

export function createAdmission(optionsOf: (account: string) => KeptOptions): Admission {
  const accountOf = new Map<string, string>();
  const counts = new Map<string, number>();

  return {
    refusal(account, remote) {
      const { allowFrom } = optionsOf(account);
      if (allowFrom === "" || isAllowed(allowListFrom(allowFrom), remote)) return undefined;
      return "bind_refused";
    },
    enter(account, session) {
      if (accountOf.has(session)) return undefined;
      const { bindsMax } = optionsOf(account);
      const count = counts.get(account) ?? 0;
      if (bindsMax > 0 && count >= bindsMax) return "too_many_binds";
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
