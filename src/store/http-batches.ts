import type { Kysely } from "kysely";
import { idFrom } from "../model/id.ts";
import type { Tables } from "./tables.ts";

/** Which messages were sent together; for customers. */
export interface HttpBatches {
  put(batch: {
    readonly id: string;
    readonly account: string;
    readonly items: string;
  }): Promise<void>;
  /** undefined for one that is not kept, or that is another account's. `items` as it was put. */
  get(
    account: string,
    id: string,
  ): Promise<{ readonly id: string; readonly items: string; readonly atMs: number } | undefined>;
}

export function createHttpBatches(db: Kysely<Tables>): HttpBatches {
  return {
    async put({ id, account, items }) {
      await db
        .insertInto("http_batch")
        .values({ id, account, items, at: new Date() })
        .onConflict((conflict) => conflict.column("id").doNothing())
        .execute();
    },
    async get(account, text) {
      const id = idFrom(text);
      if (id === undefined) return undefined;
      const row = await db
        .selectFrom("http_batch")
        .select(["id", "items", "at"])
        .where("id", "=", id)
        .where("account", "=", account)
        .executeTakeFirst();
      return row && { id: row.id, items: row.items, atMs: row.at.getTime() };
    },
  };
}
