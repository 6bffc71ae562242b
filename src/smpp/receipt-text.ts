import type { Sms } from "../model/message.ts";
import { decode, UCS2 } from "../sms/data-coding.ts";
import { unpack } from "../sms/packed.ts";

/** Octets of the text that are read. The form takes 130 and a few more for the id and the quote. */
const textOctetsMax = 1_024;

export type Label = "id" | "submit date" | "done date" | "stat" | "err" | "text";

export type Fields = Readonly<Record<Label, string>>;

/** sub and dlvrd are told of nowhere else; here they only end the value before them. */
const label = /\b(id|sub|dlvrd|submit ?date|done ?date|stat|err|text):/gi;

/**
 * What stands behind the labels of a receipt's text, in any order and case; empty for what does not.
 * The first of each counts, and none behind `text:`. One large carrier writes no labels at all, but
 * values between commas. Never throws.
 */
export function fieldsOf(sms: Sms): Fields {
  const plain = plainOf(sms);
  return usualFields(plain) ?? labelledFields(plain);
}

/** As the specification writes them, which nearly all do: read at once, by the rules of `labelledFields`. */
const usualForm =
  /^id:([\w-]{1,65}) sub:\d{3} dlvrd:\d{3} submit date:(\d{10,14}) done date:(\d{10,14}) stat:([A-Z]{1,10}) err:(\w{1,10}) text:/i;

function usualFields(plain: Plain): Fields | undefined {
  const found = usualForm.exec(plain.said);
  if (found === null) return undefined;
  const [whole, id = "", submitted = "", done = "", stat = "", err = ""] = found;
  const text = quoteIn(plain, whole.length);
  return { id, "submit date": submitted, "done date": done, stat, err, text };
}

function labelledFields(plain: Plain): Fields {
  const fields = { id: "", "submit date": "", "done date": "", stat: "", err: "", text: "" };
  const { said } = plain;
  const marks = [...said.matchAll(label)];
  if (marks.length === 0) return { ...fields, ...commaFields(said) };
  for (const [at, mark] of marks.entries()) {
    const start = mark.index + mark[0].length;
    const next = marks[at + 1]?.index;
    const value = said.slice(start, next);
    const name = mark[1]?.toLowerCase().replace(/ ?date$/, " date") ?? "";
    if (name === "text") {
      // Some put fields behind an empty text; what a person wrote is never searched for them.
      const goesOn = value.trim() === "" && next !== undefined && fields.stat === "";
      if (goesOn) continue;
      fields.text = quoteIn(plain, start);
      break;
    }
    if (isField(name, fields) && fields[name] === "")
      fields[name] = name.endsWith("date") ? digitsIn(value) : wordIn(value);
  }
  return fields;
}

/**
 * Is this text a receipt and nothing else, though the message has no flag that says so? Only the form
 * of SMPP v3.4 appendix B from its first character on counts, with a state of ours: a person who
 * writes about receipts, or quotes one, is to reach the one he writes to.
 */
export function isReceiptText(sms: Sms, isState: (word: string) => boolean): boolean {
  const [, state = ""] = wholeForm.exec(plainOf(sms).said) ?? [];
  return isState(state.toUpperCase());
}

const wholeForm =
  /^\s*id: ?[\w-]{1,65} (?:sub: ?\d{1,3} )?(?:dlvrd: ?\d{1,3} )?submit ?date: ?\d{8,14} done ?date: ?\d{8,14} stat: ?([A-Z]{5,10}) err: ?\w{1,10}(?:[\s\0]*| text:.*)$/is;

function isField(name: string, fields: Fields): name is Label {
  return Object.hasOwn(fields, name);
}

/** A text of which each octet or pair of them is a character, with what is needed to read its quote. */
interface Plain {
  readonly said: string;
  /** An octet for each character of `said`; undefined where there are two. */
  readonly octets: Buffer | undefined;
  readonly dataCoding: number;
}

