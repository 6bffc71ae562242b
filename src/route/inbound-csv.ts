import { CsvError, parse } from "csv-parse/sync";
import { GatewayError } from "../model/error.ts";

/** Lines of one file: reading them stops all else for some 0.2 s. What is more comes in pieces. */
export const importLinesMax = 50_000;

/** A line of a file, and where it stands. */
export interface CsvLine {
  readonly line: number;
  readonly fields: Readonly<Record<string, string>>;
}

/**
 * The lines of a text with a head, separated by comma, semicolon or tab. All faults together: a column
 * that nobody knows, one that must be there and is not, a line with too many fields.
 */
export function csvLines(
  text: string,
  columns: { readonly must: readonly string[]; readonly may: readonly string[] },
): { readonly lines: readonly CsvLine[]; readonly faults: readonly string[] } {
  let records: readonly Parsed[];
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- What `info` makes of each record.
    records = parse(text, {
      bom: true,
      delimiter: [",", ";", "\t"],
      info: true,
      relaxColumnCount: true,
      skipEmptyLines: true,
      // One more than may be, behind the head, tells that there are too many.
      to: importLinesMax + 2,
      trim: true,
    }) as unknown as readonly Parsed[];
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    return { lines: [], faults: [cause.message] };
  }
  if (records.length > importLinesMax + 1) return { lines: [], faults: [tooMany] };
  const [head, ...rest] = records;
  const names = (head?.record ?? []).map((name) => name.toLowerCase());
  const known = [...columns.must, ...columns.may];
  const faults = [
    ...columns.must
      .filter((name) => !names.includes(name))
      .map((name) => `line 1: there is no column ${name}`),
    ...names
      .filter((name) => !known.includes(name))
      .map((name) => `line 1: the column ${name.slice(0, 40)} is unknown; ${known.join(", ")} are`),
  ];
  if (faults.length > 0) return { lines: [], faults };
  const lines: CsvLine[] = [];
  for (const { record, info } of rest) {
    const line = info.lines;
    if (record.length > names.length)
      faults.push(`line ${line}: ${record.length} fields, ${names.length} are named in line 1`);
    else
      lines.push({
        line,
        fields: Object.fromEntries(names.map((name, at) => [name, record[at] ?? ""])),
      });
  }
  return { lines, faults };
}

const tooMany = `it has more than ${importLinesMax} lines; give it in pieces`;

/** Faults of a file that are told at once. */
const faultsTold = 20;

/** Throws `bad_request` with all of them, or the first of many, when there are any. */
export function refuseFaults(faults: readonly string[]): void {
  if (faults.length === 0) return;
  const more = faults.length - faultsTold;
  const told = faults.slice(0, faultsTold).join("; ");
  throw new GatewayError(
    "bad_request",
    `Nothing is imported: ${more > 0 ? `${told}; and ${more} more` : told}`,
  );
}

interface Parsed {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}
