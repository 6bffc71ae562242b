import { type Kysely, sql } from "kysely";
import type { OptOutView } from "../model/inbound-view.ts";
import type { Tables } from "./tables.ts";

/** Who wants no messages, and from whom. */
export interface OptOutsTable {
  /** All of them, for memory: account and number. */
  all(): Promise<Pick<OptOutView, "account" | "number">[]>;
  list(page: OptOutsPage): Promise<OptOutView[]>;
  /** What is said of one number, by whom and when. */
  of(number: string): Promise<OptOutView[]>;
  /** What stands there stays as it is. */
  add(rows: readonly OptOutView[]): Promise<void>;
  remove(rows: readonly Pick<OptOutView, "account" | "number">[]): Promise<void>;
}

export interface OptOutsPage {
  /** undefined: of all; empty: those for everybody. */
  readonly account: string | undefined;
  /** Rows behind this one: number and account, a blank between them. */
  readonly after: string;
  readonly limit: number;
}

export function createOptOutsTable(db: Kysely<Tables>): OptOutsTable {
  const shown = sql<OptOutView>`number, account, by,
    (extract(epoch from at) * 1000)::float8 as "atMs"`;
  return {
    async all() {
      return db.selectFrom("opt_out").select(["account", "number"]).execute();
    },
    async list({ account = null, after, limit }) {
      const [number = "", ofAccount = ""] = after.split(" ");
      const { rows } = await sql<OptOutView>`
        select ${shown} from opt_out
        where (number, account) > (${number}, ${ofAccount})
          and (${account}::text is null or account = ${account})
        order by number, account limit ${limit}`.execute(db);
      return rows;
    },
    async of(number) {
      const { rows } = await sql<OptOutView>`
        select ${shown} from opt_out where number = ${number} order by account`.execute(db);
      return rows;
    },
    async add(rows) {
      await sql`insert into opt_out (account, number, by, at)
        select account, number, by, to_timestamp(at / 1000)
        from unnest(${rows.map(({ account }) => account)}::text[],
          ${rows.map(({ number }) => number)}::text[], ${rows.map(({ by }) => by)}::text[],
          ${rows.map(({ atMs }) => atMs)}::float8[]) as new(account, number, by, at)
        on conflict do nothing`.execute(db);
    },
    async remove(rows) {
      await sql`delete from opt_out o
        using unnest(${rows.map(({ account }) => account)}::text[],
          ${rows.map(({ number }) => number)}::text[]) as gone(account, number)
        where o.account = gone.account and o.number = gone.number`.execute(db);
    },
  };
}
