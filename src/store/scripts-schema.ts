import { randomBytes } from "node:crypto";
import { type Kysely, sql } from "kysely";
import { GatewayError } from "../model/error.ts";
import type { DatabaseAddress } from "./gateway-lock.ts";
import type { Tables } from "./tables.ts";

/** What scripts keep in our own database stands in a schema of its own, owned by a role of its own. */
const schemaName = "scripts";

/** PostgreSQL: insufficient_privilege (manual, appendix A). */
const notAllowed = "42501";

/**
 * Called at each start that has a data source `own`. A role is known to the whole server, so its name
 * tells of which database it is. The embedded server lets in who reaches its socket; elsewhere the role
 * gets a new password at each start, which nobody else knows.
 */
export async function scriptsAddress(
  db: Kysely<Tables>,
  address: DatabaseAddress,
  embedded: boolean,
): Promise<DatabaseAddress> {
  const { rows } = await sql<{ role: string; database: string; there: boolean }>`
    select role, database, exists (select from pg_roles where rolname = role) as there
    from (
      select 'signalbox_scripts_' || oid as role, datname as database
      from pg_database where datname = current_database()
    ) as own`.execute(db);
  const [own] = rows;
  if (own === undefined) throw new Error("pg_database does not show our own database");
  const { role, database, there } = own;
  // base64url has no quote in it.
  const password = embedded ? undefined : randomBytes(24).toString("base64url");
  const role_ = sql.id(role);
  const options = sql.raw(
    `login nosuperuser nocreatedb nocreaterole noreplication${password === undefined ? "" : ` password '${password}'`}`,
  );
  try {
    await db.transaction().execute(async (transaction) => {
      await sql`${sql.raw(there ? "alter" : "create")} role ${role_} ${options}`.execute(
        transaction,
      );
      await sql`create schema if not exists ${sql.id(schemaName)}`.execute(transaction);
      await sql`alter schema ${sql.id(schemaName)} owner to ${role_}`.execute(transaction);
      await sql`alter role ${role_} in database ${sql.id(database)}
        set search_path = ${sql.id(schemaName)}`.execute(transaction);
      // Before PostgreSQL 15 everybody could make tables between ours.
      await sql`revoke create on schema public from public`.execute(transaction);
    });
  } catch (cause) {
    if (!(cause instanceof Error) || !("code" in cause) || cause.code !== notAllowed) throw cause;
    throw new GatewayError(
      "bad_configuration",
      `dataSources: \`own\` needs a role that we may not make here. Let an administrator run: create role signalbox_scripts login password '...'; create schema ${schemaName} authorization signalbox_scripts; alter role signalbox_scripts set search_path = ${schemaName}; and write that role's postgres:// URL in place of own`,
      { cause },
    );
  }
  if (address.connectionString === undefined)
    return { ...address, user: role, ...(password === undefined ? {} : { password }) };
  return { connectionString: withRole(address.connectionString, role, password ?? "") };
}

function withRole(url: string, role: string, password: string): string {
  // Of a server on this machine only the socket's folder is named; a URL must have a host.
  const onSocket = url.includes("@/") || url.includes(":///");
  const parsed = new URL(url.replace("@/", "@localhost/").replace(":///", "://localhost/"));
  parsed.username = role;
  parsed.password = password;
  const made = parsed.toString();
  return onSocket ? made.replace("@localhost/", "@/") : made;
}
