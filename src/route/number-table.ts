import { amountText } from "../model/amount.ts";
import { portedTable } from "../model/number-table.ts";
import { type Way, inOrder } from "./cheapest.ts";
import type { Entry, NumberTable, TableAnswer } from "./question.ts";
import { digitsOf, numberValue, stretchText } from "./stretch.ts";
import { type PackedTable, qualityUnknown, stretchesPerStep } from "./table-builder.ts";

/**
 * Looks numbers up: the innermost stretch around a number, one number before a prefix and a longer
 * prefix before a shorter one; there the providers whose quality suffices, the cheapest first. A line
 * counts from its time on, in place of an earlier one of the same provider. Below 5 µs in a table of two
 * million lines; nothing is kept between look-ups.
 */
export function numberTable(given: {
  readonly name: string;
  readonly table: PackedTable;
  /** The one that is asked first, if there is one now; never itself. */
  readonly ported: () => PackedTable | undefined;
  readonly nowMs: () => number;
}): NumberTable {
  const { name, table, ported, nowMs } = given;
  return {
    find(number) {
      const digits = digitsOf(number);
      if (digits === undefined) return nothing;
      const nowS = nowMs() / 1_000;
      const value = numberValue(digits);
      const first = ported();
      const moved = first === undefined ? undefined : found(first, value, nowS);
      const notes: Note[] = [];
      if (moved !== undefined && first !== undefined) {
        const answer = answerOf(first, moved, { name: portedTable, digits, notes });
        if (answer !== undefined) return answer;
        if (moved.network !== undefined) {
          const network = first.names[moved.network] ?? "";
          const way = `${digits} is ported to ${network}`;
          const there = found(table, network, nowS);
          const ofNetwork = there && answerOf(table, there, { name, digits, notes, way });
          if (ofNetwork !== undefined) return ofNetwork;
          notes.push({ target: network, why: `${way}, for which ${name} has no line` });
        }
      }
      const own = found(table, value, nowS);
      if (own === undefined) return { entries: [], passedOver: notes };
      if (own.network !== undefined) {
        const network = table.names[own.network] ?? "";
        const there = found(table, network, nowS);
        const way = `${stretchAt(table, own.stretch)} is of the network ${network}`;
        const ofNetwork = there && answerOf(table, there, { name, digits, notes, way });
        if (ofNetwork !== undefined) return ofNetwork;
      }
      return answerOf(table, own, { name, digits, notes }) ?? { entries: [], passedOver: notes };
    },
  };
}

const nothing: TableAnswer = { entries: [] };

type Note = { readonly target: string; readonly why: string };

/** What holds for a number now. */
interface Found {
  /** The innermost stretch that says something. */
  readonly stretch: number;
  /** The lines that count, of one or (`perProvider`) of several stretches. */
  readonly lines: readonly number[];
  /** The number of the network that the stretch is in. */
  readonly network: number | undefined;
  /** The line that blocks it for all. */
  readonly blocked: boolean;
  /** The stretches whose lines count; the ones around them are passed over. */
  readonly innermost: number;
}

/** By where a number stands, or by the name of a network. */
function found(table: PackedTable, what: number | string, nowS: number): Found | undefined {
  const { stretches, options } = table;
  const { around } = stretches;
  let at = typeof what === "string" ? (table.ofNetwork.get(what) ?? -1) : innermost(table, what);
  const lines: number[] = [];
  let first = -1;
  let last = -1;
  let isUsable = false;
  for (; at >= 0; at = around[at] ?? -1) {
    const here = linesNow(table, at, nowS);
    if (here.length === 0) continue;
    if (first < 0) first = at;
    last = at;
    const general = lineOf(table, here, 0);
    // Who says last is heard: a line for all takes the place of the older ones of its stretch.
    const sinceS = general === undefined ? -1 : (table.lines.validFromS[general] ?? 0);
    for (const line of here) {
      if ((table.lines.validFromS[line] ?? 0) <= sinceS) continue;
      const provider = table.lines.provider[line] ?? 0;
      if (lineOf(table, lines, provider) !== undefined) continue;
      lines.push(line);
      if (table.lines.blocked[line] === 0) isUsable = true;
    }
    if (general !== undefined && !isUsable) {
      const network = table.lines.network[general] ?? 0;
      return ended(network === 0 ? undefined : network, network === 0);
    }
    if (general !== undefined || (isUsable && !options.perProvider)) break;
  }
  return first < 0 ? undefined : ended(undefined, false);

  function ended(network: number | undefined, blocked: boolean): Found {
    return { stretch: first, lines, network, blocked, innermost: last };
  }
}

/** The innermost stretch around it; -1: none. */
function innermost({ stretches }: PackedTable, value: number): number {
  const { low, high, steps, around } = stretches;
  const step = after(steps, value, 0, steps.length) - 1;
  if (step < 0) return -1;
  const from = step * stretchesPerStep;
  let at = after(low, value, from, Math.min(low.length, from + stretchesPerStep)) - 1;
  while (at >= 0 && (high[at] ?? 0) < value) at = around[at] ?? -1;
  return at;
}

