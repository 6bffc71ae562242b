import { log } from "./run.ts";
import { thrownText } from "./thrown.ts";

/** Of one value, before the log's own bound: a large object is not written out only to be cut. */
const shownCharactersMax = 4_000;

/** Of the stack of an error; the first frames are what matters. */
const stackCharactersMax = 2_000;

/** How deep objects are shown, and how many of a list. */
const depthMax = 4;
const membersMax = 100;

/** Values that one argument shows in all, so that a large one does not take the trigger's time. */
const valuesMax = 1_000;
let valuesLeft = valuesMax;

/** A level that is not the usual one stands in front, as other programs write it. */
function writer(level: string): (...values: readonly unknown[]) => void {
  return (...values) => log(level + values.map(shown).join(" "));
}

/** `console` of scripts: lines in the trigger's log. Nothing that is shown can make it throw. */
export const console = Object.freeze({
  log: writer(""),
  info: writer(""),
  debug: writer(""),
  warn: writer("warning: "),
  error: writer("error: "),
});

/** As people expect: a text as it is, an error with its place, all else much like JSON. */
function shown(value: unknown): string {
  if (typeof value === "string") return value;
  try {
    valuesLeft = valuesMax;
    const text = written(value, depthMax, []);
    return text.slice(0, shownCharactersMax);
  } catch {
    // A getter or a proxy that throws: a log line is not worth a fault.
    return "[something that cannot be shown]";
  }
}

function written(value: unknown, depth: number, within: readonly object[]): string {
  valuesLeft -= 1;
  if (valuesLeft < 0) return "…";
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return `[function ${value.name || "without a name"}]`;
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Error) return errorText(value);
  if (within.includes(value)) return "[itself]";
  if ("toJSON" in value && typeof value.toJSON === "function")
    return written(value.toJSON(), depth - 1, [...within, value]);
  const inner = (one: unknown): string => written(one, depth - 1, [...within, value]);
  if (value instanceof Uint8Array) return `[${value.length} octets ${hex(value)}]`;
  if (Array.isArray(value)) return depth <= 0 ? "[…]" : `[${several(value, inner)}]`;
  if (value instanceof Set) return depth <= 0 ? "Set {…}" : `Set {${several([...value], inner)}}`;
  const pairs = value instanceof Map ? [...value] : Object.entries(value);
  const name = value instanceof Map ? "Map " : "";
  if (depth <= 0 && pairs.length > 0) return `${name}{…}`;
  const pair = ([key, one]: readonly [unknown, unknown]): string =>
    `${typeof key === "string" ? JSON.stringify(key) : inner(key)}:${inner(one)}`;
  return `${name}{${several(pairs, pair)}}`;
}

function several<Item>(items: readonly Item[], text: (item: Item) => string): string {
  const first = items.slice(0, membersMax).map(text);
  if (items.length > membersMax) first.push(`… ${items.length - membersMax} more`);
  return first.join(",");
}

function hex(octets: Uint8Array): string {
  return [...octets.subarray(0, 32)].map((one) => one.toString(16).padStart(2, "0")).join("");
}

/** The whole stack between two signs, by which `logged.ts` finds it and puts the author's place there. */
function errorText(error: Error): string {
  return `\u0001${thrownText(error).slice(0, stackCharactersMax)}\u0002`;
}