/**
 * The text octet by octet, since its labels are ASCII in all alphabets of one octet a character;
 * 0x11 is how GSM 7-bit writes the `_` of an id. Some announce UCS-2 and send ASCII, or the other way
 * round; some swap its octets; and some pack septets.
 */
function plainOf({ octets, dataCoding, esmClass }: Sms): Plain {
  const header = (esmClass & 0x40) === 0 ? 0 : 1 + (octets[0] ?? 0);
  const read = octets.subarray(header, header + textOctetsMax);
  const order = wideOrder(read, dataCoding);
  if (order !== undefined) {
    const big = order === "big" ? read : swapped(read);
    const text = decode(big.subarray(0, big.length & ~1), UCS2, false) ?? "";
    return { said: text.replace(/^\uFEFF/, ""), octets: undefined, dataCoding };
  }
  const narrow = septetsOf(read);
  const asIs = { said: narrow, octets: read, dataCoding };
  if (stateLabel.test(narrow) || read.length === 0) return asIs;
  const septets = unpack(read);
  const unpacked = septetsOf(septets);
  if (!stateLabel.test(unpacked)) return asIs;
  return { said: unpacked, octets: septets, dataCoding: 0 };
}

/** No receipt with labels is without it, and no other text has it by accident. */
const stateLabel = /\bstat:/i;

function septetsOf(octets: Buffer): string {
  return octets.toString("latin1").replaceAll("\u0011", "_");
}

/** The order of the octets of UTF-16, whatever is announced; undefined when it is not that. */
function wideOrder(octets: Buffer, dataCoding: number): "big" | "little" | undefined {
  const [a, b, c, d] = octets;
  if (a === 0xfe && b === 0xff) return "big";
  if (a === 0xff && b === 0xfe) return "little";
  if (a === 0 && (dataCoding === UCS2 || (c === 0 && b !== 0 && d !== 0))) return "big";
  return b === 0 && d === 0 && a !== 0 && c !== 0 ? "little" : undefined;
}

function swapped(octets: Buffer): Buffer {
  return Buffer.from(octets.subarray(0, octets.length & ~1)).swap16();
}

/** The quote in its own alphabet. NUL, which no database keeps in a text, is left out. */
function quoteIn({ said, octets, dataCoding }: Plain, start: number): string {
  const coded =
    dataCoding === UCS2 || octets === undefined
      ? undefined
      : decode(octets.subarray(start), dataCoding, false);
  return (coded ?? said.slice(start)).replaceAll("\0", "").toWellFormed();
}

/** The first word, without a comma behind it, and without NUL, which no database keeps. */
function wordIn(value: string): string {
  return (/[^\s\0]+/.exec(value)?.[0].replace(/[,;]+$/, "") ?? "").toWellFormed();
}

/** The digits of a date, also of one written as `2017-01-24 09:04:00`; else its first word. */
function digitsIn(value: string): string {
  const written = /^\s*(\d{2,4}[-/.]\d\d[-/.]\d\d(?:[ T]\d\d:\d\d(?::\d\d)?)?)/.exec(value)?.[1];
  return written === undefined ? wordIn(value) : written.replaceAll(/\D/g, "");
}

/**
 * `status,status time,accepted time,error,destination,originator,reserved` of one large carrier.
 * Only its status 00 is known, which goes without an error; any other stays as it is. It names no id,
 * so that the message is known by receipted_message_id or not at all.
 */
function commaFields(said: string): Partial<Fields> {
  const [, status, done = "", submitted = "", err = ""] =
    /^(\d\d),(\d{8,14}),(\d{8,14}),(\w*),\+?\d+,/.exec(said) ?? [];
  if (status === undefined) return {};
  const stat = status === "00" && err === "" ? "DELIVRD" : `STATUS${status}`;
  return { stat, err, "done date": done, "submit date": submitted };
}
