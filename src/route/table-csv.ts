import { CsvError, type Info, parse } from "csv-parse";
import { parseAmount } from "../model/amount.ts";
import { GatewayError } from "../model/error.ts";
import { type NumberTableEntry, ofNetwork } from "../model/number-table.ts";
import { type Stretch, digitsMax, exactStretch, prefixStretch, rangeStretch } from "./stretch.ts";
import type { TableFault } from "./table-builder.ts";

/** Octets of one line; ours have some 60. */
const lineOctetsMax = 4_096;

/** Entries handed on at a time: some 5 ms of reading, after which others have their turn. */
const batchEntries = 1_000;

/** Shares are of one another, so a thousandth is as fine as it gets. */
export const weightMax = 1_000;

/** What a heading may say, without regard to case, blanks, `_` and `-`. */
const HEADINGS = {
  prefix: "prefix",
  from: "from",
  to: "to",
  number: "number",
  network: "network",
  provider: "provider",
  price: "price",
  quality: "quality",
  weight: "weight",
  validfrom: "valid_from",
  blocked: "blocked",
} as const satisfies Record<string, string>;

export type Column = (typeof HEADINGS)[keyof typeof HEADINGS];

/** In the order of an export. */
export const COLUMNS: readonly Column[] = Object.values(HEADINGS);

type Cells = Readonly<Partial<Record<Column, string>>>;

/**
 * Reads a file of lines, the first of which names its columns in any order; between them `,`, `;` or a
 * tab. Each fault is told with its line and the rest is read on; a heading that is not understood ends
 * it. In batches, with a pause for others after each.
 */
