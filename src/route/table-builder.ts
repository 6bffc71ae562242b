import {
  type NumberTableEntry,
  type NumberTableOptions,
  ofNetwork,
} from "../model/number-table.ts";
import { stretchText } from "./stretch.ts";

/** Stretches within stretches; prefixes of a number have 15 at most, so only ranges come near. */
export const nestingMax = 32;

/** Lines of one stretch, of all providers and all times from which they hold; above, a look-up is slow. */
export const linesPerStretchMax = 64;

/** A look-up finds one of the steps first, and goes on among so many: each part is a few lines of cache. */
export const stretchesPerStep = 128;

/** Different providers and networks of one table. */
export const namesMax = 60_000;

/**
 * A table as a look-up reads it, 44 octets for a line of a stretch of its own. Stretches are sorted by where
 * they begin, the wider first, and lie within one another or apart, so the innermost around a number is
 * the last that begins at or before it, or one of those around that.
 */
export interface PackedTable {
  readonly options: NumberTableOptions;
  /** Lines. */
  readonly size: number;
  readonly stretches: {
    readonly low: Float64Array;
    readonly high: Float64Array;
    /** Every `stretchesPerStep`th of `low`: so few that the processor keeps them at hand. */
    readonly steps: Float64Array;
    /** The stretch around it, -1 for none. */
    readonly around: Int32Array;
    /** Its first line; one more at the end. */
    readonly first: Int32Array;
  };
  readonly lines: {
    /** 0: none. */
    readonly provider: Uint16Array;
    /** Of a stretch: the network that it is in; 0: none. */
    readonly network: Uint16Array;
    /** Units; NaN: not known. */
    readonly price: Float64Array;
    /** `qualityUnknown`: not known. */
    readonly quality: Uint8Array;
    readonly weight: Uint16Array;
    readonly validFromS: Uint32Array;
    readonly blocked: Uint8Array;
  };
  /** Of providers and networks by their numbers; 0 is the empty one. */
  readonly names: readonly string[];
  /** The stretch that holds the lines of a network. */
  readonly ofNetwork: ReadonlyMap<string, number>;
}

export const qualityUnknown = 255;

/** A line that cannot stand as it is, and why; 0 for what no line is alone to blame for. */
export interface TableFault {
  readonly line: number;
  readonly text: string;
}

export interface TableBuilder {
  /** Sorted by low, then high from above, then network, then provider, then line. Told faults instead of thrown ones. */
  add(entry: NumberTableEntry): void;
  /** What was taken; without those that `fault` was told of. */
  finish(): PackedTable;
}

