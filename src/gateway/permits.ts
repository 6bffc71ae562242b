import type { KeptOptions } from "../model/account-options.ts";
import { type AllowedSenders, allowedSendersFrom } from "../model/allowed-senders.ts";
import type { ErrorCode } from "../model/error.ts";
import type { MessageEvent } from "../model/event.ts";

/**
 * Why an account may not send this message: it is disabled, or the sender is not one of its own. Called
 * for each message; costs a look-up for those that may send as anyone.
 */
export type Permits = (
  event: MessageEvent,
) => { readonly code: ErrorCode; readonly reason: string } | undefined;

export function createPermits(optionsOf: (account: string) => KeptOptions): Permits {
  /** One for each account that has a list; read anew when it was changed. */
  const lists = new Map<string, { readonly text: string; readonly allows: AllowedSenders }>();

  return ({ message: { account, from } }) => {
    if (account === undefined) return undefined;
    const { access, senders } = optionsOf(account);
    if (access === "disabled")
      return { code: "account_disabled", reason: `the account ${account} is disabled` };
    if (senders === "" || listOf(account, senders)(from)) return undefined;
    return { code: "bad_source", reason: `${account} may not send as "${from}" (senders)` };
  };

  function listOf(account: string, text: string): AllowedSenders {
    const known = lists.get(account);
    if (known?.text === text) return known.allows;
    const allows = allowedSendersFrom(text);
    lists.set(account, { text, allows });
    return allows;
  }
}
