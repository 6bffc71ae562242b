import { erasedAddress } from "../model/address.ts";
import { GatewayError } from "../model/error.ts";
import type { TraceLine } from "../model/message.ts";
import { type Meta, linesFrom } from "./message-row.ts";

/** A person's number and nothing else: the name of a sender belongs to a company. */
const personsNumber = /^\+?\d{3,20}$/;

/** A shorter one is only erased where it stands alone: as a part of other digits it is chance. */
const digitsInTextMin = 7;

/** Facts that name things of ours and of a provider; they stay, so that a life can still be found. */
const IDS: ReadonlySet<string> = new Set(["id", "message", "messageId", "report", "session"]);

/** Of a host call. */
const CALLED: ReadonlySet<string> = new Set(["args", "answer", "refused"]);

/** What is left of everything that is kept about a number. All of it is pure, and twice is once. */
export interface Eraser {
  /** The number with and without its `+`. */
  readonly forms: readonly string[];
  address(text: string): string;
  /** Of a message's row. The content goes whole, whosever number it names. */
  meta(text: string, row: { readonly from: string; readonly to: string }): string;
  /** Lines of a trace: what scripts wrote goes whole, the number wherever it stands. */
  lines(text: string): string;
  /** Work that waits, or that was given up, as JSON. */
  payload(text: string): string;
  /** A peer's words, or a script's. */
  words(text: string): string;
}

/** Rejects with `bad_request` what is no number; the error does not repeat it. */
export function eraserOf(number: string): Eraser {
  if (!personsNumber.test(number))
    throw new GatewayError(
      "bad_request",
      "It must be a number of 3 to 20 digits, with or without +.",
    );
  const digits = number.replace("+", "");
  const forms = [digits, `+${digits}`];
  const inText =
    digits.length < digitsInTextMin
      ? undefined
      : new RegExp(String.raw`(?<!\d)\+?${digits}(?!\d)`, "g");

  const address = (text: string): string => (forms.includes(text) ? erasedAddress : text);
  const words = (text: string): string =>
    inText === undefined ? address(text) : text.replaceAll(inText, erasedAddress);

  return {
    forms,
    address,
    words,
    meta(text, { from, to }) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Only metaText writes it.
      const { tlvs: _tlvs, ...meta } = JSON.parse(text) as Meta;
      const kept: { -readonly [K in keyof Meta]: Meta[K] } = meta;
      if (isErased(from) || forms.includes(kept.from?.[2] ?? "")) delete kept.from;
      if (isErased(to) || forms.includes(kept.to?.[2] ?? "")) delete kept.to;
      if (kept.destinations !== undefined)
        kept.destinations = kept.destinations.map(([ton, npi, digits]) =>
          forms.includes(digits) ? [0, 0, erasedAddress] : [ton, npi, digits],
        );
      if (kept.text !== undefined) kept.text = "";
      if (kept.report !== undefined) {
        const [messageId, status, state, error, submittedMs, doneMs, , network] = kept.report;
        kept.report = [messageId, status, state, error, submittedMs, doneMs, "", network];
      }
      return JSON.stringify(kept);
    },
    lines: (text) =>
      JSON.stringify(linesFrom(text).map((line): TraceLine => ({ ...line, facts: facts(line) }))),
    payload: (text) => JSON.stringify(cleaned("", JSON.parse(text))),
  };

  function isErased(canonical: string): boolean {
    return canonical === erasedAddress || forms.includes(canonical);
  }

  function facts(line: TraceLine): TraceLine["facts"] {
    return Object.fromEntries(
      Object.entries(line.facts).map(([name, value]) => [
        name,
        typeof value === "string" ? clean(name, value) : value,
      ]),
    );
  }

  /** `data` is the content in base64, as a webhook tells what is no text. */
  function cleaned(name: string, value: unknown): unknown {
    if (typeof value === "string") return name === "data" ? "" : clean(name, value);
    if (Array.isArray(value)) return value.map((one: unknown) => cleaned(name, one));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, cleaned(key, one)]));
  }

  function clean(name: string, value: string): string {
    if (IDS.has(name)) return value;
    // Of a script, an error of one, or the beginning of the message that a report repeats.
    if (name === "text") return value === "" ? "" : erasedAddress;
    // What a script asked for and was told, whoever it was about.
    if (CALLED.has(name)) return value === "" ? "" : erasedAddress;
    return words(value);
  }
}
