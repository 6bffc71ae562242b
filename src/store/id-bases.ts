import { type Kysely, sql } from "kysely";
import { type IdBase, ID_BASES } from "../model/provider-id.ts";
import type { Tables } from "./tables.ts";

/** What was learnt about how provider groups write ids in their reports; read once per start. */
export interface IdBasesTable {
  all(): Promise<Map<string, IdBase>>;
  put(provider: string, base: IdBase): Promise<void>;
}

export function createIdBasesTable(db: Kysely<Tables>): IdBasesTable {
  return {
    async all() {
      const rows = await db.selectFrom("id_base").select(["provider", "base"]).execute();
      const known = new Map<string, IdBase>();
      // A base of another version of this program is learnt anew.
      for (const row of rows) {
        const base = ID_BASES.find((one) => one === row.base);
        if (base !== undefined) known.set(row.provider, base);
      }
      return known;
    },
    async put(provider, base) {
      await db
        .insertInto("id_base")
        .values({ provider, base })
        .onConflict((conflict) =>
          conflict.column("provider").doUpdateSet({ base, since: sql`now()` }),
        )
        .execute();
    },
  };
}
