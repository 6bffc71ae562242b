import { type Address, type Numbers, addressOf, canonical } from "../../model/address.ts";
import { bareSms } from "../../model/bare-sms.ts";
import type { MessageEvent } from "../../model/event.ts";
import type { ClientFacts, Message, Sms, Tlv, TraceLine } from "../../model/message.ts";
import { modeOf } from "../../model/mode.ts";
import { namedTlvs } from "../../model/named-tlvs.ts";
import { choose } from "../../sms/choose.ts";
import { headerIn } from "../../sms/user-data-header.ts";
import { contentOf } from "../incoming.ts";
import { FieldError } from "./field-error.ts";
import type { NewMessage } from "./message-schemas.ts";
import { tlvsFrom } from "./tlvs-in.ts";

/** Where a message came from, and when. */
export interface ApiArrival {
  readonly id: string;
  readonly channel: string;
  readonly account: string;
  readonly session: string;
  readonly nowMs: number;
  readonly numbers: Numbers;
  readonly validityMs: number;
  readonly scheduleAheadMs: number;
  readonly isOpen: () => boolean;
}

/** esm_class 0x40: the octets begin with a user data header (SMPP v3.4 §5.2.12). */
const userDataHeader = 0x40;

/** Octets that are no text (3GPP TS 23.038 §4). */
const binary = 4;

/** registered_delivery (SMPP v3.4 §5.2.17): each final outcome is told; 0x10 the steps before, too. */
const DLR = { none: 0, final: 1, all: 0x11 } as const;

/** esm_class bits 1-0 (SMPP v3.4 §5.2.12). */
const MODES = { stored: 0, datagram: 1, transaction: 2 } as const;

/**
 * A message that came as JSON as the event that the gateway is told, the same as one that came over
 * SMPP. Throws a FieldError.
 */
export function apiMessageEvent(asked: NewMessage, arrival: ApiArrival): MessageEvent {
  const { id, channel, account, session, nowMs, numbers, isOpen } = arrival;
  const to = receiver(asked.to, numbers);
  const from = addressOf(sender(asked.from));
  const sms: Sms = {
    ...bareSms(from, to),
    ...contentIn(asked),
    priority: asked.priority ?? 0,
    registeredDelivery: DLR[asked.dlr ?? "final"],
    tlvs: asked.tlvs === undefined ? none : tlvsFrom(asked.tlvs),
  };
  const content =
    sms.text === undefined ? contentOf(sms, undefined) : writtenAs(sms.text, sms.dataCoding, asked);
  const client = clientIn(asked);
  const { scheduledMs, expiresMs } = timesIn(asked, arrival, sms.esmClass);
  const message: Message = {
    id,
    root: id,
    parent: undefined,
    kind: "sms",
    direction: "in",
    channel,
    account,
    from: canonical(from, numbers),
    to: canonical(to, numbers),
    sms,
    report: undefined,
    ...(client === undefined ? {} : { client }),
    sameAsParent: false,
    hops: 1,
    log: [{ at: nowMs, what: "received", facts: receivedFacts(session, asked) }],
  };
  return {
    message,
    ...content,
    ...(sms.tlvs.length === 0 ? {} : { tlvs: namedTlvs(sms.tlvs, undefined) }),
    session,
    expiresMs,
    ...(scheduledMs === undefined ? {} : { scheduledMs }),
    origin: "customer",
    isOpen,
  };
}

const none: readonly Tlv[] = [];

function receivedFacts(session: string, asked: NewMessage): TraceLine["facts"] {
  const facts = { session, command: "POST /v1/messages" };
  const { client_reference: reference } = asked;
  return reference === undefined ? facts : { ...facts, reference };
}

function clientIn(asked: NewMessage): ClientFacts | undefined {
  const { client_reference: reference, tags, callback_url: callbackUrl } = asked;
  if (reference === undefined && tags === undefined && callbackUrl === undefined) return undefined;
  return {
    ...(reference !== undefined && { reference }),
    ...(tags !== undefined && { tags }),
    ...(callbackUrl !== undefined && { callbackUrl }),
  };
}

