import { type Numbers, canonical } from "../model/address.ts";
import type { MessageEvent, ReportEvent } from "../model/event.ts";
import type { Sms } from "../model/message.ts";
import type { PartOfText } from "../model/part-of-text.ts";
import type { Report } from "../model/report.ts";
import { namedTlvs } from "../model/named-tlvs.ts";
import { concatenationIn, concatenationInTlvs } from "../sms/concatenation.ts";
import { type Codings, dataCodingOf, decode } from "../sms/data-coding.ts";
import { measure } from "../sms/measure.ts";
import { binaryParts, partsOf } from "../sms/segments.ts";
import { headerIn } from "../sms/user-data-header.ts";
import type { Session, ShortMessageRequest } from "../smpp/session.ts";
import { timeFrom } from "../smpp/time.ts";
import type { ChannelHost } from "./channel.ts";
import { type CodingSettings, codingsOf } from "./text-settings.ts";
import type { Times } from "./times.ts";
import { type TlvSettings, tlvsOf } from "./tlv-settings.ts";

/** esm_class 0x40: the octets begin with a user data header (SMPP v3.4 §5.2.12). */
const userDataHeader = 0x40;

/** No short message carries less than this, whatever its coding, so up to here it is one. */
const onePartOctets = 140;

interface Arrival {
  readonly host: ChannelHost;
  readonly settings: CodingSettings &
    TlvSettings & { readonly numbers: Numbers; readonly validityMs: number };
  readonly request: ShortMessageRequest;
  readonly session: Session;
  /** The customer's account; undefined for what a provider brings. */
  readonly account: string | undefined;
  readonly isOpen: () => boolean;
  /** Where its sender says something of times; else worked out here. */
  readonly times?: Times | undefined;
  /** Its sender is to be given an id of eight digits. */
  readonly shortId?: boolean;
}

/** A short message that came over a session as the event that the gateway is told. */
export function messageEvent(arrival: Arrival): MessageEvent {
  const { host, settings, request, session, account, isOpen, times, shortId = false } = arrival;
  const { sms, receivedMs } = request;
  const id = shortId ? (host.newShortId ?? host.newId)() : host.newId();
  // When it came, not when its turn did.
  const at = host.clock.nowMs() - Math.round(host.clock.tickMs() - receivedMs);
  const codings = codingsOf(settings);
  const text = decode(sms.octets, sms.dataCoding, hasHeader(sms), codings);
  const { coding } = dataCodingOf(sms.dataCoding, codings);
  const part = partOf(sms);
  const before = host.ownLines?.hopsBefore(session, request.sequence);
  const facts = {
    session: session.id,
    command: request.command,
    sequence: request.sequence,
    octets: sms.octets.length,
    dataCoding: sms.dataCoding,
    ...(part === undefined
      ? {}
      : { part: `${part.number}/${part.total}`, reference: part.reference }),
  };
  return {
    message: {
      id,
      root: id,
      parent: undefined,
      kind: "sms",
      direction: "in",
      channel: host.name,
      account,
      from: canonical(sms.from, settings.numbers),
      to: canonical(sms.to, settings.numbers),
      sms,
      report: undefined,
      sameAsParent: false,
      hops: before === undefined ? (account === undefined ? 0 : 1) : before + 1,
      log: [{ at, what: "received", facts }],
    },
    text,
    parts: partsIn(sms, text, coding),
    ...(coding === undefined ? {} : { encoding: coding }),
    ...(part === undefined ? {} : { part }),
    ...(sms.tlvs.length === 0 ? {} : { tlvs: namedTlvs(sms.tlvs, tlvsOf(settings)?.declared) }),
    session: session.id,
    expiresMs: times?.expiresMs ?? timeFrom(sms.validityPeriod, at) ?? at + settings.validityMs,
    ...(times?.scheduledMs === undefined ? {} : { scheduledMs: times.scheduledMs }),
    origin: account === undefined ? "provider" : "customer",
    receivedMs,
    isOpen,
  };
}

/** What the content of a message says, for one that did not come by `messageEvent`. */
export function contentOf(
  sms: Sms,
  codings: Codings | undefined,
): Pick<MessageEvent, "text" | "parts" | "encoding" | "part"> {
  // It came as text, as HTTP carries it.
  if (sms.text !== undefined) {
    const { coding, parts } = measure(sms.text);
    return { text: sms.text, parts: Math.max(1, parts), encoding: coding };
  }
  const text = decode(sms.octets, sms.dataCoding, hasHeader(sms), codings);
  const { coding } = dataCodingOf(sms.dataCoding, codings);
  const part = partOf(sms);
  return {
    text,
    parts: partsIn(sms, text, coding),
    ...(coding === undefined ? {} : { encoding: coding }),
    ...(part === undefined ? {} : { part }),
  };
}

/** A receipt that a provider brought as the event that the gateway is told. */
export function reportEvent(arrival: Omit<Arrival, "account">, report: Report): ReportEvent {
  const { host, settings, request, session, isOpen } = arrival;
  const { sms } = request;
  return {
    id: host.newId(),
    channel: host.name,
    session: session.id,
    atMs: host.clock.nowMs(),
    report,
    from: canonical(sms.from, settings.numbers),
    to: canonical(sms.to, settings.numbers),
    isOpen,
  };
}

/** Where in a text its sender says that it stands; the header counts before the TLVs. */
export function partOf(sms: Sms): PartOfText | undefined {
  const said =
    (hasHeader(sms) ? concatenationIn(headerIn(sms.octets).elements) : undefined) ??
    (sms.tlvs.length === 0 ? undefined : concatenationInTlvs(sms.tlvs));
  if (said === undefined) return undefined;
  const { kind, reference, sequence, total } = said;
  return { by: kind, reference, number: sequence, total };
}

/** What the networks will count: a part that the sender cut himself is one. */
function partsIn(
  sms: Sms,
  text: string | undefined,
  coding: ReturnType<typeof dataCodingOf>["coding"],
): number {
  if (sms.octets.length <= onePartOctets || hasHeader(sms)) return 1;
  if (text === undefined) return binaryParts(sms.octets.length);
  return partsOf(text, coding === "ucs2" ? "ucs2" : "gsm7").length;
}

function hasHeader(sms: Sms): boolean {
  return (sms.esmClass & userDataHeader) !== 0;
}
