import type { AccountOptions } from "../model/account-options.ts";
import type { Sms } from "../model/message.ts";
import {
  standardTemplate,
  TEMPLATE_FIELDS,
  type TemplateField,
  templateFrom,
  type TemplatePart,
} from "../model/receipt-template.ts";
import type { Report } from "../model/report.ts";
import { toGsm7 } from "../sms/gsm7.ts";

/** How a receipt is written for one who reads it. */
export interface ReceiptForm {
  /** One that `templateFrom` takes. */
  readonly template: string;
  readonly dates: AccountOptions["receiptDates"];
  readonly tlvs: boolean;
}

/** SMPP v3.4 appendix B. */
export const standardForm: ReceiptForm = {
  template: standardTemplate,
  dates: "minute",
  tlvs: true,
};

/** Nearly all have this one, so it is not read each time. */
const standardParts = templateFrom(standardTemplate);

/** Characters of the message that a receipt repeats (SMPP v3.4 appendix B). */
export const quotedCharactersMax = 20;

/** What a receipt tells: the report, with the state in the form's own words, and whose it is. */
export interface Told {
  readonly report: Report;
  readonly state: string;
  readonly delivered: boolean;
  readonly way: Pick<Sms, "from" | "to">;
}

/**
 * The text of a receipt. Called once per receipt. The words are ASCII, which is what those who read
 * receipts expect; only the quote is in the receipt's own alphabet.
 */
export function receiptOctets(told: Told, { template, dates }: ReceiptForm): Buffer {
  const parts = template === standardTemplate ? standardParts : templateFrom(template);
  const octets: Buffer[] = [];
  let words = "";
  for (const part of parts)
    if (part.field === "text") {
      octets.push(Buffer.from(words, "latin1"), quoted(told.report.text));
      words = "";
    } else words += wordsOf(part, told, dates);
  if (words !== "") octets.push(Buffer.from(words, "latin1"));
  return Buffer.concat(octets);
}

/** Three digits, or what else the network calls it. */
export function threeDigits(error: string | number): string {
  return String(error).replaceAll(/\W/g, "").padStart(3, "0");
}

function wordsOf(part: TemplatePart, told: Told, dates: ReceiptForm["dates"]): string {
  if (part.field === undefined) return part.words;
  const words = fieldOf(part.field, told, dates);
  // The id is ours and never longer; a peer's own words may be.
  return part.field === "id" ? words : words.slice(0, TEMPLATE_FIELDS[part.field]);
}

function fieldOf(field: TemplateField, told: Told, dates: ReceiptForm["dates"]): string {
  const { report, state, delivered, way } = told;
  switch (field) {
    case "id":
      return report.messageId;
    case "sub":
      return "001";
    case "dlvrd":
      return delivered ? "001" : "000";
    case "submit":
      return moment(report.submittedMs, dates);
    case "done":
      return moment(report.doneMs, dates);
    case "stat":
      return state;
    case "err":
      return threeDigits(report.error);
    case "text":
      return report.text;
    case "from":
      return way.from.digits;
    case "to":
      return way.to.digits;
  }
}

/** Which part of `YYYY-MM-DDThh:mm:ss` a date is written with, and in which steps of milliseconds it changes. */
const DATES = {
  minute: { from: 2, to: 16, stepMs: 60_000 },
  second: { from: 2, to: 19, stepMs: 1_000 },
  year4: { from: 0, to: 19, stepMs: 1_000 },
} as const;

const noMoment = "0000-00-00T00:00:00";

/** What was written last: a thousand receipts a second, and two dates in each, tell of the same minute. */
let last: { readonly dates: keyof typeof DATES; readonly step: number; readonly text: string } = {
  dates: "minute",
  step: Number.NaN,
  text: "",
};

/** In UTC; zeros for a moment that nobody knows. */
function moment(ms: number | undefined, dates: ReceiptForm["dates"]): string {
  if (dates === "unix") return String(Math.floor((ms ?? 0) / 1_000));
  if (ms === undefined) return cut(noMoment, dates);
  const step = Math.floor(ms / DATES[dates].stepMs);
  if (last.step !== step || last.dates !== dates)
    last = { dates, step, text: cut(new Date(ms).toISOString(), dates) };
  return last.text;
}

/** By hand: a pattern that looks for what stands between them took half as long again. */
function cut(iso: string, dates: keyof typeof DATES): string {
  const { from, to } = DATES[dates];
  const day = iso.slice(from, 4) + iso.slice(5, 7) + iso.slice(8, 10);
  return day + iso.slice(11, 13) + iso.slice(14, 16) + iso.slice(17, to);
}

/** The quote in the receipt's own alphabet; a text that it cannot hold would be read wrongly. */
function quoted(text: string): Buffer {
  return toGsm7(text.slice(0, quotedCharactersMax)) ?? Buffer.alloc(0);
}
