import type { MessageAnswer, MessageEvent } from "../model/event.ts";
import type { Log } from "../model/log.ts";
import type { OwnMessages } from "../store/own-messages.ts";
import type { Cancel } from "./cancel.ts";

/**
 * replace_if_present_flag (SMPP v3.4 §5.2.18): a message that is accepted takes the place of those of
 * the same account, sender, receiver and service_type that still wait; these are cancelled before it
 * is answered, so that its sender asks once more if we die in between. A refused one replaces nothing,
 * and what is with a peer already goes its way. All other messages cost one comparison.
 */
export function replacingIfPresent(
  receive: (event: MessageEvent) => Promise<MessageAnswer>,
  parts: {
    readonly own: Pick<OwnMessages, "waiting">;
    readonly cancel: Cancel;
    readonly log: Log;
  },
): (event: MessageEvent) => Promise<MessageAnswer> {
  const { own, cancel, log } = parts;

  return (event) => (event.message.sms?.replaceIfPresent === 1 ? replacing(event) : receive(event));

  async function replacing(event: MessageEvent): Promise<MessageAnswer> {
    const { account, from, to, sms } = event.message;
    if (account === undefined || sms === undefined) return receive(event);
    const { serviceType } = sms;
    const receivers = event.destinations ?? [to];
    const earlier: string[] = [];
    // One after another: a message to many would take all connections at once.
    for (const receiver of receivers) {
      const waiting = await own.waiting({ account, from, to: receiver, serviceType, exact: true });
      earlier.push(...waiting);
    }
    const answer = await receive(event);
    if (answer.kind !== "accepted") return answer;
    for (const id of earlier)
      await cancel(id, `message ${answer.id}`).catch((cause: unknown) => {
        log.info({ account, message: id, by: answer.id, err: cause }, "not replaced");
      });
    return answer;
  }
}
