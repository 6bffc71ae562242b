import { type Kysely, sql } from "kysely";

/**
 * What comes in: whose numbers are whose, and who wants no messages. Runs at a start, so no gateway is
 * writing; nothing is read or rewritten, so it takes no time however many messages are kept.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements: readonly string[] = [
  // A number, a range (first-last) or a prefix (+3161*); a keyword shares one among accounts.
  `create table inbound_number (
    pattern text collate "C" not null,
    keyword text collate "C" not null,
    account text not null references account,
    by text not null,
    at timestamptz not null,
    primary key (pattern, keyword)
  )`,

  // Without an account it is for the messages of all.
  `create table opt_out (
    account text collate "C" not null,
    number text collate "C" not null,
    by text not null,
    at timestamptz not null,
    primary key (account, number)
  )`,
];
