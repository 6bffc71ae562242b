/** What a backup says of itself before its rows. */
export interface BackupHeader {
  /** Version of Signalbox that made it. */
  readonly signalbox: string;
  /** Version of PostgreSQL, `18.4`. */
  readonly server: string;
  /** Its moment: all that was committed before is in it, nothing of later. Milliseconds since 1970 UTC. */
  readonly atMs: number;
  /** The migrations that its tables have gone through, in their order. */
  readonly schema: readonly string[];
  /** Days that have partitions, `2026-11-21`. */
  readonly days: readonly string[];
  /** In the order in which they are filled: one that others refer to comes first. */
  readonly tables: readonly BackupTable[];
}

export interface BackupTable {
  readonly name: string;
  readonly columns: readonly string[];
  /** As the planner sees it; for a bar that shows progress, not more. */
  readonly rowsEstimated: number;
}

/** Names go into statements, so nothing but names of ours may stand there. */
const namePattern = /^[a-z][a-z0-9_]{0,62}$/;
const dayPattern = /^\d{4}-\d\d-\d\d$/;

/** Reads the header's JSON; undefined when it is not one. */
export function headerFrom(value: unknown): BackupHeader | undefined {
  if (!isRecord(value)) return undefined;
  const { signalbox, server, atMs, schema, days, tables } = value;
  if (typeof signalbox !== "string" || typeof server !== "string") return undefined;
  if (typeof atMs !== "number" || !Number.isFinite(atMs)) return undefined;
  if (!isListOf(schema, isText) || !isListOf(days, isDay) || !isListOf(tables, isTable))
    return undefined;
  return { signalbox, server, atMs, schema, days, tables };
}

/** Reads the JSON of the end; undefined when it is not one. */
export function rowsFrom(
  value: unknown,
): { readonly rows: readonly number[]; readonly sha256: string } | undefined {
  if (!isRecord(value)) return undefined;
  const { rows, sha256 } = value;
  return isListOf(rows, isCount) && typeof sha256 === "string" ? { rows, sha256 } : undefined;
}

function isTable(value: unknown): value is BackupTable {
  if (!isRecord(value)) return false;
  const { name, columns, rowsEstimated } = value;
  return isName(name) && isListOf(columns, isName) && columns.length > 0 && isCount(rowsEstimated);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isListOf<T>(value: unknown, is: (one: unknown) => one is T): value is readonly T[] {
  return Array.isArray(value) && value.every(is);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isName(value: unknown): value is string {
  return isText(value) && namePattern.test(value);
}

function isDay(value: unknown): value is string {
  return isText(value) && dayPattern.test(value) && !Number.isNaN(Date.parse(value));
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
