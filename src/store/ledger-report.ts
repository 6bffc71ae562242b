import { type Kysely, type Transaction, sql } from "kysely";
import { amountText, parseAmount } from "../model/amount.ts";
import { GatewayError } from "../model/error.ts";
import type { LedgerReportRow, LedgerReportSums } from "../model/ledger-view.ts";
import {
  type DayRow,
  chargedIn,
  keptDay,
  reportDaysMax,
  stretchesOf,
  withoutTimeLimit,
} from "./ledger-days.ts";
import type { Tables } from "./tables.ts";

/** How far a report has come, in hours of its month, and what it found since the step before. */
export interface ReportStep {
  readonly done: number;
  readonly total: number;
  readonly rows: readonly LedgerReportRow[];
}

const dayMs = 86_400_000;

const hourMs = 3_600_000;

/** Rows of one step; with the longest notes it is a line of 50,000 characters. */
const rowsPerStep = 50;

/**
 * A month of an account, day by day (UTC): for each way, rule, number of parts and price what messages
 * cost, and what people entered. All is read in one snapshot. Rejects with `bad_request` for what is no
 * month, or one too long ago or to come.
 */
export async function* reportMonth(
  db: Kysely<Tables>,
  asked: { readonly account: string; readonly month: string; readonly nowMs: number },
): AsyncGenerator<ReportStep, LedgerReportSums, void> {
  const { account, month, nowMs } = asked;
  const [fromMs, toMs] = boundsOf(month, nowMs);
  const lastMs = Math.min(toMs, nowMs);
  const total = Math.ceil((lastMs - fromMs) / hourMs);
  const transaction = await db
    .startTransaction()
    .setIsolationLevel("repeatable read")
    .setAccessMode("read only")
    .execute();
  try {
    await withoutTimeLimit(transaction);
    const { opening, knownFromMs } = await openingOf(transaction, account, fromMs);
    const sums = { messages: 0, held: 0n, committed: 0n, refunded: 0n, paidIn: 0n };
    let balance = opening;
    for (let startMs = fromMs; startMs < lastMs; startMs += dayMs) {
      const day = new Date(startMs).toISOString().slice(0, 10);
      const ways = new Map<string, Way>();
      const kept = await keptDay(transaction, day, account);
      for (const row of kept ?? []) addTo(ways, row);
      const endMs = Math.min(startMs + dayMs, lastMs);
      const stretches = kept === undefined ? await stretchesOf(transaction, startMs, account) : [];
      for (const stretch of stretches) {
        for (const row of await chargedIn(transaction, stretch, account)) addTo(ways, row);
        const atMs = Math.min(stretch.toMs, endMs);
        yield { done: Math.floor((atMs - fromMs) / hourMs), total, rows: [] };
      }
      const entries = await entriesOf(transaction, account, startMs);
      balance += entries.change;
      const after = { day, balance: startMs < knownFromMs ? null : amountText(balance) };
      const rows = [...ways.values()].map((way) => rowOf(way, after));
      for (const way of ways.values()) {
        sums.messages += way.messages;
        sums.held += way.held;
        sums.committed += way.committed;
        sums.refunded += way.refunded;
      }
      for (const { kind, amount, by, note } of entries.byHand) {
        sums.paidIn += amount;
        rows.push({ ...nothing, ...after, what: kind, paidIn: amountText(amount), by, note });
      }
      const done = Math.min(total, Math.ceil((endMs - fromMs) / hourMs));
      for (let at = 0; at === 0 || at < rows.length; at += rowsPerStep)
        yield { done, total, rows: rows.slice(at, at + rowsPerStep) };
    }
    return {
      account,
      month,
      opening: amountText(opening),
      paidIn: amountText(sums.paidIn),
      messages: sums.messages,
      held: amountText(sums.held),
      committed: amountText(sums.committed),
      refunded: amountText(sums.refunded),
      balance: amountText(balance),
    };
  } finally {
    await transaction.rollback().execute();
  }
}

/** Messages of a day that are one row of the report; amounts in units. */
interface Way extends Pick<DayRow, "channel" | "route" | "parts" | "price"> {
  messages: number;
  held: bigint;
  committed: bigint;
  refunded: bigint;
}

