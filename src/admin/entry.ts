import type { MessageView } from "../model/view.ts";
import { decode } from "../sms/data-coding.ts";
import type { EntryRow } from "../store/messages.ts";

/** A row as people read it, with text instead of octets and only the lines of its acceptance. */
export function viewOf(entry: EntryRow): MessageView {
  const { message, status, error, pending, maybeTwice, attempts, atMs } = entry;
  const { id, root, kind, direction, channel, account, from, to, sms, report, log } = message;
  const hasUdh = ((sms?.esmClass ?? 0) & 0x40) !== 0;
  const text =
    sms === undefined || kind === "report"
      ? undefined
      : (sms.text ?? decode(sms.octets, sms.dataCoding, hasUdh));
  return {
    id,
    root,
    kind,
    direction,
    channel,
    account,
    from,
    to,
    text,
    dataCoding: sms?.dataCoding ?? 0,
    report:
      report === undefined
        ? undefined
        : { messageId: report.messageId, state: report.state, error: report.error },
    // Bits 0-1: no report, any, of failure, of success (SMPP v3.4 §5.2.17).
    reportAsked: kind === "sms" && ((sms?.registeredDelivery ?? 0) & 3) !== 0,
    status,
    error,
    pending,
    maybeTwice,
    attempts,
    log,
    atMs,
  };
}
