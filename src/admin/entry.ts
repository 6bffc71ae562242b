import type { MessageView } from "../model/view.ts";
import type { Message } from "../model/message.ts";
import type { PartOfText } from "../model/part-of-text.ts";
import { concatenationIn, concatenationInTlvs } from "../sms/concatenation.ts";
import { type Codings, dataCodingOf, decode } from "../sms/data-coding.ts";
import { headerIn } from "../sms/user-data-header.ts";
import type { EntryRow } from "../store/lives.ts";

/** What is meant by a data_coding on a channel, where that departs from the specification. */
export type CodingsOn = (channel: string) => Codings | undefined;

/** A row as people read it, with text instead of octets and only the lines of its acceptance. */
export function viewOf(entry: EntryRow, codingsOn?: CodingsOn): MessageView {
  const { message, status, error, pending, maybeTwice, attempts, atMs } = entry;
  const { id, root, kind, direction, channel, account, from, to, sms, report, log } = message;
  const hasUdh = ((sms?.esmClass ?? 0) & 0x40) !== 0;
  const text =
    sms === undefined || kind === "report"
      ? undefined
      : (sms.text ?? decode(sms.octets, sms.dataCoding, hasUdh, codingsOn?.(channel)));
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
    ...(kind === "sms" ? contentOf(message, codingsOn?.(channel)) : {}),
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

function contentOf(
  { sms, joined, client }: Message,
  codings: Codings | undefined,
): Pick<MessageView, "encoding" | "part" | "joined" | "clientReference"> {
  if (sms === undefined) return {};
  const { octets, esmClass, tlvs, dataCoding, text } = sms;
  // esm_class 0x40: the octets begin with a header (SMPP v3.4 §5.2.12).
  const said =
    ((esmClass & 0x40) === 0 ? undefined : concatenationIn(headerIn(octets).elements)) ??
    concatenationInTlvs(tlvs);
  const part: PartOfText | undefined = said && {
    by: said.kind,
    reference: said.reference,
    number: said.sequence,
    total: said.total,
  };
  return {
    // Of a text without octets the channel that sends it chooses.
    encoding: text === undefined ? dataCodingOf(dataCoding, codings).coding : undefined,
    part,
    joined: joined?.map(({ id }) => id),
    ...(client?.reference === undefined ? {} : { clientReference: client.reference }),
  };
}
