import type { Sms } from "../model/message.ts";
import { decode, UCS2 } from "../sms/data-coding.ts";

/** Octets of the text that are read. The form takes 130 and a few more for the id and the quote. */
const textOctetsMax = 1_024;

export type Label = "id" | "submit date" | "done date" | "stat" | "err" | "text";

/** sub and dlvrd are told of nowhere else; here they only end the value before them. */
const label = /\b(id|sub|dlvrd|submit ?date|done ?date|stat|err|text):/gi;

/**
 * What stands behind the labels of a receipt's text, in any order and case; empty for what does not.
 * The first of each counts, and none behind `text:`.
 */
export function fieldsOf(sms: Sms): Readonly<Record<Label, string>> {
  const fields = { id: "", "submit date": "", "done date": "", stat: "", err: "", text: "" };
  const said = textOf(sms);
  const marks = [...said.matchAll(label)];
  for (const [at, mark] of marks.entries()) {
    const start = mark.index + mark[0].length;
    const next = marks[at + 1]?.index;
    const value = said.slice(start, next);
    const name = mark[1]?.toLowerCase().replace(/ ?date$/, " date") ?? "";
    if (name === "text") {
      // Some put fields behind an empty text; what a person wrote is never searched for them.
      const goesOn = value.trim() === "" && next !== undefined && fields.stat === "";
      if (goesOn) continue;
      fields.text = quoteIn(sms, said, start);
      break;
    }
    if (isField(name, fields) && fields[name] === "") fields[name] = wordIn(value);
  }
  return fields;
}

function isField(name: string, fields: Readonly<Record<Label, string>>): name is Label {
  return Object.hasOwn(fields, name);
}

/**
 * The text octet by octet, since its labels are ASCII in all alphabets of one octet a character;
 * 0x11 is how GSM 7-bit writes the `_` of an id. Some announce UCS-2 and send ASCII.
 */
function textOf({ octets, dataCoding }: Sms): string {
  const read = octets.subarray(0, textOctetsMax);
  if (dataCoding === UCS2 && read[0] === 0) return decode(read, UCS2, false) ?? "";
  return read.toString("latin1").replaceAll("\u0011", "_");
}

/** The quote in its own alphabet. NUL, which no database keeps in a text, is left out. */
function quoteIn({ octets, dataCoding }: Sms, said: string, start: number): string {
  const coded =
    dataCoding === UCS2
      ? undefined
      : decode(octets.subarray(start, textOctetsMax), dataCoding, false);
  return (coded ?? said.slice(start)).replaceAll("\0", "");
}

/** The first word, without a comma behind it, and without NUL, which no database keeps. */
function wordIn(value: string): string {
  return /[^\s\0]+/.exec(value)?.[0].replace(/[,;]+$/, "") ?? "";
}

/**
 * Milliseconds since 1970 UTC for `YYMMDDhhmm`; seconds, a year of four digits and missing minutes
 * occur. undefined for zeros and all else that is no moment.
 */
export function timeOf(digits: string): number | undefined {
  if (!/^\d{8,14}$/.test(digits) || digits.length % 2 === 1) return undefined;
  return momentOf(`20${digits}`) ?? (digits.startsWith("20") ? momentOf(digits) : undefined);
}

/** `YYYYMMDD`, with hours, minutes and seconds as far as they are there. */
function momentOf(digits: string): number | undefined {
  if (digits.length > 14) return undefined;
  const two = (at: number) => Number(digits.slice(at, at + 2));
  const year = Number(digits.slice(0, 4));
  const month = two(4);
  const day = two(6);
  const [hour, minutes, seconds] = [two(8), two(10), two(12)];
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minutes > 59 || seconds > 59)
    return undefined;
  const ms = Date.UTC(year, month - 1, day, hour, minutes, seconds);
  // Date.UTC turns 30 February into 1 March.
  return new Date(ms).getUTCDate() === day ? ms : undefined;
}