/** Takes a table line by line, some 0.5 µs each, so that who calls may pause in between. */
export function tableBuilder(given: {
  /** How many will come; more is a fault of ours. */
  readonly size: number;
  readonly options: NumberTableOptions;
  /** True for the table whose networks are those of other tables. */
  readonly networksElsewhere: boolean;
  readonly fault: (fault: TableFault) => void;
}): TableBuilder {
  const { size, options, networksElsewhere, fault } = given;
  const stretches = {
    low: new Float64Array(size),
    high: new Float64Array(size),
    around: new Int32Array(size),
    first: new Int32Array(size + 1),
  };
  const lines = {
    provider: new Uint16Array(size),
    network: new Uint16Array(size),
    price: new Float64Array(size),
    quality: new Uint8Array(size),
    weight: new Uint16Array(size),
    validFromS: new Uint32Array(size),
    blocked: new Uint8Array(size),
  };
  const names = [""];
  const numbers = new Map([["", 0]]);
  const networks = new Map<string, number>();
  /** Networks that stretches are in, with the first line that says so. */
  const named = new Map<string, number>();
  /** The stretches around the last one, itself included, with the line that began each. */
  const open: { readonly at: number; readonly line: number }[] = [];
  /** Lines of the last stretch, by what may be there once. */
  let seen = new Map<string, number>();
  let stretchCount = 0;
  let lineCount = 0;

  return {
    add(entry) {
      if (lineCount >= size) throw new Error(`more than ${size} lines of a number table`);
      if (!isOfLast(entry) && !openStretch(entry)) return;
      const key = `${entry.provider}\n${entry.validFromS}`;
      const before = seen.get(key);
      if (before !== undefined)
        return fault({ line: entry.line, text: `says again what line ${before} says${of(entry)}` });
      if (seen.size === linesPerStretchMax)
        return fault({
          line: entry.line,
          text: `is more than the ${linesPerStretchMax} lines that there may be${of(entry)}`,
        });
      const rest = entry.provider === "" ? undefined : seen.get(`\n${entry.validFromS}`);
      if (rest !== undefined)
        return fault({
          line: entry.line,
          text: `is never reached: line ${rest} says for all providers${of({ ...entry, provider: "" })}`,
        });
      seen.set(key, entry.line);
      put(entry);
    },
    finish() {
      stretches.first[stretchCount] = lineCount;
      if (!networksElsewhere)
        for (const [network, line] of named)
          if (!networks.has(network))
            fault({ line, text: `names the network ${network}, for which there is no line` });
      const { low, high, around, first } = stretches;
      // Not copied, which would be a pause: memory that nobody wrote to is none.
      return {
        options,
        size: lineCount,
        stretches: {
          low: low.subarray(0, stretchCount),
          high: high.subarray(0, stretchCount),
          steps: low.subarray(0, stretchCount).filter((_, at) => at % stretchesPerStep === 0),
          around: around.subarray(0, stretchCount),
          first: first.subarray(0, stretchCount + 1),
        },
        lines,
        names,
        ofNetwork: networks,
      };
    },
  };

  function isOfLast({ low, high, network }: NumberTableEntry): boolean {
    const at = stretchCount - 1;
    if (low !== stretches.low[at] || high !== stretches.high[at]) return false;
    return low !== ofNetwork || networks.get(network) === at;
  }

  /** False when it cannot be one, which was told. */
  function openStretch(entry: NumberTableEntry): boolean {
    const { low, high, line, network } = entry;
    while (open.length > 0 && (stretches.high[open.at(-1)?.at ?? 0] ?? 0) < low) open.pop();
    const outer = open.at(-1);
    if (outer !== undefined && (stretches.high[outer.at] ?? 0) < high) {
      const other = stretchText({
        low: stretches.low[outer.at] ?? 0,
        high: stretches.high[outer.at] ?? 0,
      });
      fault({
        line,
        text: `${stretchText(entry)} overlaps ${other} of line ${outer.line}, and neither lies within the other`,
      });
      return false;
    }
    if (open.length === nestingMax) {
      fault({ line, text: `lies within ${nestingMax} other ranges, which is as deep as it goes` });
      return false;
    }
    const at = stretchCount;
    stretchCount += 1;
    stretches.low[at] = low;
    stretches.high[at] = high;
    stretches.around[at] = outer?.at ?? -1;
    stretches.first[at] = lineCount;
    if (low === ofNetwork) networks.set(network, at);
    else open.push({ at, line });
    seen = new Map();
    return true;
  }

  function put(entry: NumberTableEntry): void {
    const at = lineCount;
    const network = entry.low === ofNetwork ? "" : entry.network;
    const provider = numbered(entry.provider, entry.line);
    const inNetwork = numbered(network, entry.line);
    if (provider === undefined || inNetwork === undefined) return;
    if (network !== "" && !named.has(network)) named.set(network, entry.line);
    lineCount += 1;
    lines.provider[at] = provider;
    lines.network[at] = inNetwork;
    lines.price[at] = entry.price ?? Number.NaN;
    lines.quality[at] = entry.quality ?? qualityUnknown;
    lines.weight[at] = entry.weight;
    lines.validFromS[at] = entry.validFromS;
    lines.blocked[at] = entry.blocked ? 1 : 0;
  }

  function numbered(name: string, line: number): number | undefined {
    const known = numbers.get(name);
    if (known !== undefined) return known;
    if (names.length > namesMax) {
      fault({ line, text: `is one more than the ${namesMax} providers and networks of a table` });
      return undefined;
    }
    numbers.set(name, names.length);
    names.push(name);
    return names.length - 1;
  }
}

/** What a look-up keeps in memory; names and the map of networks are small beside it. */
export function octetsOf({ stretches, lines }: PackedTable): number {
  return [...Object.values(stretches), ...Object.values(lines)].reduce(
    (sum, { byteLength }) => sum + byteLength,
    0,
  );
}

function of(entry: NumberTableEntry): string {
  const stretch = entry.low === ofNetwork ? `the network ${entry.network}` : stretchText(entry);
  const provider = entry.provider === "" ? "" : ` and ${entry.provider}`;
  return ` of ${stretch}${provider}`;
}