export async function* entriesOfCsv(
  chunks: AsyncIterable<Buffer>,
  fault: (fault: TableFault) => void,
): AsyncGenerator<NumberTableEntry[]> {
  const { head, all } = await opened(chunks);
  const delimiter = [";", "\t"].find((one) => head.includes(one)) ?? ",";
  const parser = parse({
    delimiter,
    bom: true,
    trim: true,
    info: true,
    skip_empty_lines: true,
    relax_column_count: true,
    max_record_size: lineOctetsMax,
    skip_records_with_error: true,
    on_skip(error) {
      fault(faultOf(error));
      return undefined;
    },
  });
  const feeding = feed(all, parser);
  let columns: readonly Column[] | undefined;
  let batch: NumberTableEntry[] = [];
  try {
    for await (const one of parser as AsyncIterable<Parsed>) {
      const line = one.info.lines;
      if (columns === undefined) {
        columns = columnsOf(one.record, fault);
        if (columns === undefined) break;
        continue;
      }
      const entry = entryOf(one.record, columns, line, fault);
      if (entry !== undefined) batch.push(entry);
      if (batch.length < batchEntries) continue;
      yield batch;
      batch = [];
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (columns === undefined && head.trim() === "") fault({ line: 1, text: "the file is empty" });
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    fault(faultOf(cause));
  } finally {
    parser.destroy();
  }
  await feeding;
  if (batch.length > 0) yield batch;
}

interface Parsed {
  readonly record: readonly string[];
  readonly info: Info;
}

/** The first line, to see what stands between its columns; and all of it. */
async function opened(chunks: AsyncIterable<Buffer>) {
  const iterator = chunks[Symbol.asyncIterator]();
  const first: Buffer[] = [];
  let octets = 0;
  let isWhole = false;
  while (!isWhole && octets < lineOctetsMax) {
    const next = await iterator.next();
    if (next.done === true) break;
    first.push(next.value);
    octets += next.value.length;
    isWhole = next.value.includes(0x0a);
  }
  const begun = Buffer.concat(first);
  async function* all(): AsyncGenerator<Buffer> {
    try {
      yield begun;
      for (;;) {
        const next = await iterator.next();
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      // A file that is not read to its end is closed.
      await iterator.return?.();
    }
  }
  return { head: begun.toString("utf8").split("\n", 1)[0] ?? "", all: all() };
}

/** What cannot be read is told by the parser's end, to whoever reads from it. */
async function feed(chunks: AsyncIterable<Buffer>, parser: ReturnType<typeof parse>) {
  try {
    for await (const chunk of chunks) {
      if (parser.destroyed) return;
      if (!parser.write(chunk))
        await new Promise<void>((resolve) => {
          const go = (): void => {
            parser.off("drain", go).off("close", go);
            resolve();
          };
          parser.on("drain", go).on("close", go);
        });
    }
    parser.end();
  } catch (cause) {
    parser.destroy(cause instanceof Error ? cause : new Error(String(cause)));
  }
}

/** Told by the parser of what is no line of a file. */
function faultOf(error: CsvError | undefined): TableFault {
  const line = error !== undefined && "lines" in error ? Number(error["lines"]) : 0;
  const code = error?.code ?? "";
  const text = CSV_FAULTS[code] ?? `is no line of CSV (${code})`;
  return { line, text };
}

const CSV_FAULTS: Readonly<Record<string, string>> = {
  CSV_MAX_RECORD_SIZE: `has more than ${lineOctetsMax} octets; is a quote not closed?`,
  CSV_QUOTE_NOT_CLOSED: "begins a quote that is not closed",
  CSV_INVALID_CLOSING_QUOTE: "has something behind a closing quote",
  INVALID_OPENING_QUOTE: "has a quote in the middle of a value",
};

function columnsOf(
  cells: readonly string[],
  fault: (fault: TableFault) => void,
): readonly Column[] | undefined {
  const columns: Column[] = [];
  const faults: string[] = [];
  for (const cell of cells) {
    const key = cell.toLowerCase().replaceAll(/[\s_-]/g, "");
    const column = isHeading(key) ? HEADINGS[key] : undefined;
    if (column === undefined)
      faults.push(`${shown(cell)} is no column; there are ${COLUMNS.join(", ")}`);
    else if (columns.includes(column)) faults.push(`the column ${column} is there twice`);
    else columns.push(column);
  }
  const has = (column: Column) => columns.includes(column);
  if (faults.length === 0 && !SELECTORS.some(has))
    faults.push(`one of the columns ${SELECTORS.join(", ")} is needed`);
  if (faults.length === 0 && has("from") !== has("to"))
    faults.push("the columns from and to belong together");
  for (const text of faults) fault({ line: 1, text });
  return faults.length === 0 ? columns : undefined;
}

const SELECTORS: readonly Column[] = ["prefix", "from", "number", "network"];

function isHeading(key: string): key is keyof typeof HEADINGS {
  return Object.hasOwn(HEADINGS, key);
}

function entryOf(
  record: readonly string[],
  columns: readonly Column[],
  line: number,
  fault: (fault: TableFault) => void,
): NumberTableEntry | undefined {
  if (record.length !== columns.length) {
    fault({ line, text: `has ${record.length} values, the first line has ${columns.length}` });
    return undefined;
  }
  const cells: Partial<Record<Column, string>> = {};
  for (const [at, column] of columns.entries()) {
    const cell = record[at] ?? "";
    if (cell !== "") cells[column] = cell;
  }
  try {
    return entryFrom(cells, line);
  } catch (cause) {
    if (!(cause instanceof GatewayError)) throw cause;
    fault({ line, text: cause.message.replace(/\.$/, "") });
    return undefined;
  }
}

function entryFrom(cells: Cells, line: number): NumberTableEntry {
  const { network = "", provider = "" } = cells;
  for (const name of [network, provider])
    if (!/^[\p{L}\p{N}_./@:+ -]{0,128}$/u.test(name)) throw wrong(`${shown(name)} is no name`);
  const stretch = stretchOf(cells);
  const blocked = yesOrNo(cells.blocked);
  const isMember = stretch !== undefined && network !== "";
  if (stretch === undefined && network === "")
    throw wrong(`names no number: one of ${SELECTORS.join(", ")} is needed`);
  if (isMember && (provider !== "" || blocked))
    throw wrong(
      "names a network; its own lines say where that goes, so nothing else may stand here",
    );
  if (!isMember && provider === "" && !blocked) throw wrong("names no provider");
  const price = cells.price === undefined ? undefined : Number(parseAmount(cells.price));
  return {
    line,
    low: stretch?.low ?? ofNetwork,
    high: stretch?.high ?? ofNetwork,
    network,
    provider,
    price,
    quality: cells.quality === undefined ? undefined : whole(cells.quality, "quality", 100),
    weight: cells.weight === undefined ? 1 : whole(cells.weight, "weight", weightMax),
    validFromS: cells.valid_from === undefined ? 0 : seconds(cells.valid_from),
    blocked,
  };
}

/** undefined: the line is for a network. */
function stretchOf({ prefix, from, to, number }: Cells): Stretch | undefined {
  const given = [prefix, from ?? to, number].filter((one) => one !== undefined);
  if (given.length === 0) return undefined;
  if (given.length > 1) throw wrong("has more than one of prefix, from and to, and number");
  if (prefix !== undefined) return prefixStretch(digits(prefix, "prefix"));
  if (number !== undefined) return exactStretch(digits(number, "number"));
  if (from === undefined || to === undefined) throw wrong("from and to belong together");
  const first = digits(from, "from");
  const last = digits(to, "to");
  if (first.length !== last.length) throw wrong("from and to must have the same number of digits");
  if (first > last) throw wrong(`from ${first} is above to ${last}`);
  return rangeStretch(first, last);
}

function digits(text: string, what: string): string {
  const bare = text.startsWith("+") ? text.slice(1) : text;
  if (/^\d+$/.test(bare) && bare.length <= digitsMax) return bare;
  // What a spreadsheet makes of a long number.
  const why = /^\d[.,]?\d*E\+?\d+$/i.test(bare)
    ? "a spreadsheet has rounded it; keep that column as text"
    : `it must be 1 to ${digitsMax} digits, with or without +`;
  throw wrong(`${what} ${shown(text)}: ${why}`);
}

function whole(text: string, what: string, most: number): number {
  if (/^\d{1,4}$/.test(text) && Number(text) <= most) return Number(text);
  throw wrong(`${what} ${shown(text)}: it must be a whole number from 0 to ${most}`);
}

function yesOrNo(text = "no"): boolean {
  const lower = text.toLowerCase();
  if (["yes", "true", "1", "x"].includes(lower)) return true;
  if (["no", "false", "0"].includes(lower)) return false;
  throw wrong(`blocked ${shown(text)}: it must be yes or no`);
}

/** `2027-01-31`, `2027-01-31T12:00`, `2027-01-31T12:00:00+01:00`; UTC where no zone is told. */
const time = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(Z|[+-]\d\d:\d\d)?)?$/;

function seconds(text: string): number {
  const [, day, minute = "00:00", second = ":00", zone = "Z"] = time.exec(text) ?? [];
  const ms = Date.parse(`${day}T${minute}${second}${zone}`);
  // Date.parse goes on into March with the 30th of February.
  const exists = day !== undefined && sameDay(day) && !Number.isNaN(ms);
  if (exists && ms >= 0 && ms / 1_000 < 4_294_967_296) return ms / 1_000;
  throw wrong(`valid_from ${shown(text)}: it must be a time like 2027-01-31 or 2027-01-31T12:00Z`);
}

function sameDay(day: string): boolean {
  const ms = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(day);
}

function shown(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}

function wrong(text: string): GatewayError {
  return new GatewayError("bad_request", text);
}
