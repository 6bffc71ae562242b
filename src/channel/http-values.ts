import { canonical } from "../model/address.ts";
import type { Message, Sms } from "../model/message.ts";
import { dataCodingOf, decode } from "../sms/data-coding.ts";
import { measure } from "../sms/measure.ts";
import { headerIn, headerOf, ELEMENT } from "../sms/user-data-header.ts";
import { timeFrom } from "../smpp/time.ts";
import type { HttpClientSettings } from "./http-client-settings.ts";
import type { Provider } from "./http-provider/provider.ts";
import type { Values } from "./http-provider/template.ts";
import { partOf } from "./incoming.ts";
import type { Unwritable } from "./writing.ts";

/** esm_class 0x40: the octets begin with a user data header (SMPP v3.4 §5.2.12). */
const userDataHeader = 0x40;

/** Digits of a number that is a short code more likely than a number of a phone. */
const shortCodeDigitsMax = 6;

/** What a message holds, as HTTP carries it. */
export interface HttpContent {
  readonly kind: "text" | "binary";
  readonly text: string | undefined;
  readonly encoding: "gsm7" | "ucs2" | "binary";
  readonly parts: number;
  /** Without the header. */
  readonly octets: Buffer;
  readonly udh: Buffer;
}

/** What this provider can be given of a message, or why it cannot. Called twice for each try. */
export function contentFor(
  sms: Sms | undefined,
  provider: Pick<Provider, "takesHeader" | "takesBinary">,
  { maxParts }: Pick<HttpClientSettings, "maxParts">,
): HttpContent | Unwritable {
  if (sms === undefined) return { code: "bad_request", text: "the message has no content" };
  const hasUdh = (sms.esmClass & userDataHeader) !== 0;
  const text = sms.text ?? decode(sms.octets, sms.dataCoding, hasUdh);
  const header = hasUdh && sms.text === undefined ? headerIn(sms.octets).length : 0;
  const octets = sms.octets.subarray(header);
  const udh = header > 0 ? sms.octets.subarray(0, header) : partHeader(sms);
  if (text === undefined) {
    if (!provider.takesBinary)
      return { code: "bad_data_coding", text: "the provider's file takes no octets (`binary`)" };
    return { kind: "binary", text, encoding: "binary", parts: 1, octets, udh };
  }
  if (udh.length > 0) {
    const kind = provider.takesHeader ? "text" : "binary";
    if (kind === "binary" && !provider.takesBinary)
      return {
        code: "bad_esm_class",
        text:
          partOf(sms) === undefined
            ? "the provider's file takes no header (`{udh}`)"
            : "the provider's file takes no part of a text (`{udh}`): set `join: true` where it came in",
      };
    return { kind, text, encoding: encodingOf(text, sms), parts: 1, octets, udh };
  }
  const { parts } = measure(text);
  if (parts > maxParts)
    return { code: "message_too_long", text: `${parts} parts, ${maxParts} at most` };
  return { kind: "text", text, encoding: encodingOf(text, sms), parts, octets, udh };
}

/** What the templates of a provider's file may name, but for what belongs to the channel. */
export function valuesFor(
  message: Message,
  sms: Sms,
  { text, encoding, parts, octets, udh }: HttpContent,
  { numbers, nowMs }: { readonly numbers: HttpClientSettings["numbers"]; readonly nowMs: number },
): Values {
  const to = canonical(sms.to, numbers);
  const from = canonical(sms.from, numbers);
  const untilMs = timeFrom(sms.validityPeriod, nowMs);
  return {
    id: message.id,
    root: message.root,
    account: message.account ?? "",
    to,
    toDigits: to.replace(/^\+/, ""),
    from,
    fromDigits: from.replace(/^\+/, ""),
    fromKind: kindOf(from),
    text: text ?? "",
    encoding,
    parts,
    data: octets.toString("hex"),
    dataBase64: octets.toString("base64"),
    udh: udh.toString("hex"),
    dataCoding: sms.dataCoding,
    flash: dataCodingOf(sms.dataCoding).messageClass === 0,
    priority: sms.priority,
    report: (sms.registeredDelivery & 0x03) !== 0,
    validitySeconds: untilMs === undefined ? "" : Math.max(1, Math.ceil((untilMs - nowMs) / 1_000)),
    expires: untilMs === undefined ? "" : new Date(untilMs).toISOString(),
  };
}

function encodingOf(text: string, sms: Sms): "gsm7" | "ucs2" {
  const came = sms.text === undefined ? dataCodingOf(sms.dataCoding).coding : undefined;
  if (came === "ucs2" || came === "gsm7") return came;
  return measure(text).coding === "gsm7" ? "gsm7" : "ucs2";
}

/** A part that the sar_ parameters tell of has the header that says the same. */
function partHeader(sms: Sms): Buffer {
  const part = sms.text === undefined ? partOf(sms) : undefined;
  if (part === undefined) return Buffer.alloc(0);
  const { reference, number, total } = part;
  const octets = Buffer.of(reference >>> 8, reference & 0xff, total, number);
  return headerOf([{ id: ELEMENT.concatenated16, octets }]);
}

function kindOf(address: string): "number" | "short" | "letters" {
  if (!/^\+?\d+$/.test(address)) return "letters";
  return address.startsWith("+") || address.length > shortCodeDigitsMax ? "number" : "short";
}
