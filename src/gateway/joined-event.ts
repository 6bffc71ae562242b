import type { MessageEvent } from "../model/event.ts";
import type { Message, Sms } from "../model/message.ts";
import { namedTlvs } from "../model/named-tlvs.ts";
import type { ChannelTlvs } from "../model/tlv.ts";
import { SAR } from "../sms/concatenation.ts";
import { type Codings, dataCodingOf } from "../sms/data-coding.ts";
import { type Joined, type PartContent, joinedContent } from "../sms/joined.ts";
import { ELEMENT, headerIn } from "../sms/user-data-header.ts";
import type { WaitingPart } from "./waiting-part.ts";

/** esm_class 0x40: the octets begin with a user data header (SMPP v3.4 §5.2.12). */
const userDataHeader = 0x40;

const SEGMENT_TAGS: ReadonlySet<number> = new Set(Object.values(SAR));

/** What a channel that sends text writes by itself. */
const SHIFTS: ReadonlySet<number> = new Set([ELEMENT.singleShift, ELEMENT.lockingShift]);

export interface Given {
  readonly id: string;
  readonly atMs: number;
  /** Of the channel that the parts came in on. */
  readonly codings: Codings | undefined;
  readonly tlvs?: ChannelTlvs | undefined;
  readonly isOpen: () => boolean;
}

/**
 * A text out of all its parts, in their order, as the event that triggers decide; undefined when they
 * are neither text nor of one coding, so that there is no content that says the same.
 */
export function joinedEvent(parts: readonly WaitingPart[], given: Given): MessageEvent | undefined {
  const [first] = parts;
  const content = joinedContent(parts, given.codings);
  if (first === undefined || (content.text === undefined && content.whole === undefined))
    return undefined;
  const sms = joinedSms(first.message.sms, content);
  const message = messageOf(parts, { ...given, sms: { ...sms, registeredDelivery: asked(parts) } });
  return eventOf(parts, message, content.text, given);
}

/** A part whose text will not be whole, as the event that triggers decide: with its own octets. */
export function aloneEvent(
  part: WaitingPart,
  given: Given & { readonly came: number },
): MessageEvent {
  const { sms } = part.message;
  const { by, number, total, reference } = placeOf(part);
  const { text } = joinedContent([part], given.codings);
  const facts = { incomplete: `${given.came} of ${total} parts came`, part: `${number}/${total}` };
  const message = messageOf([part], { ...given, sms }, facts);
  const event = eventOf([part], message, text, given);
  return { ...event, part: { by, reference, number, total } };
}

function placeOf({ concatenation }: WaitingPart): NonNullable<MessageEvent["part"]> {
  const { kind, reference, sequence, total } = concatenation;
  return { by: kind, reference, number: sequence, total };
}

function eventOf(
  parts: readonly WaitingPart[],
  message: Message,
  text: string | undefined,
  { codings, tlvs, isOpen }: Given,
): MessageEvent {
  const last = parts.reduce((one, other) => (other.atMs > one.atMs ? other : one));
  const came = message.sms?.tlvs ?? [];
  const { coding } = dataCodingOf(message.sms?.dataCoding ?? 0, codings);
  return {
    message,
    text,
    parts: parts.length,
    ...(coding === undefined ? {} : { encoding: coding }),
    ...(came.length === 0 ? {} : { tlvs: namedTlvs(came, tlvs?.declared) }),
    session: last.session,
    expiresMs: Math.min(...parts.map(({ expiresMs }) => expiresMs)),
    origin: last.origin,
    isOpen,
  };
}

function messageOf(
  parts: readonly WaitingPart[],
  { id, atMs, sms }: Given & { readonly sms: Sms },
  facts: Readonly<Record<string, string | number>> = { parts: parts.length },
): Message {
  const base = parts[0]?.message;
  if (base === undefined) throw new Error("a text has one part at least");
  return {
    ...base,
    id,
    root: id,
    sms,
    joined: parts.map(({ known, id: own, message }) => ({
      id: own,
      ...(known === own ? {} : { known }),
      registeredDelivery: message.sms.registeredDelivery,
    })),
    hops: Math.max(...parts.map(({ message }) => message.hops)),
    log: [{ at: atMs, what: "joined", facts }],
  };
}

/**
 * Text is left to the channel that sends it, which cuts it again as its peer likes; all else, and text
 * for a port, is one content for message_payload.
 */
function joinedSms(first: Sms, { text, whole }: Joined): Sms {
  const tlvs = first.tlvs.filter(({ tag }) => !SEGMENT_TAGS.has(tag));
  const bare = { ...first, tlvs, esmClass: first.esmClass & ~userDataHeader };
  if (text !== undefined && (whole === undefined || !isForMore(whole)))
    return { ...bare, octets: Buffer.alloc(0), text };
  if (whole === undefined) throw new Error("what is no text is whole");
  const { octets, hasUdh, dataCoding } = whole;
  return { ...bare, octets, dataCoding, esmClass: bare.esmClass | (hasUdh ? userDataHeader : 0) };
}

function isForMore({ octets, hasUdh }: PartContent): boolean {
  return hasUdh && headerIn(octets).elements.some(({ id }) => !SHIFTS.has(id));
}

/** registered_delivery for all of them: who asked for success in one part and failure in another, both. */
function asked(parts: readonly WaitingPart[]): number {
  let rest = 0;
  let wish = 0;
  for (const { message } of parts) {
    const { registeredDelivery } = message.sms;
    rest |= registeredDelivery & ~3;
    const own = registeredDelivery & 3;
    if (own !== 0) wish = wish === 0 || wish === own ? own : 1;
  }
  return rest | wish;
}