/** Where the first that is above the value stands, of those from `from` to before `to`; `to`: none is. */
function after(sorted: Float64Array, value: number, from: number, to: number): number {
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((sorted[middle] ?? 0) <= value) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Of each provider the line that holds now: the latest of those whose time has come. */
function linesNow(table: PackedTable, stretch: number, nowS: number): number[] {
  const { stretches, lines } = table;
  const end = stretches.first[stretch + 1] ?? 0;
  const now: number[] = [];
  for (let line = stretches.first[stretch] ?? 0; line < end; line++) {
    const from = lines.validFromS[line] ?? 0;
    if (from > nowS) continue;
    const other = lineOf(table, now, lines.provider[line] ?? 0);
    if (other === undefined) now.push(line);
    else if ((lines.validFromS[other] ?? 0) < from) now[now.indexOf(other)] = line;
  }
  return now;
}

/** The one of this provider among some lines. */
function lineOf({ lines }: PackedTable, some: readonly number[], provider: number) {
  for (const line of some) if (lines.provider[line] === provider) return line;
  return undefined;
}

/** undefined: it says nothing of where the number goes. */
function answerOf(
  table: PackedTable,
  { stretch, lines, blocked, innermost: last, network }: Found,
  told: {
    readonly name: string;
    readonly digits: string;
    readonly notes: readonly Note[];
    /** How this stretch was come to, where it is not by the number itself. */
    readonly way?: string;
  },
): TableAnswer | undefined {
  const { name, digits, notes } = told;
  // To tell it in words takes as long as the rest, so that is left to who asks.
  const place = (): string => told.way ?? stretchAt(table, stretch);
  if (blocked) {
    const why = `${place()} is blocked in ${name}`;
    return { entries: [], blocked: why, passedOver: notes };
  }
  if (lines.length === 0 || network !== undefined) return undefined;
  const ways: Way[] = [];
  for (const line of lines) {
    if (table.lines.blocked[line] === 1 || !suffices(table, line)) continue;
    ways.push({
      line,
      price: table.lines.price[line] ?? Number.NaN,
      weight: table.lines.weight[line] ?? 0,
      name: providerOf(table, line),
    });
  }
  const ordered = inOrder(ways, digits);
  return {
    entries: ordered.map(({ line }, nth) => {
      const price = priceText(table, line);
      const quality = table.lines.quality[line] ?? qualityUnknown;
      const entry: { -readonly [Key in keyof Entry]: Entry[Key] } = {
        provider: providerOf(table, line),
        // Of those that are not taken nobody asks why.
        get why() {
          return `${place()} in ${name}: ${whyOf(ordered, nth, price)}`;
        },
      };
      if (price !== undefined) entry.price = price;
      if (quality !== qualityUnknown) entry.quality = quality;
      return entry;
    }),
    // Only `explain` asks for it.
    get passedOver() {
      return [...notes, ...refusedLines(table, lines), ...wider(table, last)];
    },
  };
}

function suffices({ lines, options }: PackedTable, line: number): boolean {
  return (lines.quality[line] ?? qualityUnknown) >= options.qualityMin;
}

function whyOf(ordered: readonly Way[], nth: number, price: string | undefined): string {
  const among = nth === 0 && ordered.length > 1 ? `, ${ordered.length} to choose from` : "";
  if (price === undefined) return `price not known${among}`;
  const own = ordered[nth]?.price;
  const equals = ordered.filter((other) => other.price === own).length;
  if (equals > 1) return `${price}, shared by weight among ${equals}${among}`;
  return nth === 0 ? `${price}${among}` : `${price}, dearer`;
}

function refusedLines(table: PackedTable, lines: readonly number[]): Note[] {
  return lines.flatMap((line) => {
    const target = providerOf(table, line);
    if (table.lines.blocked[line] === 1) return [{ target, why: "blocked for this number" }];
    if (suffices(table, line)) return [];
    const { qualityMin } = table.options;
    return [{ target, why: `quality ${table.lines.quality[line]}, asked is ${qualityMin}` }];
  });
}

/** Providers of the stretches around the one that was taken. */
function wider(table: PackedTable, last: number): Note[] {
  const { around, first } = table.stretches;
  const notes: Note[] = [];
  for (let at = around[last] ?? -1; at >= 0; at = around[at] ?? -1)
    for (let line = first[at] ?? 0; line < (first[at + 1] ?? 0); line++) {
      const target = providerOf(table, line) || (table.names[table.lines.network[line] ?? 0] ?? "");
      notes.push({ target, why: `${stretchAt(table, at)}: a closer match was found` });
    }
  return notes;
}

function providerOf({ names, lines }: PackedTable, line: number): string {
  return names[lines.provider[line] ?? 0] ?? "";
}

function priceText({ lines }: PackedTable, line: number): string | undefined {
  const price = lines.price[line] ?? Number.NaN;
  return Number.isNaN(price) ? undefined : amountText(BigInt(price));
}

function stretchAt({ stretches, ofNetwork: networks }: PackedTable, at: number): string {
  const low = stretches.low[at] ?? 0;
  if (low >= 0) return stretchText({ low, high: stretches.high[at] ?? 0 });
  for (const [network, stretch] of networks) if (stretch === at) return `network ${network}`;
  return "network";
}