/** Spaces and the like do not count; `00` is a `+`. */
function receiver(text: string, numbers: Numbers): Address {
  const digits = text.replaceAll(/[ ().-]/g, "").replace(/^00/, "+");
  const address = addressOf(digits);
  if (address.digits.length > 20) throw new FieldError("bad_destination", "to", "It is too long.");
  const whole = canonical(address, numbers);
  return whole === digits ? address : addressOf(whole);
}

function sender(text = ""): string {
  if (!/^(\+|00)?[0-9][0-9 ().-]*$/.test(text)) {
    if (text.length > 11) throw new FieldError("bad_source", "from", "Letters: at most 11.");
    return text;
  }
  const digits = text.replaceAll(/[ ().-]/g, "").replace(/^00/, "+");
  if (digits.length > 20) throw new FieldError("bad_source", "from", "It is too long.");
  return digits;
}

function contentIn(asked: NewMessage): Partial<Sms> {
  const { text, data, udh, data_coding: dataCoding, mode = "stored" } = asked;
  if ((text === undefined) === (data === undefined))
    throw new FieldError("bad_request", "text", "Give either `text` or `data`.");
  const esmClass = MODES[mode];
  if (data === undefined) {
    if (udh !== undefined)
      throw new FieldError("bad_request", "udh", "A header goes with `data` only.");
    const asks = dataCoding === undefined ? {} : { dataCoding, codingAsked: true as const };
    return { text, esmClass, ...asks };
  }
  const octets = Buffer.from(data, "base64");
  if (udh === undefined) return { octets, dataCoding: dataCoding ?? binary, esmClass };
  const header = Buffer.from(udh, "hex");
  if (header.length !== 1 + (header[0] ?? 0) || headerIn(header).elements.length === 0)
    throw new FieldError(
      "bad_request",
      "udh",
      "Its first octet is not its length, or it is broken.",
    );
  return {
    octets: Buffer.concat([header, octets]),
    dataCoding: dataCoding ?? binary,
    esmClass: esmClass | userDataHeader,
  };
}

/** How most networks will write it; the channel that it goes out on has the last word. */
function writtenAs(
  text: string,
  dataCoding: number,
  { data_coding: asked }: NewMessage,
): Pick<MessageEvent, "text" | "parts" | "encoding"> {
  const choice = choose(text, asked === undefined ? {} : { dataCoding });
  if (asked !== undefined && choice.dataCoding !== asked)
    throw new FieldError("bad_data_coding", "data_coding", "It cannot hold the text.");
  return { text, parts: Math.max(1, choice.pieces.length), encoding: choice.coding };
}

function timesIn(
  asked: NewMessage,
  { nowMs, validityMs, scheduleAheadMs }: ApiArrival,
  esmClass: number,
): { readonly scheduledMs: number | undefined; readonly expiresMs: number } {
  const { send_at: sendAt, expire_at: expireAt, validity_period: seconds } = asked;
  let scheduledMs: number | undefined;
  if (sendAt !== undefined) {
    const atMs = momentOf(sendAt, "send_at", "bad_schedule");
    if (atMs > nowMs + scheduleAheadMs)
      throw new FieldError("bad_schedule", "send_at", "It is too far ahead.");
    // A minute of clocks that differ; longer ago is a mistake of its sender.
    if (atMs < nowMs - 60_000) throw new FieldError("bad_schedule", "send_at", "It is over.");
    if (atMs > nowMs && modeOf(esmClass) !== "stored")
      throw new FieldError("bad_schedule", "send_at", `There is none in ${asked.mode} mode.`);
    scheduledMs = atMs > nowMs ? atMs : undefined;
  }
  const startMs = scheduledMs ?? nowMs;
  if (seconds !== undefined && expireAt !== undefined)
    throw new FieldError("bad_validity", "expire_at", "Give one of validity_period and expire_at.");
  if (seconds !== undefined) return { scheduledMs, expiresMs: startMs + seconds * 1_000 };
  if (expireAt === undefined) return { scheduledMs, expiresMs: startMs + validityMs };
  const expiresMs = momentOf(expireAt, "expire_at", "bad_validity");
  if (expiresMs <= startMs)
    throw new FieldError("bad_validity", "expire_at", "It is over before the message goes out.");
  return { scheduledMs, expiresMs };
}

function momentOf(text: string, field: string, code: "bad_schedule" | "bad_validity"): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new FieldError(code, field, "There is no such time.");
  return ms;
}
