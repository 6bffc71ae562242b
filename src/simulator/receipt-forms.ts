import type { Sms } from "../model/message.ts";
import type { Report } from "../model/report.ts";
import { encode } from "../sms/data-coding.ts";
import { toGsm7 } from "../sms/gsm7.ts";
import { pack } from "../sms/packed.ts";
import { receiptSms } from "../smpp/receipt.ts";

/**
 * The ways in which networks write a receipt, as far as documentation and tests of open projects show
 * them. The simulated provider plays them; the parser's tests read each of them back.
 */
export const receiptForms = [
  "standard",
  "textOnly",
  "tlvsOnly",
  "noCounts",
  "otherOrder",
  "nineDigits",
  "seconds",
  "fourDigitYear",
  "hoursOnly",
  "dashedDates",
  "joinedLabels",
  "lowerCase",
  "oddCase",
  "misspelt",
  "commas",
  "blanks",
  "noText",
  "textBeforeState",
  "adversarial",
  "commaValues",
  "ucs2",
  "ucs2Swapped",
  "ucs2Announced",
  "packed",
  "endsWithNul",
] as const;

export type ReceiptFormName = (typeof receiptForms)[number];

/** What of a report a reader can get back from a form; what is not named is kept whole. */
export interface Keeps {
  /** How exact the dates are. */
  readonly dates: "none" | "hour" | "minute" | "second";
  readonly error: boolean;
  readonly text: boolean;
  /** The state's own word, and not only what it means. */
  readonly word: boolean;
}

/** The receipt in this form, without a flag: that is for who sends it. */
export function receiptIn(
  form: ReceiptFormName,
  report: Report,
  way: Pick<Sms, "from" | "to" | "serviceType">,
): Sms {
  const base = receiptSms(report, way);
  if (form === "standard") return base;
  const { write, tlvs = false, coding = "plain" } = FORMS[form];
  return {
    ...base,
    ...CODINGS[coding](write(partsOf(report), report)),
    tlvs: tlvs ? base.tlvs : [],
  };
}

export function keptBy(form: ReceiptFormName): Keeps {
  const all: Keeps = { dates: "minute", error: true, text: true, word: true };
  return form === "standard" ? all : { ...all, ...FORMS[form].keeps };
}

interface Form {
  readonly write: (parts: Parts, report: Report) => string;
  /** false when left out. */
  readonly tlvs?: boolean;
  /** `plain`: an octet a character. */
  readonly coding?: keyof typeof CODINGS;
  readonly keeps?: Partial<Keeps>;
}

interface Parts {
  readonly id: string;
  readonly sub: string;
  readonly dlvrd: string;
  readonly submit: string;
  readonly done: string;
  readonly stat: string;
  readonly err: string;
  readonly text: string;
}

const usual = ({ id, sub, dlvrd, submit, done, stat, err, text }: Parts): string =>
  `id:${id} sub:${sub} dlvrd:${dlvrd} submit date:${submit} done date:${done} stat:${stat} err:${err} text:${text}`;

/** Dates in another form, all else as usual. */
const dated =
  (digits: (ms: number | undefined) => string) =>
  (parts: Parts, { submittedMs, doneMs }: Report): string =>
    usual({ ...parts, submit: digits(submittedMs), done: digits(doneMs) });

