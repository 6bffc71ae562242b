import { GatewayError, commandStatusOf } from "../model/error.ts";
import type { Sms } from "../model/message.ts";
import type { ShortMessageCommand } from "../smpp/command.ts";
import { commandStatusName } from "../smpp/command-status.ts";
import type { Answer, Session } from "../smpp/session.ts";
import type { SendResult } from "./channel.ts";

/**
 * Writes it to the peer and gives its sequence number, if it was written. `done` is called once, in the
 * handler that read the answer or at once.
 */
export function handOver(
  session: Session,
  command: ShortMessageCommand,
  sms: Sms,
  done: (result: SendResult) => void,
): number | undefined {
  try {
    return session.send(command, sms, (answer) => done(resultOf(answer)));
  } catch (cause) {
    if (!(cause instanceof GatewayError)) throw cause;
    const notNow = cause.entry.retry === "later" || session.state === "closed";
    if (notNow) done({ kind: "refused", status: commandStatusOf("internal"), text: cause.message });
    else done({ kind: "impossible", code: cause.code, text: cause.message });
    return undefined;
  }
}

function resultOf(answer: Answer): SendResult {
  if (answer.kind === "unanswered") return { kind: "uncertain", why: answer.why };
  if (answer.status === 0) return { kind: "taken", providerId: answer.messageId };
  return { kind: "refused", status: answer.status, text: commandStatusName(answer.status) };
}
