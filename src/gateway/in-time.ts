import type { Clock } from "../model/clock.ts";
import type { MessageAnswer, MessageEvent } from "../model/event.ts";

/**
 * ms. Who has waited for his turn for so long is told to come again later. It is less than what an answer may take by default
 * (3 s), so that a decision that is begun is not dropped; at 5,000 messages a second 12,000 stand before one who waits so long.
 */
export const turnMsMax = 2_500;

/**
 * Refuses a message that has waited for its turn for too long (`store/intake.ts`), before a trigger is asked or anything is
 * charged: with `overloaded`, or to a provider with `try_later`. Called for each message.
 */
export function inTime(
  answer: (event: MessageEvent) => Promise<MessageAnswer>,
  clock: Clock,
): (event: MessageEvent) => Promise<MessageAnswer> {
  return (event) => {
    const { receivedMs, origin } = event;
    const isLate =
      receivedMs !== undefined && (clock.tickMs() - receivedMs > turnMsMax || !event.isOpen());
    if (!isLate) return answer(event);
    const code = origin === "customer" ? "overloaded" : "try_later";
    return Promise.resolve({ kind: "refused", code, reason: "too many wait for their turn" });
  };
}
