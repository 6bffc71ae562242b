import Table from "cli-table3";
import type { GlobalOptions } from "./settings.ts";
import { visible } from "./visible.ts";

/**
 * Prints an answer: with `--json` the value, else the words made of it. What to do next goes to
 * standard error and only to a person, so that what is piped on is the answer alone.
 */
export function answer<T>(
  options: GlobalOptions,
  value: T,
  words: (value: T) => string,
  next?: string,
): void {
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
    return;
  }
  process.stdout.write(`${words(visible(value))}\n`);
  if (next !== undefined) suggest(next);
}

/** What to do next, for a person at a terminal. */
export function suggest(next: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${paint("dim", next, process.stderr)}\n`);
}

/** A list without lines, the columns two blanks apart. */
export function table(
  columns: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  return laidOut(
    columns.map((name) => paint("dim", name)),
    rows,
  );
}

/** Names and what they are, a line for each. */
export function pairs(rows: readonly (readonly [string, string])[]): string {
  return laidOut([], rows);
}

function laidOut(head: string[], rows: readonly (readonly (string | number)[])[]): string {
  const made = new Table({
    head,
    chars: NO_LINES,
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
  });
  for (const row of rows) made.push(row.map(String));
  return made
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

const NO_LINES = Object.fromEntries([
  ...["top", "top-mid", "top-left", "top-right"].map((part) => [part, ""]),
  ...["bottom", "bottom-mid", "bottom-left", "bottom-right"].map((part) => [part, ""]),
  ...["left", "left-mid", "mid", "mid-mid", "right", "right-mid"].map((part) => [part, ""]),
  ["middle", "  "],
]);

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

export type Paint = keyof typeof CODES;

/** Colours only where a person looks: on a terminal, and not when NO_COLOR is set (no-color.org). */
export function paint(
  how: Paint,
  text: string,
  stream: NodeJS.WriteStream = process.stdout,
): string {
  const plain = !stream.isTTY || (process.env["NO_COLOR"] ?? "") !== "";
  return plain ? text : `\u001b[${CODES[how]}m${text}\u001b[0m`;
}

/** `2026-11-21 02:45:31.123` in local time. */
export function dateTime(ms: number): string {
  const date = new Date(ms);
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return `${day} ${clockTime(ms)}`;
}

/** `02:45:31.123` in local time. */
export function clockTime(ms: number): string {
  const date = new Date(ms);
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  return `${time}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/** `3 s`, `12 min`, `5 h`, `3 d` since then. */
export function age(sinceMs: number, nowMs = Date.now()): string {
  const seconds = Math.max(0, Math.floor((nowMs - sinceMs) / 1_000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** How long something has been due, `3 min`; or when it will be, `in 20 s`; nothing when nothing waits. */
export function overdue(dueMs: number | undefined, nowMs = Date.now()): string {
  if (dueMs === undefined) return "";
  // Rounded up: what is due in half a second is not due in 0 s.
  return dueMs > nowMs ? `in ${age(0, dueMs - nowMs + 999)}` : age(dueMs, nowMs);
}

/** `1 message`, `2 messages`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

/** `12.3 MiB`, `0.4 KiB` */
export function size(octets: number): string {
  const mebibyte = 1_048_576;
  return octets < mebibyte
    ? `${(octets / 1_024).toFixed(1)} KiB`
    : `${(octets / mebibyte).toFixed(1)} MiB`;
}

/** A text in a column of a list. */
export function shortened(text: string, charactersMax: number): string {
  return text.length <= charactersMax ? text : `${text.slice(0, charactersMax - 1)}…`;
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}
