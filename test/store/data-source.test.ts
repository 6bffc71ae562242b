// A customer's own database under a trigger's statements, with a real PostgreSQL.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { sql } from "kysely";
import {
  type DataSource,
  type DataSourceOptions,
  openDataSource,
} from "../../src/store/data-source.ts";
import { openPool } from "../../src/store/pool.ts";
import { scriptsAddress } from "../../src/store/scripts-schema.ts";
import { freshDatabase, silentLog, type TestDatabase } from "../support/database.ts";
import { startCutProxy } from "./cut-proxy.ts";

let db: TestDatabase;

before(async () => {
  db = await freshDatabase({ empty: true });
  await db.query("create table users (system_id text primary key, credits int not null)");
  await db.query("insert into users values ('Test1', 100), ('Test2', 100)");
  await db.query(
    "create function sneak() returns int language sql as 'insert into users values (''Eve'', 1) returning 1'",
  );
});

after(() => db[Symbol.asyncDispose]());

function source(options: Partial<DataSourceOptions> = {}): DataSource & AsyncDisposable {
  const opened = openDataSource({
    name: "customers",
    address: { connectionString: db.url },
    readOnly: true,
    timeoutMs: 2_000,
    rowsMax: 1_000,
    octetsMax: 262_144,
    connectionsMax: 2,
    log: silentLog,
    ...options,
  });
  return { ...opened, [Symbol.asyncDispose]: () => opened.close() };
}

const failed = (message: RegExp) => ({ code: "data_source_failed", message });
const down = (message: RegExp) => ({ code: "data_source_down", message });

async function users(): Promise<string[]> {
  const rows = await db.query<{ system_id: string }>("select system_id from users order by 1");
  return rows.map((row) => row.system_id);
}

test("a statement gives rows of what JSON can carry, and text for all else", async () => {
  await using customers = source();
  const [row] = await customers.query(
    `select 1::int as one, 2::bigint as two, 1.5::float8 as three, 2.50::numeric as four, true as five,
      null as six, '{"a":[1]}'::jsonb as seven, '2026-01-02 03:04:05+02'::timestamptz as eight,
      '2026-01-02'::date as nine, array['a', null, 'b,"c'] as ten, '\\x0102'::bytea as eleven,
      $1::int + 1 as twelve, $2 as thirteen, 'infinity'::timestamptz as fourteen`,
    ["41", "it's"],
  );
  assert.deepEqual(row, {
    one: 1,
    two: 2,
    three: 1.5,
    four: "2.50",
    five: true,
    six: null,
    seven: { a: [1] },
    eight: "2026-01-02T01:04:05.000Z",
    nine: "2026-01-02",
    ten: ["a", null, 'b,"c'],
    eleven: "\\x0102",
    twelve: 42,
    thirteen: "it's",
    fourteen: "infinity",
  });
});

test("a bigint that no number of JavaScript can be is an error and not another number", async () => {
  await using customers = source();
  await assert.rejects(
    customers.query("select 9007199254740993::bigint as id", []),
    failed(/9007199254740993 is larger .* select that column as text/),
  );
  assert.deepEqual(await customers.query("select 9007199254740993::bigint::text as id", []), [
    { id: "9007199254740993" },
  ]);
});

for (const [how, text] of [
  ["plainly", "insert into users values ('Eve', 1)"],
  ["in a CTE", "with made as (insert into users values ('Eve', 1) returning 1) select * from made"],
  ["in a function", "select sneak()"],
  ["in a block", "do $$ begin insert into users values ('Eve', 1); end $$"],
  [
    "in a block that commits before",
    "do $$ begin commit; insert into users values ('Eve', 1); end $$",
  ],
  [
    "after it has set that it may write, in a block",
    "do $$ begin set transaction read write; insert into users values ('Eve', 1); end $$",
  ],
  [
    "after it has set that it may write, in a function",
    "select set_config('transaction_read_only', 'off', false), sneak()",
  ],
  ["as a table", "create table eve (x int)"],
] as const)
  test(`a source that only reads does not insert ${how}`, async () => {
    await using customers = source({ connectionsMax: 1 });
    await assert.rejects(customers.query(text, []), failed(/SQLSTATE (25006|2D000|25001)/));
    assert.deepEqual(await users(), ["Test1", "Test2"]);
  });

for (const text of [
  "set default_transaction_read_only = off",
  "set session characteristics as transaction read write",
  "set transaction read write",
  "commit",
  "commit and chain",
])
  test(`what \`${text}\` does is gone with the next statement of a source that only reads`, async () => {
    await using customers = source({ connectionsMax: 1 });
    await customers.query(text, []);
    await assert.rejects(
      customers.query("insert into users values ('Eve', 1)", []),
      failed(/read-only transaction; a source that may write says readOnly: false/),
    );
    assert.deepEqual(await users(), ["Test1", "Test2"]);
  });