const FORMS: Readonly<Record<Exclude<ReceiptFormName, "standard">, Form>> = {
  textOnly: { write: usual },
  tlvsOnly: {
    write: () => "",
    tlvs: true,
    keeps: { dates: "none", error: false, text: false },
  },
  noCounts: {
    write: ({ id, submit, done, stat, err, text }) =>
      `id:${id} submit date:${submit} done date:${done} stat:${stat} err:${err} text:${text}`,
  },
  otherOrder: {
    write: ({ id, sub, dlvrd, submit, done, stat, err, text }) =>
      `stat:${stat} sub:${sub} err:${err} done date:${done} id:${id} dlvrd:${dlvrd} submit date:${submit} text:${text}`,
  },
  nineDigits: {
    write: ({ id, sub, submit, done, stat, err, text }) =>
      `id:${id} sub:${sub} submit date:${submit.slice(0, 9)} done date:${done.slice(0, 9)} stat:${stat} err:${err} text:"${text}"`,
    keeps: { dates: "none", text: false },
  },
  seconds: { write: dated((ms) => digitsOf(ms, 2, 14)), keeps: { dates: "second" } },
  fourDigitYear: { write: dated((ms) => digitsOf(ms, 0, 14)), keeps: { dates: "second" } },
  hoursOnly: { write: dated((ms) => digitsOf(ms, 2, 10)), keeps: { dates: "hour" } },
  dashedDates: {
    write: dated((ms) =>
      ms === undefined ? "" : new Date(ms).toISOString().slice(0, 19).replace("T", " "),
    ),
    keeps: { dates: "second" },
  },
  joinedLabels: {
    write: ({ id, sub, dlvrd, submit, done, stat, err, text }) =>
      `id:${id} sub:${sub} dlvrd:${dlvrd} submitdate:${submit} donedate:${done} stat:${stat} err:${err} text:${text}`,
  },
  lowerCase: { write: (parts) => usual({ ...parts, stat: parts.stat.toLowerCase() }) },
  oddCase: {
    write: ({ id, sub, dlvrd, submit, done, stat, err, text }) =>
      `ID:${id} Sub:${sub} DLVRD:${dlvrd} Submit Date:${submit} DONE DATE:${done} Stat:${stat} ERR:${err} Text:${text}`,
  },
  misspelt: {
    write: (parts) => usual({ ...parts, stat: MISSPELT[parts.stat] ?? parts.stat }),
    keeps: { word: false },
  },
  commas: {
    write: ({ id, sub, dlvrd, submit, done, stat, err, text }) =>
      `id:${id},sub:${sub},dlvrd:${dlvrd},submit date:${submit},done date:${done},stat:${stat},err:${err},text:${text}`,
  },
  blanks: {
    write: ({ id, sub, dlvrd, submit, done, stat, err, text }) =>
      `  id: ${id}  sub: ${sub}  dlvrd: ${dlvrd}\r\nsubmit date: ${submit}  done date: ${done}\r\nstat: ${stat}  err: ${err}  text:${text}`,
  },
  noText: {
    write: ({ id, sub, dlvrd, submit, done, stat, err }) =>
      `id:${id} sub:${sub} dlvrd:${dlvrd} submit date:${submit} done date:${done} stat:${stat} err:${err}`,
    keeps: { text: false },
  },
  textBeforeState: {
    write: ({ id, sub, dlvrd, submit, done, stat, err }) =>
      `id:${id} sub:${sub} dlvrd:${dlvrd} submit date:${submit} done date:${done} err:${err} text: stat:${stat}`,
    keeps: { text: false },
  },
  adversarial: {
    write: (parts) => usual({ ...parts, text: "id:666 stat:DELIVRD err:999" }),
    keeps: { text: false },
  },
  // Of the carrier that writes this only the meaning of 00 is known; the TLVs say the rest.
  commaValues: {
    write: ({ submit, done, stat, err }, { networkError }) =>
      `${stat === "DELIVRD" ? "00" : "01"},${done},${submit},${networkError === undefined && stat === "DELIVRD" ? "" : err},447887123456,10110200000000,reserved`,
    tlvs: true,
    keeps: { error: false, text: false, word: false },
  },
  ucs2: { write: usual, coding: "ucs2" },
  ucs2Swapped: { write: usual, coding: "ucs2Swapped" },
  ucs2Announced: { write: usual, coding: "ucs2Announced" },
  packed: { write: usual, coding: "packed" },
  endsWithNul: { write: (parts) => `${usual(parts)}\0`, keeps: { text: false } },
};

const CODINGS = {
  plain: (text: string) => ({ dataCoding: 0, octets: Buffer.from(text, "latin1") }),
  ucs2: (text: string) => ({ dataCoding: 8, octets: Buffer.from(text, "utf16le").swap16() }),
  ucs2Swapped: (text: string) => ({ dataCoding: 8, octets: Buffer.from(text, "utf16le") }),
  /** data_coding says UCS-2, the octets are ASCII. */
  ucs2Announced: (text: string) => ({ dataCoding: 8, octets: Buffer.from(text, "latin1") }),
  packed: (text: string) => ({ dataCoding: 0, octets: pack(toGsm7(text) ?? encode(text).octets) }),
};

const MISSPELT: Readonly<Record<string, string>> = {
  DELIVRD: "Delivered",
  UNDELIV: "UNDELIVERABLE",
  EXPIRED: "EXPIRD",
  DELETED: "DELETE",
  REJECTD: "Rejected",
  ENROUTE: "BUFFRED",
  ACCEPTD: "ACKED",
  UNKNOWN: "UNKNWN",
};

function partsOf(report: Report): Parts {
  const delivered = report.status === "DELIVERED";
  return {
    id: report.messageId,
    sub: "001",
    dlvrd: delivered ? "001" : "000",
    submit: digitsOf(report.submittedMs, 2, 12),
    done: digitsOf(report.doneMs, 2, 12),
    stat: report.state,
    err: report.error,
    text: report.text,
  };
}

/** Digits of `YYYYMMDDhhmmss` in UTC; zeros for a moment that nobody knows. */
function digitsOf(ms: number | undefined, from: number, to: number): string {
  if (ms === undefined) return "0".repeat(to - from);
  return new Date(ms).toISOString().replaceAll(/\D/g, "").slice(from, to);
}
