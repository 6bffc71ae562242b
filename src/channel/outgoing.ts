import { type ErrorCode, GatewayError, commandStatusOf } from "../model/error.ts";
import type { Message, Sms } from "../model/message.ts";
import { encode } from "../sms/data-coding.ts";
import { commandStatusName } from "../smpp/command-status.ts";
import { receiptSms } from "../smpp/receipt.ts";
import type { Answer, Session } from "../smpp/session.ts";
import type { SendResult } from "./channel.ts";

/** esm_class 0x40: the octets begin with a user data header (SMPP v3.4 §5.2.12). */
const userDataHeader = 0x40;

/** Text of more octets than any network takes in one message, even as message_payload. */
const textOctetsMax = 4_096;

/** sar_msg_ref_num, sar_total_segments, sar_segment_seqnum: they told of the text that was replaced. */
const segmentTags = new Set([0x020c, 0x020e, 0x020f]);

/**
 * What goes over the wire for a message: what came in, untouched, the script's own text in the
 * narrowest coding that holds it, or the receipt that tells a report.
 */
export function sendable(message: Message): Sms | { code: ErrorCode; text: string } {
  const { sms } = message;
  if (sms === undefined) return { code: "bad_request", text: "the message has no content" };
  if (message.report !== undefined) return receiptSms(message.report, sms);
  if (sms.text === undefined) return sms;
  const { octets, dataCoding } = encode(sms.text);
  if (octets.length > textOctetsMax)
    return { code: "message_too_long", text: `${octets.length} octets, ${textOctetsMax} at most` };
  return {
    ...sms,
    octets,
    dataCoding,
    esmClass: sms.esmClass & ~userDataHeader,
    tlvs: sms.tlvs.filter((tlv) => !segmentTags.has(tlv.tag)),
    text: undefined,
  };
}

/** Writes it to the peer. `done` is called once, in the handler that read the answer or at once. */
export function handOver(
  session: Session,
  command: "submit_sm" | "deliver_sm",
  sms: Sms,
  done: (result: SendResult) => void,
): void {
  try {
    session.send(command, sms, (answer) => done(resultOf(answer)));
  } catch (cause) {
    if (!(cause instanceof GatewayError)) throw cause;
    const notNow = cause.entry.retry === "later" || session.state === "closed";
    if (notNow) done({ kind: "refused", status: commandStatusOf("internal"), text: cause.message });
    else done({ kind: "impossible", code: cause.code, text: cause.message });
  }
}

function resultOf(answer: Answer): SendResult {
  if (answer.kind === "unanswered") return { kind: "uncertain", why: answer.why };
  if (answer.status === 0) return { kind: "taken", providerId: answer.messageId };
  return { kind: "refused", status: answer.status, text: commandStatusName(answer.status) };
}
