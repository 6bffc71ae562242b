import type { OwnChange } from "../channel/customer-desk.ts";
import type { MessageAnswer, MessageEvent } from "../model/event.ts";
import type { Message } from "../model/message.ts";
import type { Status } from "../model/status.ts";

/** What becomes of the messages of each account, as it is committed; for those who follow it live. */
export interface OwnChanges {
  /** Until the returned function is called. */
  follow(account: string, take: (change: OwnChange) => void): () => void;
  /** A message came in and was answered. */
  answered(event: MessageEvent, answer: MessageAnswer): void;
  /** A message that was made of another has this status. */
  ended(sent: Message, original: Message | undefined, status: Status, error?: string): void;
}

/** Costs nothing for an account that nobody follows. */
export function createOwnChanges(nowMs: () => number): OwnChanges {
  const followers = new Map<string, Set<(change: OwnChange) => void>>();

  return {
    follow(account, take) {
      const those = followers.get(account) ?? new Set();
      those.add(take);
      followers.set(account, those);
      return () => {
        those.delete(take);
        if (those.size === 0 && followers.get(account) === those) followers.delete(account);
      };
    },
    answered({ message, scheduledMs }, answer) {
      if (followers.size === 0 || answer.kind !== "accepted" || message.account === undefined)
        return;
      const status = scheduledMs === undefined ? "QUEUED" : "SCHEDULED";
      tell(message.account, message, { id: answer.id, status, error: undefined });
    },
    ended(sent, original, status, error) {
      if (followers.size === 0 || sent.kind !== "sms") return;
      const account = original?.account ?? sent.account;
      if (account !== undefined) tell(account, original, { id: sent.root, status, error });
    },
  };

  function tell(
    account: string,
    original: Message | undefined,
    change: Pick<OwnChange, "id" | "status" | "error">,
  ): void {
    const those = followers.get(account);
    if (those === undefined) return;
    const whole = { ...change, atMs: nowMs(), reference: original?.client?.reference };
    for (const take of those) take(whole);
  }
}
