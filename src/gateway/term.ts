import type { Channel } from "../channel/channel.ts";
import type { MessageEvent } from "../model/event.ts";
import { type Mode, modeOf } from "../model/mode.ts";
import type { Forward } from "../store/writer.ts";

/**
 * ms. What is to be tried once and at once may wait for room in a window that is full, since that is
 * how a busy channel always is; not longer than a peer needs for a few answers.
 */
export const datagramWaitMs = 5_000;

/** The mode that a message is handled in; what a provider brings is always stored. */
export function modeOfEvent({ message, origin }: MessageEvent): Mode {
  const { sms, joined, destinations } = message;
  // Of many receivers each has an outcome of its own, and a text of several parts was answered before.
  if (joined !== undefined || destinations !== undefined) return "stored";
  if (origin === "provider" || sms === undefined) return "stored";
  return modeOf(sms.esmClass);
}

/** When a message is due on a channel, and until when it may be handed over there. */
export function termOf(
  { expiresMs, scheduledMs }: Pick<MessageEvent, "expiresMs" | "scheduledMs">,
  given: {
    readonly nowMs: number;
    /** Of the channel that it goes to. */
    readonly relayWithinMs: number | undefined;
    /** How long its sender waits for it, where that is less than its validity. */
    readonly waitMs: number | undefined;
  },
): Pick<Forward, "dueMs" | "expiresMs"> {
  const { nowMs, relayWithinMs, waitMs } = given;
  const startMs = scheduledMs ?? nowMs;
  let untilMs = expiresMs;
  if (relayWithinMs !== undefined) untilMs = Math.min(untilMs, startMs + relayWithinMs);
  if (waitMs !== undefined) untilMs = Math.min(untilMs, startMs + waitMs);
  return { dueMs: scheduledMs ?? 0, expiresMs: untilMs };
}

/** Is anybody bound who could be handed it? Asked for a message that is to go at once or never. */
export function reaches(channel: Channel, account: string | undefined): boolean {
  const cannot = channel.taken === "SENT" ? "receiver" : "transmitter";
  return channel
    .sessions()
    .some(
      (one) => one.bindType !== cannot && (channel.taken === "SENT" || one.account === account),
    );
}
