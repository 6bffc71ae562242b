import { type Kysely, type Transaction, sql } from "kysely";
import { firstIdAt } from "../model/id.ts";
import { partsOfBody } from "./parts-of-body.ts";
import type { Tables } from "./tables.ts";

/** Messages of one day that went one way and cost the same; amounts in credits, exact. */
export interface DayRow {
  readonly account: string;
  /** That it went out on; of what was forwarded nowhere, the one that it came in on. */
  readonly channel: string;
  /** The rule of the routing table that took it; empty where a trigger named the channel. */
  readonly route: string;
  /** Of one message as it came in, as networks count. */
  readonly parts: number;
  readonly price: string;
  readonly messages: number;
  /** What is not decided yet. */
  readonly held: string;
  readonly committed: string;
  readonly refunded: string;
}

/** Messages that are counted by one query: a few seconds. */
const messagesPerStretch = 50_000;

/** Of a day; what is more makes a query take longer. */
const stretchesMax = 1_440;

const dayMs = 86_400_000;

/** ms. What was sent once more later than that is counted on the channel that it went out on before. */
const sentWithinMs = 3 * dayMs;

/** Days that can be reported, two years and a month: who has to know longer keeps the report. */
export const reportDaysMax = 762;

/** A time of a day whose messages are counted by one query. */
export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A day in as many stretches as it has messages for; none where nothing was charged. */
export async function stretchesOf(
  db: Kysely<Tables>,
  startMs: number,
  account: string | null,
): Promise<readonly Stretch[]> {
  const { rows } = await sql<{ charged: number }>`
    select count(*)::float8 as charged from state
    where id >= ${firstIdAt(startMs)}::uuid and id < ${firstIdAt(startMs + dayMs)}::uuid
      and charge is not null and (${account}::text is null or payer = ${account})`.execute(db);
  const wanted = Math.ceil((rows[0]?.charged ?? 0) / messagesPerStretch);
  const count = Math.min(wanted, stretchesMax);
  const edge = (n: number): number => startMs + Math.floor((n * dayMs) / count);
  return Array.from({ length: count }, (_, n) => ({ fromMs: edge(n), toMs: edge(n + 1) }));
}

/** What the messages that came in from one moment to another cost, of all accounts or of one. */
export async function chargedIn(
  db: Kysely<Tables>,
  { fromMs, toMs }: Stretch,
  account: string | null,
): Promise<readonly DayRow[]> {
  const until = firstIdAt(toMs + sentWithinMs);
  const { rows } = await sql<DayRow>`
    with charged as (
      select id, root, payer, charge, kept from state
      where id >= ${firstIdAt(fromMs)}::uuid and id < ${firstIdAt(toMs)}::uuid
        and charge is not null and (${account}::text is null or payer = ${account})
    )
    select c.payer as account, way.channel, coalesce(rule.name, '') as route,
      coalesce(own.parts, 1)::integer as parts, c.charge::text as price, count(*)::integer as messages,
      coalesce(sum(c.charge) filter (where c.kept is null), 0)::numeric(20,4)::text as held,
      coalesce(sum(c.kept), 0)::numeric(20,4)::text as committed,
      coalesce(sum(c.charge - c.kept), 0)::numeric(20,4)::text as refunded
    from charged c
    cross join lateral (
      (select id, channel, log, 1 as nearness from message
        where c.id = c.root and root = c.root and id > c.root and id < ${until}::uuid
          and parent is not null and kind = 'sms' and direction = 'out'
        order by id desc limit 1)
      union all
      (select id, channel, log, 2 from message where id = c.id)
      order by nearness limit 1
    ) way
    left join lateral (
      select line #>> '{facts,rule}' as name from jsonb_array_elements(
        case when way.log like '%"routed"%' then way.log::jsonb else '[]' end
      ) with ordinality as l (line, n)
      where line ->> 'what' = 'routed' order by n desc limit 1
    ) rule on true
    left join lateral (
      select ${partsOfBody("m")} as parts from message m where id = c.root
    ) own on true
    group by c.payer, way.channel, rule.name, own.parts, c.charge`.execute(db);
  return rows;
}

/**
 * Writes down what the messages of a day cost, before they are dropped; of all accounts, in one
 * transaction. Once more is no harm. `day`: `20260731`, UTC.
 */
export async function keepDay(db: Kysely<Tables>, day: string): Promise<void> {
  const date = `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`;
  const startMs = Date.parse(date);
  await db.transaction().execute(async (transaction) => {
    await withoutTimeLimit(transaction);
    const stretches = await stretchesOf(transaction, startMs, null);
    if (stretches.length === 0) return;
    await sql`delete from ledger_day where day = ${date}::date`.execute(transaction);
    for (const stretch of stretches) {
      const rows = await chargedIn(transaction, stretch, null);
      if (rows.length === 0) continue;
      await sql`
        insert into ledger_day (day, account, channel, route, parts, price, messages,
          held, committed, refunded)
        select ${date}::date, r.* from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r (
          account text, channel text, route text, parts integer, price numeric, messages bigint,
          held numeric, committed numeric, refunded numeric)
        on conflict (account, day, channel, route, parts, price) do update set
          messages = ledger_day.messages + excluded.messages,
          held = ledger_day.held + excluded.held,
          committed = ledger_day.committed + excluded.committed,
          refunded = ledger_day.refunded + excluded.refunded`.execute(transaction);
    }
  });
}

/** What was written down of a day; undefined while its messages are there to be counted. */
export async function keptDay(
  db: Kysely<Tables>,
  date: string,
  account: string,
): Promise<readonly DayRow[] | undefined> {
  const { rows } = await sql<DayRow>`
    select account, channel, route, parts, price::text, messages::integer, held::text,
      committed::text, refunded::text
    from ledger_day where day = ${date}::date and account = ${account}
    order by channel, route, parts, price`.execute(db);
  return rows.length === 0 ? undefined : rows;
}

/** Of this transaction: it may take minutes, and nobody waits for it. */
export async function withoutTimeLimit(db: Transaction<Tables>): Promise<void> {
  await sql`set local statement_timeout = 0`.execute(db);
}
