/**
 * A record for billing: one try of one part of a message, or a message that was never tried. The same
 * names in the view of the database, in files and in the admin API; times are ISO 8601 in UTC, what a
 * thing does not have is null.
 */
export interface RecordView {
  /** Our id of what came in: the one that its sender was given. */
  readonly root: string;
  /** Our id of what went out; that of `root` where nothing did. */
  readonly message: string;
  /** What its sender was given, where that was one of eight digits. */
  readonly short_id: string | null;
  readonly provider_id: string | null;
  readonly account: string | null;
  readonly channel_in: string;
  readonly channel_out: string | null;
  readonly provider_address: string | null;
  readonly from_address: string;
  readonly to_address: string;
  readonly sent_from: string | null;
  readonly sent_to: string | null;
  readonly received_at: string;
  readonly tried_at: string | null;
  readonly status_at: string;
  readonly try: number | null;
  readonly part: number;
  readonly parts: number;
  readonly status: string;
  readonly try_status: string | null;
  /** What the peer said of this try, in its own words. */
  readonly peer_error: string | null;
  /** What the message ended with. */
  readonly error: string | null;
  /** What its sender was told last: `stat:` and `err:` of the receipt. */
  readonly told_state: string | null;
  readonly told_error: string | null;
  readonly payer: string | null;
  /** Credits, exact. In one record of each message, so that sums are right. */
  readonly charge: string | null;
  readonly kept: string | null;
  /** `FORWARD:3 CHARGE:1`: the triggers that took it, with their versions. */
  readonly triggers: string | null;
  /** The rules of the routing table. */
  readonly routes: string | null;
  readonly maybe_twice: boolean;
}

export const recordColumns = [
  "root",
  "message",
  "short_id",
  "provider_id",
  "account",
  "channel_in",
  "channel_out",
  "provider_address",
  "from_address",
  "to_address",
  "sent_from",
  "sent_to",
  "received_at",
  "tried_at",
  "status_at",
  "try",
  "part",
  "parts",
  "status",
  "try_status",
  "peer_error",
  "error",
  "told_state",
  "told_error",
  "payer",
  "charge",
  "kept",
  "triggers",
  "routes",
  "maybe_twice",
] as const satisfies readonly (keyof RecordView)[];

export const recordFormats = ["csv", "jsonl"] as const;

export type RecordFormat = (typeof recordFormats)[number];

/** The first line of a file; empty where there is none. */
export function recordHead(format: RecordFormat): string {
  return format === "csv" ? `${recordColumns.join(",")}\r\n` : "";
}

/** One record as one line, also where a peer has sent line ends: CSV has spaces for them. */
export function recordLine(record: RecordView, format: RecordFormat): string {
  if (format === "jsonl") return `${JSON.stringify(record)}\n`;
  return `${recordColumns.map((column) => field(record[column])).join(",")}\r\n`;
}

/** `records-2026-11-20.csv` */
export function recordFile(day: string, format: RecordFormat): string {
  return `records-${day}.${format}`;
}

const controls = /[\0-\x1f\x7f]/g; // oxlint-disable-line no-control-regex

/** RFC 4180. */
function field(value: string | number | boolean | null): string {
  if (value === null) return "";
  if (typeof value !== "string") return String(value);
  const line = value.replaceAll(controls, " ");
  return /[",]|^ | $/.test(line) ? `"${line.replaceAll('"', '""')}"` : line;
}
