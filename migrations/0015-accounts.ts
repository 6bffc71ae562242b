import { type Kysely, sql } from "kysely";

/**
 * What messages cost, by days, for as long as reports are asked for: longer than the messages are kept.
 * A new table only, so it takes no time.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements: readonly string[] = [
  // Filled when the messages of the day are dropped; until then they are counted themselves. parts and
  // price: of one message.
  `create table ledger_day (
    day date not null,
    account text not null,
    channel text not null,
    route text not null,
    parts integer not null,
    price numeric(19,4) not null,
    messages bigint not null,
    held numeric(20,4) not null,
    committed numeric(20,4) not null,
    refunded numeric(20,4) not null,
    primary key (account, day, channel, route, parts, price)
  )`,
  `create index ledger_day_day on ledger_day (day)`,
];
