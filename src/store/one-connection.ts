import { Kysely, PostgresDialect } from "kysely";
import type pg from "pg";
import type { Tables } from "./tables.ts";

/**
 * Kysely over one connection that somebody else opened and ends: what is asked through it and what is
 * copied over the connection itself are one transaction. One query at a time.
 */
export function kyselyOver(client: pg.Client): Kysely<Tables> {
  // A pool of one, which is never given back.
  const lent = Object.assign(client, { release: () => undefined });
  const pool = { connect: async () => lent, end: async () => undefined, options: {} };
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
}
