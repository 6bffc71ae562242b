import type { Kysely } from "kysely";
import { type ApiKey, API_SCOPES, keysOfAccountMax, keysOfNameMax } from "../model/api-key.ts";
import { GatewayError } from "../model/error.ts";
import type { Tables } from "./tables.ts";

/** The keys of customers. All of them are in memory: one is looked up for each request. */
export interface ApiKeys {
  /** By the part of it that is no secret. */
  find(id: string): ApiKey | undefined;
  /** The oldest first; of all accounts when none is named. */
  list(account?: string): readonly ApiKey[];
  /**
   * Rejects with `unknown_account`, or with `too_many_keys` when two of that name, or twenty of the
   * account, have not expired.
   */
  add(key: ApiKey, nowMs: number): Promise<void>;
  /** Sets when it ends. Rejects with `unknown_key`. */
  expire(id: string, atMs: number): Promise<ApiKey>;
  /** Rejects with `unknown_key`. */
  remove(id: string): Promise<ApiKey>;
}

/** Called once per start; nobody else writes to the database. */
export async function createApiKeys(db: Kysely<Tables>): Promise<ApiKeys> {
  const keys = new Map<string, ApiKey>();
  const rows = await db.selectFrom("api_key").selectAll().orderBy("created_at").execute();
  for (const row of rows)
    keys.set(row.id, {
      id: row.id,
      account: row.account,
      name: row.name,
      sha256: row.sha256,
      scopes: API_SCOPES.filter((scope) => row.scopes.includes(scope)),
      allowFrom: row.allow_from,
      createdMs: row.created_at.getTime(),
      expiresMs: row.expires_at?.getTime(),
      by: row.by,
    });

  return {
    find: (id) => keys.get(id),
    list: (account) =>
      [...keys.values()].filter((key) => account === undefined || key.account === account),
    async add(key, nowMs) {
      const { account, name, expiresMs } = key;
      const found = await db
        .selectFrom("account")
        .select("id")
        .where("id", "=", account)
        .executeTakeFirst();
      if (found === undefined)
        throw new GatewayError("unknown_account", `There is no account ${account}.`);
      const live = [...keys.values()].filter(
        (one) => one.account === account && (one.expiresMs ?? Infinity) > nowMs,
      );
      const ofName = live.filter((one) => one.name === name).length;
      if (ofName >= keysOfNameMax)
        throw new GatewayError("too_many_keys", `${account} has two keys named ${name} already.`);
      if (live.length >= keysOfAccountMax)
        throw new GatewayError("too_many_keys", `${account} has ${live.length} keys already.`);
      // Before it is written, so that two at a time cannot both be the last one.
      keys.set(key.id, key);
      try {
        await db
          .insertInto("api_key")
          .values({
            id: key.id,
            account,
            name,
            sha256: key.sha256,
            scopes: [...key.scopes],
            allow_from: key.allowFrom,
            created_at: new Date(key.createdMs),
            expires_at: expiresMs === undefined ? null : new Date(expiresMs),
            by: key.by,
          })
          .execute();
      } catch (cause) {
        keys.delete(key.id);
        throw cause;
      }
    },
    async expire(id, atMs) {
      const key = { ...known(id), expiresMs: atMs };
      await db
        .updateTable("api_key")
        .set({ expires_at: new Date(atMs) })
        .where("id", "=", id)
        .execute();
      keys.set(id, key);
      return key;
    },
    async remove(id) {
      const key = known(id);
      await db.deleteFrom("api_key").where("id", "=", id).execute();
      keys.delete(id);
      return key;
    },
  };

  function known(id: string): ApiKey {
    const key = keys.get(id);
    if (key !== undefined) return key;
    throw new GatewayError("unknown_key", `There is no key ${id}.`);
  }
}