test("two statements in one are refused, with values and without", async () => {
  await using customers = source({ readOnly: false });
  for (const text of ["select 1; drop table users", "commit; drop table users"])
    await assert.rejects(customers.query(text, []), failed(/multiple commands/));
  assert.deepEqual(await users(), ["Test1", "Test2"]);
});

test("a source that may write writes, and what fails leaves nothing", async () => {
  await using customers = source({ readOnly: false, connectionsMax: 1 });
  const take =
    "update users set credits = credits - $1 where system_id = $2 and credits >= $1 returning credits";
  assert.deepEqual(await customers.query(take, ["1", "Test2"]), [{ credits: 99 }]);
  assert.deepEqual(await customers.query(take, ["1000", "Test2"]), []);
  await assert.rejects(
    customers.query("insert into users values ('Test3', 1), ('Test1', 1)", []),
    failed(/duplicate key .* \(SQLSTATE 23505\)/),
  );
  // The connection is used again.
  assert.deepEqual(
    await customers.query("select credits from users where system_id = 'Test2'", []),
    [{ credits: 99 }],
  );
  assert.deepEqual(await users(), ["Test1", "Test2"]);
  assert.equal(customers.facts().connections, 1);
  assert.equal(customers.facts().errors, 1);
});

test("a statement that takes too long is stopped at the server", async () => {
  await using customers = source({ timeoutMs: 100 });
  await assert.rejects(
    customers.query("select pg_sleep(60)", []),
    failed(/took longer than 100 ms \(timeoutMs\)/),
  );
  const busy = await db.query(
    "select from pg_stat_activity where query like '%pg_sleep(60)%' and state = 'active' and pid <> pg_backend_pid()",
  );
  assert.equal(busy.length, 0);
});

test("a script cannot lift the limit for the statement after it", async () => {
  await using customers = source({ timeoutMs: 100, connectionsMax: 1, readOnly: false });
  await customers.query("set statement_timeout = 0", []);
  await assert.rejects(customers.query("select pg_sleep(60)", []), failed(/longer than 100 ms/));
});

test("a server that falls silent is given up on our side, and asked again when it is back", async () => {
  await using proxy = await startCutProxy(db.url);
  await using customers = source({
    address: { connectionString: proxy.url },
    timeoutMs: 200,
    connectionsMax: 1,
  });
  assert.deepEqual(await customers.query("select 1 as one", []), [{ one: 1 }]);
  proxy.deaf = true;
  await assert.rejects(
    customers.query("select 1 as one", []),
    down(/no answer within 200 ms \(timeoutMs\)/),
  );
  await assert.rejects(customers.query("select 1 as one", []), down(/does not answer in time/));
  proxy.deaf = false;
  assert.deepEqual(await customers.query("select 1 as one", []), [{ one: 1 }]);
});

test("a change whose commit is not answered is told as not known", async () => {
  await using proxy = await startCutProxy(db.url);
  await using customers = source({
    address: { connectionString: proxy.url },
    readOnly: false,
    timeoutMs: 500,
  });
  await db.query("create table slow (x int primary key deferrable initially deferred)");
  await db.query(
    `create function wait() returns trigger language plpgsql as
     'begin perform pg_sleep(0.2); return null; end'`,
  );
  await db.query(
    `create constraint trigger late after insert on slow deferrable initially deferred
     for each row execute function wait()`,
  );
  const writing = customers.query("insert into slow values (1)", []);
  // The statement itself has been answered as soon as the commit is what the server works on.
  const atCommit = "select from pg_stat_activity where query = 'commit' and state = 'active'";
  while ((await db.query(atCommit)).length === 0);
  proxy.deaf = true;
  await assert.rejects(writing, down(/whether the change was made is not known/));
});

test("one row too many is an error that names the bound", async () => {
  await using customers = source({ rowsMax: 3 });
  assert.equal((await customers.query("select generate_series(1, 3)", [])).length, 3);
  await assert.rejects(
    customers.query("select generate_series(1, 1000000)", []),
    failed(/more than 3 rows \(rowsMax\)/),
  );
  assert.equal((await customers.query("select generate_series(1, 3)", [])).length, 3);
});

test("an answer too large is an error before it is in memory, also in one value", async () => {
  await using customers = source({ octetsMax: 10_000, timeoutMs: 10_000 });
  assert.equal((await customers.query("select repeat('x', 9000)", [])).length, 1);
  const before = process.memoryUsage().arrayBuffers;
  await assert.rejects(
    customers.query("select repeat('x', 20000000)", []),
    failed(/more than 10000 octets \(octetsMax\)/),
  );
  assert.ok(process.memoryUsage().arrayBuffers - before < 10_000_000);
  await assert.rejects(
    customers.query("select generate_series(1, 100000)", []),
    failed(/octetsMax|rowsMax/),
  );
});

