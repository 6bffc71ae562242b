import { type Kysely, type Transaction, sql } from "kysely";
import { type Amount, amountText, unitsPerCredit } from "../model/amount.ts";
import type { Tables } from "./tables.ts";

/** How far a check has come, in blocks of 8 KiB of the tables. */
export interface CheckStep {
  readonly done: number;
  readonly total: number;
}

export interface CheckedLedger {
  readonly accounts: number;
  readonly entries: number;
  /** Credits, exact: of all accounts that were looked at. */
  readonly balance: string;
  readonly held: string;
  readonly committed: string;
  /** Of each account that does not add up what is wrong; at most `faultsMax`. Empty: all is well. */
  readonly faults: readonly string[];
}

/** Accounts that are named; the first one is where one begins to look. */
const faultsMax = 20;

/** Blocks that one query reads: 16 MiB, some tens of milliseconds. */
const blocksPerStep = 2_048;

/** What the entries of an account add up to, in units. */
interface Sums {
  paidIn: Amount;
  held: Amount;
  committed: Amount;
  refunded: Amount;
}

/**
 * Proves for each account that what was paid in, less what was committed and is held, is its balance,
 * and that what is held is what its unsettled messages hold. All is read in one snapshot, a stretch of
 * blocks at a time, so that no index is needed, memory holds the accounts only, and work goes on.
 */
export async function* checkLedger(
  db: Kysely<Tables>,
  account: string | undefined,
): AsyncGenerator<CheckStep, CheckedLedger, void> {
  const transaction = await db
    .startTransaction()
    .setIsolationLevel("repeatable read")
    .setAccessMode("read only")
    .execute();
  try {
    // A day that is dropped in between would be missing.
    await sql`lock table state, ledger in access share mode`.execute(transaction);
    const sums = new Map<string, Sums>();
    const held = new Map<string, Amount>();
    const tables = await tablesOf(transaction);
    const total = tables.reduce((all, { blocks }) => all + blocks, 0);
    let done = 0;
    let entries = 0;
    for (const { name, blocks } of tables)
      for (let from = 0; from < blocks; from += blocksPerStep) {
        if (name === "ledger") entries += await addEntries(transaction, { from, account }, sums);
        else await addHeld(transaction, { name, from, account }, held);
        done += Math.min(blocksPerStep, blocks - from);
        yield { done, total };
      }
    const balances = await balancesOf(transaction, account);
    return concluded({ sums, held, balances, entries });
  } finally {
    await transaction.rollback().execute();
  }
}

async function tablesOf(
  db: Transaction<Tables>,
): Promise<readonly { readonly name: string; readonly blocks: number }[]> {
  const { rows } = await sql<{ name: string; blocks: number }>`
    select t.relid::text as name,
      (pg_relation_size(t.relid) / current_setting('block_size')::integer)::integer as blocks
    from (
      select 'ledger'::regclass as relid
      union all
      select relid from pg_partition_tree('state') where isleaf
    ) t`.execute(db);
  return rows;
}

/** One stretch of the blocks of a table. */
function stretch(from: number) {
  return sql`ctid >= ${`(${from},0)`}::tid and ctid < ${`(${from + blocksPerStep},0)`}::tid`;
}

/** Adds what the entries of a stretch say; gives how many they are. */
async function addEntries(
  db: Transaction<Tables>,
  { from, account }: { readonly from: number; readonly account: string | undefined },
  sums: Map<string, Sums>,
): Promise<number> {
  const { rows } = await sql<{ account: string; kind: string; units: string; entries: number }>`
    select account, kind, (sum(amount) * ${String(unitsPerCredit)}::numeric)::numeric(40,0)::text as units,
      count(*)::integer as entries
    from ledger where ${stretch(from)} and (${account ?? null}::text is null or account = ${account ?? null})
    group by account, kind`.execute(db);
  let entries = 0;
  for (const row of rows) {
    const sum = sums.get(row.account) ?? { paidIn: 0n, held: 0n, committed: 0n, refunded: 0n };
    sums.set(row.account, sum);
    const units = BigInt(row.units);
    if (row.kind === "hold") sum.held += units;
    else if (row.kind === "commit") sum.committed += units;
    else if (row.kind === "refund") sum.refunded += units;
    else sum.paidIn += units;
    entries += row.entries;
  }
  return entries;
}

async function addHeld(
  db: Transaction<Tables>,
  part: { readonly name: string; readonly from: number; readonly account: string | undefined },
  held: Map<string, Amount>,
): Promise<void> {
  const { name, from, account = null } = part;
  const { rows } = await sql<{ account: string; units: string }>`
    select payer as account, (sum(charge) * ${String(unitsPerCredit)}::numeric)::numeric(40,0)::text as units
    from ${sql.id(name)} where ${stretch(from)} and charge is not null and kept is null
      and (${account}::text is null or payer = ${account})
    group by payer`.execute(db);
  for (const row of rows) held.set(row.account, (held.get(row.account) ?? 0n) + BigInt(row.units));
}

async function balancesOf(
  db: Transaction<Tables>,
  account: string | undefined,
): Promise<Map<string, Amount>> {
  const { rows } = await sql<{ id: string; units: string }>`
    select id, (credits * ${String(unitsPerCredit)}::numeric)::numeric(40,0)::text as units from account
    where ${account ?? null}::text is null or id = ${account ?? null}`.execute(db);
  return new Map(rows.map(({ id, units }) => [id, BigInt(units)]));
}

function concluded(found: {
  readonly sums: ReadonlyMap<string, Sums>;
  readonly held: ReadonlyMap<string, Amount>;
  readonly balances: ReadonlyMap<string, Amount>;
  readonly entries: number;
}): CheckedLedger {
  const { sums, held, balances, entries } = found;
  const ids = [...new Set([...balances.keys(), ...sums.keys(), ...held.keys()])].sort();
  const faults: string[] = [];
  const all = { balance: 0n, held: 0n, committed: 0n };
  for (const id of ids) {
    const sum = sums.get(id) ?? { paidIn: 0n, held: 0n, committed: 0n, refunded: 0n };
    const open = sum.held - sum.committed - sum.refunded;
    const inMessages = held.get(id) ?? 0n;
    const balance = balances.get(id) ?? 0n;
    const due = sum.paidIn - sum.committed - open;
    all.balance += balance;
    all.held += open;
    all.committed += sum.committed;
    if (balance !== due)
      faults.push(
        `${id}: ${amountText(sum.paidIn)} paid in - ${amountText(sum.committed)} committed - ${amountText(open)} held is ${amountText(due)}, its balance ${amountText(balance)}`,
      );
    else if (open !== inMessages)
      faults.push(
        `${id}: its entries hold ${amountText(open)}, its messages ${amountText(inMessages)}`,
      );
  }
  return {
    accounts: ids.length,
    entries,
    balance: amountText(all.balance),
    held: amountText(all.held),
    committed: amountText(all.committed),
    faults: faults.slice(0, faultsMax),
  };
}