function addTo(ways: Map<string, Way>, row: DayRow): void {
  const { channel, route, parts, price } = row;
  const key = JSON.stringify([channel, route, parts, price]);
  const fresh = { channel, route, parts, price, messages: 0, held: 0n, committed: 0n };
  const way = ways.get(key) ?? { ...fresh, refunded: 0n };
  way.messages += row.messages;
  way.held += parseAmount(row.held);
  way.committed += parseAmount(row.committed);
  way.refunded += parseAmount(row.refunded);
  ways.set(key, way);
}

const nothing = {
  channel: "",
  route: "",
  parts: 0,
  price: "",
  messages: 0,
  held: "0",
  committed: "0",
  refunded: "0",
};

function rowOf(
  { channel, route, parts, price, messages, held, committed, refunded }: Way,
  after: { readonly day: string; readonly balance: string | null },
): LedgerReportRow {
  return {
    ...after,
    what: "messages",
    channel,
    route,
    parts,
    price: amountText(parseAmount(price)),
    messages,
    held: amountText(held),
    committed: amountText(committed),
    refunded: amountText(refunded),
    paidIn: "0",
    by: null,
    note: null,
  };
}

/** The balance before this moment, and from when on entries tell it day by day. */
async function openingOf(
  db: Transaction<Tables>,
  account: string,
  fromMs: number,
): Promise<{ opening: bigint; knownFromMs: number }> {
  const { rows } = await sql<{ opening: string; rolled: Date | null }>`
    select (a.credits - coalesce(sum(case l.kind
        when 'hold' then -l.amount when 'commit' then 0 else l.amount end), 0))::text as opening,
      max(l.until) as rolled
    from account a
    left join ledger l on l.account = a.id and l.at >= to_timestamp(${fromMs / 1000})
    where a.id = ${account} group by a.credits`.execute(db);
  const [found] = rows;
  if (found === undefined)
    throw new GatewayError("unknown_account", `There is no account ${account}.`);
  const rolledMs = found.rolled?.getTime();
  const knownFromMs = rolledMs === undefined ? 0 : Math.floor(rolledMs / dayMs) * dayMs;
  return { opening: parseAmount(found.opening, { negative: true }), knownFromMs };
}

interface DayEntries {
  /** Of the balance. */
  readonly change: bigint;
  readonly byHand: readonly {
    readonly kind: "opening" | "topup" | "correction";
    readonly amount: bigint;
    readonly by: string | null;
    readonly note: string | null;
  }[];
}

async function entriesOf(
  db: Transaction<Tables>,
  account: string,
  startMs: number,
): Promise<DayEntries> {
  const ofDay = sql`account = ${account} and at >= to_timestamp(${startMs / 1000})
    and at < to_timestamp(${(startMs + dayMs) / 1000})`;
  const { rows } = await sql<{ change: string }>`
    select coalesce(sum(case kind when 'hold' then -amount when 'commit' then 0 else amount end), 0)::text
      as change
    from ledger where ${ofDay}`.execute(db);
  const hands = await sql<{
    kind: "opening" | "topup" | "correction";
    amount: string;
    by: string | null;
    note: string | null;
  }>`select kind, amount::text, by, note from ledger
    where ${ofDay} and kind in ('opening', 'topup', 'correction') order by at`.execute(db);
  return {
    change: parseAmount(rows[0]?.change ?? "0", { negative: true }),
    byHand: hands.rows.map((row) => ({
      ...row,
      amount: parseAmount(row.amount, { negative: true }),
    })),
  };
}

/** Of a month such as `2026-11`: its first moment and that of the next. */
function boundsOf(month: string, nowMs: number): readonly [number, number] {
  const [, year, number] = /^(20\d\d)-(0[1-9]|1[0-2])$/.exec(month) ?? [];
  if (year === undefined || number === undefined)
    throw new GatewayError("bad_request", `"${month.slice(0, 32)}" is no month such as 2026-11.`);
  const fromMs = Date.UTC(Number(year), Number(number) - 1);
  if (fromMs > nowMs) throw new GatewayError("bad_request", `${month} is still to come.`);
  if (fromMs < nowMs - reportDaysMax * dayMs)
    throw new GatewayError("bad_request", `${month} is more than ${reportDaysMax} days ago.`);
  return [fromMs, Date.UTC(Number(year), Number(number))];
}