test("a change whose answer is too large is not made", async () => {
  await using customers = source({ readOnly: false, rowsMax: 1 });
  await assert.rejects(
    customers.query("insert into users values ('X', 1), ('Y', 1) returning system_id", []),
    failed(/rowsMax/),
  );
  assert.deepEqual(await users(), ["Test1", "Test2"]);
});

test("statements above the connections wait, and at most as long as one may", async () => {
  await using customers = source({ connectionsMax: 1, timeoutMs: 1_000 });
  const all = await Promise.all(
    Array.from({ length: 20 }, (_, at) => customers.query("select $1::int as at", [String(at)])),
  );
  assert.deepEqual(
    all.map(([row]) => row?.["at"]),
    Array.from({ length: 20 }, (_, at) => at),
  );
  assert.equal(customers.facts().connections, 1);
  const outcomes = await Promise.allSettled([
    customers.query("select pg_sleep(60)", []),
    customers.query("select 1", []),
  ]);
  assert.match(String(outcomes[0].status === "rejected" && outcomes[0].reason), /longer than/);
  if (outcomes[1].status === "rejected")
    assert.match(String(outcomes[1].reason), /connections were in use for 1000 ms/);
});

test("a connection that ended is made anew", async () => {
  await using customers = source({ connectionsMax: 1 });
  const [row] = await customers.query("select pg_backend_pid() as pid", []);
  const running = customers.query("select pg_sleep(60)", []);
  await Promise.all([
    assert.rejects(running, down(/customers: /)),
    db.query("select pg_terminate_backend($1)", [row?.["pid"]]),
  ]);
  const [again] = await customers.query("select pg_backend_pid() as pid", []);
  assert.notEqual(again?.["pid"], row?.["pid"]);
});

test("a database that is not there is told in words, without the password", async () => {
  const port = await freePort();
  for (const [url, words] of [
    [`postgres://me:TopSecret@127.0.0.1:${port}/shop`, /nobody listens there/],
    ["postgres://me:TopSecret@nowhere.invalid/shop", /no host of this name|cannot be looked up/],
    [db.url.replace(db.name, "no_such_database"), /no database of this name/],
    [db.url.replace("signalbox@", "nobody:TopSecret@"), /does not let this role in/],
  ] as const) {
    await using customers = source({ address: { connectionString: url } });
    await assert.rejects(customers.query("select 1", []), down(words));
    const told = await customers.test();
    assert.equal(told.ok, false);
    assert.match(told.ok ? "" : told.trouble.what, words);
    assert.doesNotMatch(JSON.stringify(told), /TopSecret/);
  }
});

test("[A35] a test tells server, role, whether it is encrypted, and how long it takes", async () => {
  await using customers = source();
  const told = await customers.test();
  assert.ok(told.ok);
  assert.match(told.version, /^\d+\.\d+/);
  assert.equal(told.role, "signalbox");
  assert.equal(told.database, db.name);
  assert.equal(told.tls, false);
  assert.ok(told.connectMs > 0 && told.answerMs > 0);
  assert.match(told.warnings.join(), /superuser/);
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

test("`own` is refused with what to run where we may make no role, and nothing is left of the try", async () => {
  await using limited = await freshDatabase();
  const role = `limited_${process.pid}`;
  await limited.query(`create role ${role} login`);
  try {
    await limited.query(`grant create on database ${limited.name} to ${role}`);
    const address = { connectionString: limited.url.replace("signalbox@", `${role}@`) };
    const pool = openPool(address, silentLog);
    try {
      await assert.rejects(scriptsAddress(pool, address, false), {
        code: "bad_configuration",
        message:
          /`own` needs a role that we may not make here.* create role signalbox_scripts login/,
      });
    } finally {
      await pool.destroy();
    }
    assert.deepEqual(await limited.query("select from pg_namespace where nspname = 'scripts'"), []);
  } finally {
    await limited.query(`drop owned by ${role}`);
    await limited.query(`drop role ${role}`);
  }
});

test("`own` of the embedded server needs no password, and its role sees nothing but its schema", async () => {
  await using whole = await freshDatabase();
  const at = new URL(whole.url.replace("@/", "@localhost/"));
  const host = at.searchParams.get("host") ?? "";
  const embedded = { host, port: 5432, user: "signalbox", database: whole.name };
  const pool = openPool(embedded, silentLog);
  try {
    for (const time of ["first", "second"]) {
      const address = await scriptsAddress(pool, embedded, true);
      assert.equal(address.password, undefined);
      await using notes = source({ address, readOnly: false });
      await notes.query("create table if not exists notes (what text)", []);
      await notes.query("insert into notes values ($1)", [time]);
      await assert.rejects(notes.query("select * from public.account", []), failed(/42501/));
      await assert.rejects(notes.query("select * from public.message", []), failed(/42501/));
    }
    const { rows } = await sql<{ what: string }>`select what from scripts.notes`.execute(pool);
    assert.deepEqual(rows, [{ what: "first" }, { what: "second" }]);
  } finally {
    await pool.destroy();
  }
});
