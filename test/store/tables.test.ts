import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { freshDatabase } from "../support/database.ts";

const TYPES: Readonly<Record<string, string>> = {
  uuid: "string",
  text: "string",
  bytea: "Buffer",
  boolean: "boolean",
  bigint: "number",
  integer: "number",
  smallint: "number",
  "double precision": "number",
  numeric: "string",
  ARRAY: "string[]",
  "timestamp with time zone": "Date",
  date: "Date",
};

/** Columns of each interface of tables.ts, read from its text: types are gone when it runs. */
async function declared(): Promise<Map<string, string[]>> {
  const text = await readFile(new URL("../../src/store/tables.ts", import.meta.url), "utf8");
  const bodies = new Map<string, string>();
  for (const [, name = "", body = ""] of text.matchAll(/interface (\w+) \{\n([^}]*)\}/g))
    bodies.set(name, body);
  const tables = new Map<string, string[]>();
  for (const [, table = "", type = ""] of (bodies.get("Tables") ?? "").matchAll(/(\w+): (\w+);/g)) {
    const columns = (bodies.get(type) ?? "").matchAll(/^ {2}(\w+): (.*);$/gm);
    tables.set(
      table,
      [...columns].map(([, name = "", written = ""]) => `${name}: ${plainType(written)}`).sort(),
    );
  }
  return tables;
}

/** The type that is read: without what an insert may leave out, literals as their base. */
function plainType(written: string): string {
  const read = /^(?:Generated|ColumnType)<([^,>]*).*>$/.exec(written)?.[1] ?? written;
  return read
    .split(" | ")
    .map((one) => (one.startsWith('"') || one === "Status" ? "string" : one))
    .filter((one, n, all) => all.indexOf(one) === n)
    .join(" | ");
}

test("tables.ts says of every table what information_schema says", async () => {
  await using db = await freshDatabase();
  const rows = await db.query<{ table: string; column: string; type: string; nullable: boolean }>(`
    select c.relname as table, i.column_name as column, i.data_type as type,
      i.is_nullable = 'YES' as nullable
    from information_schema.columns i
    join pg_class c on c.oid = to_regclass(i.table_name)
    where i.table_schema = 'public' and not c.relispartition and c.relkind <> 'v'
      and c.relname not like 'signalbox_migration%'`);
  const actual = new Map<string, string[]>();
  for (const { table, column, type, nullable } of rows) {
    const columns = actual.get(table) ?? [];
    columns.push(`${column}: ${TYPES[type] ?? type}${nullable ? " | null" : ""}`);
    actual.set(table, columns.sort());
  }
  const written = await declared();
  assert.deepEqual([...written.keys()].sort(), [...actual.keys()].sort());
  for (const [table, columns] of actual) assert.deepEqual(written.get(table), columns, table);
});
