import type { MessageAnswer, MessageEvent } from "../model/event.ts";
import type { ChannelHost } from "./channel.ts";

/** Tells of a message when it is its turn, in line with those that customers submit over SMPP. */
export function emitInTurn(
  { intake, emit, clock }: Pick<ChannelHost, "intake" | "emit" | "clock">,
  event: MessageEvent,
): Promise<MessageAnswer> {
  if (intake === undefined) return emit("message", event);
  const { receivedMs = clock.tickMs() } = event;
  return new Promise((resolve) => {
    intake.enter(() => {
      resolve(emit("message", { ...event, receivedMs }));
      return 1;
    });
  });
}
