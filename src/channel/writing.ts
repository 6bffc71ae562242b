import type { ErrorCode } from "../model/error.ts";
import type { Message, Sms } from "../model/message.ts";
import { choose } from "../sms/choose.ts";
import type { Coding } from "../sms/coding.ts";
import { SAR } from "../sms/concatenation.ts";
import { dataCodingOf } from "../sms/data-coding.ts";
import {
  type Part,
  type Parts,
  type TextOptions,
  type Unsendable,
  textParts,
} from "../sms/parts.ts";
import { roomFor } from "../sms/segments.ts";
import { TAG } from "../smpp/tlv.ts";
import { type TextSettings, codingsOf } from "./text-settings.ts";

/** A message as it goes over a wire. */
export interface Written {
  /** One; several when it had to be split, in the order of the text. */
  readonly requests: readonly Sms[];
  /**
   * Joins the parts at the phone, 0-65,535: the same whenever this message is written by the same
   * settings, so that a part that is sent again, also by another start, fits those sent before.
   */
  readonly reference: number;
}

/** Why it cannot go over this channel. */
export interface Unwritable {
  readonly code: ErrorCode;
  readonly text: string;
}

/** esm_class 0x40: the octets begin with a user data header (SMPP v3.4 §5.2.12). */
const userDataHeader = 0x40;

/** They told of the text that was replaced. */
const segmentTags: ReadonlySet<number> = new Set(Object.values(SAR));

/**
 * How messages go over a channel with these settings: what came over a wire untouched; the text of a
 * script in the first coding that holds it, in parts where it is too long. Called once for each try of
 * a message; passing on costs nothing.
 */
export function createWriting(
  settings: TextSettings,
): (message: Pick<Message, "id" | "sms" | "report">) => Written | Unwritable {
  const { split, maxParts, transliterate, languages, defaultAlphabet } = settings;
  const codings = codingsOf(settings);
  const standard: readonly Coding[] = defaultAlphabet === "binary" ? [] : [defaultAlphabet];
  const options = {
    prefer: settings.encodings ?? standard,
    ...(codings === undefined ? {} : { codings }),
    languages,
    transliterate,
    split: split === "none" ? "udh8" : split,
    partsMax: split === "none" ? 1 : maxParts,
  } as const;
  // Parts of another way of writing do not fit these, so it counts for the reference.
  const way = hashOf(JSON.stringify(options), fnvStart);

  return ({ id, sms, report }) => {
    if (sms === undefined)
      return { code: "bad_request", text: "the message has no content" } satisfies Unwritable;
    const { text } = sms;
    // A receipt is written when it is known which session it goes to.
    if (text === undefined || report !== undefined) return { requests: [sms], reference: 0 };
    const reference = hashOf(id, way) & 0xffff;
    const wishes = { ...options, ...classOf(sms), reference };
    const written = textParts(text, wishes);
    if (sms.codingAsked === true && codingOf(written, text, wishes) !== sms.dataCoding)
      return unheld(sms.dataCoding, wishes);
    if ("fault" in written) {
      const { parts, partsMax } = written;
      return { code: "message_too_long", text: `${parts} parts, ${partsMax} at most` };
    }
    const { dataCoding, parts } = written;
    const bare = {
      ...sms,
      dataCoding,
      esmClass: sms.esmClass & ~userDataHeader,
      tlvs: sms.tlvs.filter((tlv) => !segmentTags.has(tlv.tag)),
      text: undefined,
    };
    const [first] = parts;
    if (split === "payload" && first !== undefined && isLong(first, written.coding))
      return { requests: [inPayload(bare, first)], reference: 0 };
    return {
      requests: parts.map((part) => requestOf(bare, part)),
      reference: parts.length === 1 ? 0 : reference,
    };
  };
}

/** What its author wanted of the phone stays: shown at once, a message is waiting, ... */
function classOf({ dataCoding, codingAsked }: Sms): Pick<TextOptions, "dataCoding"> {
  if (codingAsked === true) return { dataCoding };
  const { messageClass, waiting } = dataCodingOf(dataCoding);
  return messageClass === undefined && waiting === undefined ? {} : { dataCoding };
}

/** What the text would go as; of one that is too long, too. */
function codingOf(written: Parts | Unsendable, text: string, wishes: TextOptions): number {
  return ("fault" in written ? choose(text, wishes) : written).dataCoding;
}

function unheld(dataCoding: number, { codings }: TextOptions): Unwritable {
  const { coding = "which is not written here" } = dataCodingOf(dataCoding, codings);
  const text = `data_coding ${dataCoding} (${coding}) cannot hold the text`;
  return { code: "bad_data_coding", text };
}

function requestOf(bare: Sms, { octets, hasUdh, tlvs }: Part): Sms {
  return {
    ...bare,
    octets,
    esmClass: hasUdh ? bare.esmClass | userDataHeader : bare.esmClass,
    tlvs: tlvs.length === 0 ? bare.tlvs : [...bare.tlvs, ...tlvs],
  };
}

/** More than one short message holds. */
function isLong({ octets, hasUdh }: Part, coding: Coding | "binary"): boolean {
  const header = hasUdh ? 1 + (octets[0] ?? 0) : 0;
  // Only GSM 7-bit takes less on the air than it does here: one septet to an octet.
  const room = roomFor(coding === "gsm7" ? "septets" : "octets", header);
  return octets.length - header > room;
}

function inPayload(bare: Sms, { octets, hasUdh }: Part): Sms {
  const whole = requestOf(bare, { octets: Buffer.alloc(0), hasUdh, tlvs: [] });
  return { ...whole, tlvs: [...whole.tlvs, { tag: TAG.message_payload, octets }] };
}

/** FNV-1a, 32 bits: spreads ids that differ in a few characters over all references. */
function hashOf(text: string, start: number): number {
  let hash = start;
  for (let at = 0; at < text.length; at += 1)
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash ^ (hash >>> 16)) >>> 0;
}

const fnvStart = 0x811c9dc5;
