import type { MessageAnswer, MessageEvent } from "../model/event.ts";
import { turnMsMax } from "../model/intake.ts";
import type { ChannelHost } from "./channel.ts";

/**
 * Tells of a message when it is its turn, in line with those that customers submit over SMPP. After `turnMsMax` it is
 * refused: with `overloaded`, or to a provider with `try_later`.
 */
export function emitInTurn(
  { intake, emit, clock }: Pick<ChannelHost, "intake" | "emit" | "clock">,
  event: MessageEvent,
): Promise<MessageAnswer> {
  if (intake === undefined) return emit("message", event);
  const { receivedMs = clock.tickMs() } = event;
  return new Promise((resolve) => {
    intake.enter(() => {
      const waitedMs = clock.tickMs() - receivedMs;
      resolve(waitedMs > turnMsMax ? late(event) : emit("message", { ...event, receivedMs }));
      return 1;
    });
  });
}

function late({ origin }: MessageEvent): MessageAnswer {
  const code = origin === "provider" ? "try_later" : "overloaded";
  return { kind: "refused", code, reason: "too many wait for their turn" };
}
