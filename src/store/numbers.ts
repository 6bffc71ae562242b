import { type Kysely, sql } from "kysely";
import type { NumberView } from "../model/inbound-view.ts";
import type { Tables } from "./tables.ts";

/** Whose messages to which numbers are; what may stand beside what is decided by who writes. */
export interface NumbersTable {
  /** In the order of pattern and keyword. */
  all(): Promise<NumberView[]>;
  list(page: NumbersPage): Promise<NumberView[]>;
  /** One transaction: takes away, then adds. */
  change(change: NumbersChange): Promise<void>;
  /** Of these the numbers that are an account's own (`account add --number`), with whose. */
  ownedOf(numbers: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Of these the accounts that there are. */
  accountsOf(accounts: readonly string[]): Promise<ReadonlySet<string>>;
}

export interface NumbersPage {
  readonly account: string | undefined;
  /** Rows behind this one: pattern and keyword, a blank between them. */
  readonly after: string;
  readonly limit: number;
}

export interface NumbersChange {
  readonly remove: "all" | readonly Pick<NumberView, "pattern" | "keyword">[];
  readonly add: readonly NumberView[];
}

export function createNumbersTable(db: Kysely<Tables>): NumbersTable {
  const shown = sql<NumberView>`pattern, keyword, account, by,
    (extract(epoch from at) * 1000)::float8 as "atMs"`;
  return {
    async all() {
      const { rows } = await sql<NumberView>`
        select ${shown} from inbound_number order by pattern, keyword`.execute(db);
      return rows;
    },
    async list({ account = null, after, limit }) {
      const [pattern = "", keyword = ""] = after.split(" ");
      const { rows } = await sql<NumberView>`
        select ${shown} from inbound_number
        where (pattern, keyword) > (${pattern}, ${keyword})
          and (${account}::text is null or account = ${account})
        order by pattern, keyword limit ${limit}`.execute(db);
      return rows;
    },
    async change({ remove, add }) {
      await db.transaction().execute(async (transaction) => {
        if (remove === "all") await sql`delete from inbound_number`.execute(transaction);
        else if (remove.length > 0)
          await sql`delete from inbound_number n
            using unnest(${texts(remove, "pattern")}::text[], ${texts(remove, "keyword")}::text[])
              as gone(pattern, keyword)
            where n.pattern = gone.pattern and n.keyword = gone.keyword`.execute(transaction);
        if (add.length > 0)
          await sql`insert into inbound_number (pattern, keyword, account, by, at)
            select pattern, keyword, account, by, to_timestamp(at / 1000)
            from unnest(${texts(add, "pattern")}::text[], ${texts(add, "keyword")}::text[],
              ${texts(add, "account")}::text[], ${texts(add, "by")}::text[],
              ${add.map(({ atMs }) => atMs)}::float8[]) as new(pattern, keyword, account, by, at)`.execute(
            transaction,
          );
      });
    },
    async ownedOf(numbers) {
      if (numbers.length === 0) return new Map();
      const { rows } = await sql<{ number: string; account: string }>`
        select number, account from account_number where number = any (${[...numbers]}::text[])`.execute(
        db,
      );
      return new Map(rows.map(({ number, account }) => [number, account]));
    },
    async accountsOf(accounts) {
      const { rows } = await sql<{ id: string }>`
        select id from account where id = any (${[...accounts]}::text[])`.execute(db);
      return new Set(rows.map(({ id }) => id));
    },
  };
}

function texts<Key extends string>(
  rows: readonly Readonly<Record<Key, string>>[],
  key: Key,
): string[] {
  return rows.map((row) => row[key]);
}
