// Scripts in the real sandbox that ask a customer's own database, with a real PostgreSQL.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { systemClock } from "../../src/model/clock.ts";
import type { Ruling } from "../../src/model/decision.ts";
import type { BindEvent } from "../../src/model/event.ts";
import { type DataSources, openDataSources } from "../../src/service/data-sources.ts";
import type { DataSourceSettings } from "../../src/service/data-sources-settings.ts";
import { keep, sha1Utf16le } from "../../src/model/kept-password.ts";
import { openTestStore, type TestStore } from "../store/fixtures.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { type RecorderLog, recorderLog } from "../support/log.ts";
import {
  bindRequest,
  messageRequest,
  openScripts,
  type RunningScripts,
  script,
} from "../support/run-trigger.ts";

let ours: TestDatabase;
let theirs: TestDatabase;
let store: TestStore;
let sources: DataSources;
let running: RunningScripts;
const notes: unknown[] = [];
const log: RecorderLog = recorderLog();

const scripts = {
  "owner.ts": script(`
    export const OWNER = onMessage({ channels: ["OWNER"] }, async (m, { db }) => {
      const [owner] = await db.customers\`select system_id from users where address_range = \${m.to}\`;
      if (owner === undefined) m.fail("nobody has it");
      else m.forward({ channel: "SMPP_SERVER1", account: owner.system_id });
    });`),
  "users.ts": script(`
    const by = (scheme) => async (b, { db, accounts }) => {
      const found = await accounts.verify(b, {
        with: db.customers\`select "PasswordHash" from "SmppServerUsers" where "SystemID" = \${b.systemId}\`,
        scheme,
      });
      if (found.ok) b.accept({ account: found.account });
      else b.reject(found.reason);
    };
    export const SHA1 = onBind({ channels: ["SHA1"] }, by("sha1-utf16le"));
    export const SCRYPT = onBind({ channels: ["SCRYPT"] }, by("scrypt"));
    export const PLAIN = onBind({ channels: ["PLAIN"] }, by("plain"));
    export const OTHER = onBind({ channels: ["OTHER"] }, by("md5"));
    export const DOWN = onBind({ channels: ["DOWN"] }, async (b, { db, accounts }) => {
      const found = await accounts.verify(b, { with: db.away\`select 1\`, scheme: "plain" });
      b.reject(found.ok ? "internal" : found.reason);
    });
    export const SEEN = onBind({ channels: ["SEEN"] }, async (b, { db, accounts }) => {
      const query = db.customers\`select "PasswordHash" from "SmppServerUsers" where "SystemID" = \${b.systemId}\`;
      b.trace(JSON.stringify([query, Object.getOwnPropertyNames(query), b]));
      const found = await accounts.verify(b, { with: query, scheme: b.systemId === "Plain" ? "plain" : "sha1-utf16le" });
      b.trace(JSON.stringify(found));
      b.accept();
    });`),
  "anyone.ts": script(`export const ANYONE = onBind({ channels: ["ANYONE"] }, (b) => b.accept());`),
  "try.ts": script(`
    const tried = {
      values: async ({ db }) => db.customers\`select \${"it's"}::text as a, \${7}::int as b, \${true}::bool as c,
        \${null}::text as d, \${12345678901234n}::bigint as e, \${new Date(0)}::timestamptz as f,
        \${new Uint8Array([1, 255])}::bytea as g, \${["a", 'b"\\\\', null]}::text[] as h, \${[[1, 2], [3, 4]]}::int[] as i\`,
      text: async ({ db }) => db.customers("select 1"),
      undefined: async ({ db }) => db.customers\`select \${undefined}\`,
      object: async ({ db }) => db.customers\`select \${{ a: 1 }}\`,
      symbol: async ({ db }) => db.customers\`select \${Symbol("x")}\`,
      nobody: async ({ db }) => db.nobody\`select 1\`,
      broken: async ({ db }) => db.customers\`select nothing from nowhere\`,
      write: async ({ db }) => db.customers\`insert into users values ('Eve', '+1', 1)\`,
      part: async ({ db }) => {
        const only = db.customers\`and address_range = \${"+31600000001"}\`;
        return db.customers\`select system_id, \${5}::int as five from users where \${true} \${only} limit \${1}\`;
      },
      foreign: async ({ db }) => db.customers\`select \${db.away\`x\`}\`,
      twice: async ({ db }) => {
        const query = db.customers\`select \${1}::int as one\`;
        return [await query, (await query) === (await query)];
      },
      many: async ({ db }) => db.customers(Object.assign(Array(1002).fill("x"), { raw: [] }), ...Array(1001).fill(1)),
      rows: async ({ db }) => db.customers\`select generate_series(1, 11)\`,
      large: async ({ db }) => (await db.customers\`select repeat('x', 40000) as x from generate_series(1, 8)\`).length,
    };
    export const TRY = onMessage({ channels: ["TRY"] }, async (m, tools) => {
      try {
        m.trace(JSON.stringify(await tried[m.text](tools)));
      } catch (error) {
        m.trace(error.name + ": " + error.message);
      }
      m.accept();
    });
    export const LOST = onMessage({ channels: ["LOST"] }, (m, { db }) => {
      db.customers\`select 1\`;
      m.accept();
    });`),
  "credits.ts": script(`
    export const ACK = onMessage({ channels: ["CREDITS"] }, async (m, { db }) => {
      const [paid] = await db.billing\`
        with paid as (
          update "SmppServerUsers" set "Credits" = "Credits" - \${m.parts}::integer
          where "SystemID" = \${m.account} and "Credits" >= \${m.parts}::integer
            and not exists (select from debit where event = \${m.id})
          returning "SystemID"
        ), noted as (
          insert into debit (event, system_id, credits)
          select \${m.id}, "SystemID", \${m.parts}::integer from paid
        )
        select (select true from paid) or exists (select from debit where event = \${m.id}) as paid\`;
      if (paid.paid) m.accept();
      else m.reject("no_credit");
    });`),
};

before(async () => {
  ours = await freshDatabase();
  theirs = await freshDatabase({ empty: true });
  store = await openTestStore(ours.url);
  await theirs.query(
    "create table users (system_id text primary key, address_range text not null, credits integer not null)",
  );
  await theirs.query(
    "insert into users values ('Test1', '+31600000001', 1), ('Test2', '+31600000002', 1)",
  );
  await theirs.query(
    `create table "SmppServerUsers" ("SystemID" varchar(16) primary key, "PasswordHash" varchar(200), "Credits" integer not null)`,
  );
  await theirs.query(
    "create table debit (event text primary key, system_id text not null, credits integer not null, at timestamptz not null default now())",
  );
  const { hash } = await keep("Pwd1");
  for (const [id, kept] of [
    ["Sha1", sha1Utf16le("Pwd1")],
    ["Lower", sha1Utf16le("Pwd1").toLowerCase()],
    ["Scrypt", hash],
    ["Plain", "Pwd1"],
    ["None", null],
  ] as const)
    await theirs.query(`insert into "SmppServerUsers" values ($1, $2, 100)`, [id, kept]);
  const usual: DataSourceSettings = {
    url: theirs.url,
    readOnly: true,
    timeoutMs: 2_000,
    rowsMax: 10,
    octetsMax: 1_000_000,
    connectionsMax: 4,
  };
  sources = await openDataSources({
    settings: {
      dataSources: {
        customers: usual,
        billing: { ...usual, readOnly: false, timeoutMs: 20_000 },
        away: { ...usual, url: "postgres://me:TopSecret@127.0.0.1:1/shop" },
      },
    },
    store,
    clock: systemClock,
    log,
    note: (event: BindEvent, facts) => notes.push({ id: event.id, ...facts }),
  });
  running = await openScripts(scripts, {
    calls: sources.calls,
    limits: { eventDeadlineMs: 20_000 },
  });
});

after(async () => {
  await running[Symbol.asyncDispose]();
  await sources.close();
  await store[Symbol.asyncDispose]();
  await ours[Symbol.asyncDispose]();
  await theirs[Symbol.asyncDispose]();
});

const bind = (channel: string, systemId: string, password: string): Promise<Ruling> =>
  running.engine.decide(bindRequest({ channel, systemId, password }));

async function tried(text: string): Promise<string> {
  const ruling = await running.engine.decide(messageRequest({ channel: "TRY", text }));
  assert.equal(ruling.verdict, "accept");
  const [ran] = ruling.ran;
  const trace =
    ran !== undefined && "actions" in ran
      ? ran.actions.find((one) => one.do === "trace")
      : undefined;
  return trace?.text ?? "";
}

test("[A69] the owner of a number is found in the customer's table, and by no trick with quotes", async () => {
  const owner = async (to: string) => {
    const ruling = await running.engine.decide(
      messageRequest({ channel: "OWNER", to, origin: "provider" }),
    );
    const [ran] = ruling.ran;
    return ran !== undefined && "actions" in ran ? ran.actions[0] : ran;
  };
  assert.deepEqual(await owner("+31600000002"), {
    do: "forward",
    channel: "SMPP_SERVER1",
    account: "Test2",
  });
  const nobody = { do: "fail", reason: "nobody has it" };
  for (const to of [
    "' OR '1'='1",
    "' or true --",
    "+31600000001'; drop table users; --",
    "\\' or 1=1",
  ])
    assert.deepEqual(await owner(to), nobody);
  assert.equal((await theirs.query("select from users")).length, 2);
});

test("[A29] [A30] [A34] only users of the customer's table may bind: right, wrong, unknown", async () => {
  for (const [channel, id] of [
    ["SHA1", "Sha1"],
    ["SHA1", "Lower"],
    ["SCRYPT", "Scrypt"],
    ["PLAIN", "Plain"],
  ] as const) {
    const right = await bind(channel, id, "Pwd1");
    assert.deepEqual([right.verdict, right.verdict === "accept" && right.account], ["accept", id]);
    const wrong = await bind(channel, id, "pwd1");
    assert.equal(wrong.verdict === "reject" && wrong.code, "bad_password");
    const unknown = await bind(channel, "Nobody", "Pwd1");
    assert.equal(unknown.verdict === "reject" && unknown.code, "unknown_account");
  }
  const empty = await bind("SHA1", "None", "");
  assert.equal(empty.verdict === "reject" && empty.code, "unknown_account");
});

test("[A34] a bind trigger without a look-up lets anyone in", async () => {
  const ruling = await bind("ANYONE", "Whoever", "whatever");
  assert.equal(ruling.verdict, "accept");
});

test("a hash is no password, and what is no hash of the scheme is told without repeating it", async () => {
  const hash = sha1Utf16le("Pwd1");
  const ruling = await bind("SHA1", "Sha1", hash);
  assert.equal(ruling.verdict === "reject" && ruling.code, "bad_password");
  for (const [channel, id] of [
    ["SHA1", "Plain"],
    ["SCRYPT", "Sha1"],
  ] as const) {
    const broken = await bind(channel, id, "Pwd1");
    assert.equal(broken.verdict, "undecided");
    const text = broken.verdict === "undecided" ? broken.text : "";
    assert.match(text, /the first column is nothing of the scheme/);
    assert.doesNotMatch(text, /Pwd1|DC215545/);
  }
  const other = await bind("OTHER", "Sha1", "Pwd1");
  assert.match(
    other.verdict === "undecided" ? other.text : "",
    /scheme is "sha1-utf16le", "scrypt"/,
  );
});

test("a data source that is down refuses a bind for a while, and tells so without its password", async () => {
  const ruling = await bind("DOWN", "Sha1", "Pwd1");
  assert.equal(ruling.verdict === "reject" && ruling.code, "data_source_down");
  const told = JSON.stringify([
    notes,
    log.lines,
    running.log.lines,
    sources.list(),
    await sources.test("away"),
  ]);
  assert.match(told, /nobody listens there/);
  assert.doesNotMatch(told, /TopSecret/);
  assert.doesNotMatch(told, /DC215545/);
});

test("[X16] what a verify compares never comes into the isolate, a hash or a clear text", async () => {
  for (const id of ["Sha1", "Plain"]) {
    const told = JSON.stringify(await bind("SEEN", id, "Pwd1"));
    assert.match(told, /\\"ok\\":true/);
    assert.doesNotMatch(told, /DC215545/i);
    assert.doesNotMatch(told, /Pwd1/);
  }
});

test("values of each type reach PostgreSQL as what they are", async () => {
  assert.deepEqual(JSON.parse(await tried("values")), [
    {
      a: "it's",
      b: 7,
      c: true,
      d: null,
      e: 12345678901234,
      f: "1970-01-01T00:00:00.000Z",
      g: "\\x01ff",
      h: ["a", 'b"\\', null],
      i: [
        [1, 2],
        [3, 4],
      ],
    },
  ]);
});

test("what cannot be asked is an error that says how it is meant", async () => {
  assert.match(
    await tried("text"),
    /^TypeError: db.customers takes a template and no text.*db.customers`select/,
  );
  assert.match(await tried("undefined"), /^TypeError: value 1 .* undefined; write null/);
  assert.match(await tried("object"), /^TypeError: value 1 .* no type that a database knows/);
  assert.match(await tried("symbol"), /^TypeError: value 1 .* \(symbol\)/);
  assert.match(
    await tried("nobody"),
    /^Error: there is no data source "nobody"; .* names customers, billing, away/,
  );
  assert.match(
    await tried("broken"),
    /^Error: customers: relation "nowhere" does not exist \(SQLSTATE 42P01\)/,
  );
  assert.match(
    await tried("write"),
    /^Error: customers: cannot execute INSERT in a read-only transaction; .* readOnly: false/,
  );
  assert.match(
    await tried("foreign"),
    /^TypeError: a query of db.away is no part of one of db.customers/,
  );
  assert.match(await tried("many"), /^Error: a statement has at most 1000 values/);
  assert.match(
    await tried("rows"),
    /^Error: customers: the answer has more than 10 rows \(rowsMax\)/,
  );
  assert.match(await tried("large"), /^Error: the answer is larger than 262144 octets/);
});

test("a query is part of another one, and one that is awaited twice runs once", async () => {
  assert.deepEqual(JSON.parse(await tried("part")), [{ system_id: "Test1", five: 5 }]);
  assert.deepEqual(JSON.parse(await tried("twice")), [[{ one: 1 }], true]);
});

test("a query that nobody awaits does not run, and the log tells so", async () => {
  const before = sources.list().find(({ name }) => name === "customers")?.calls;
  await running.engine.decide(messageRequest({ channel: "LOST" }));
  const lines = running.log.lines.map((line) => line["text"]);
  assert.ok(lines.includes("a query that nobody awaited did not run"));
  assert.equal(sources.list().find(({ name }) => name === "customers")?.calls, before);
});

test("[A44] credits of the customer's own table are taken, and none are none", async () => {
  await theirs.query(`insert into "SmppServerUsers" values ('Poor', '', 3)`);
  const send = async (id: string, parts: number) => {
    const request = messageRequest({ channel: "CREDITS", id, parts });
    assert.ok(request.kind === "message");
    const { event } = request;
    const message = { ...event.message, account: "Poor" };
    const ruling = await running.engine.decide({ kind: "message", event: { ...event, message } });
    return ruling.verdict === "reject" ? ruling.code : ruling.verdict;
  };
  assert.equal(await send("poor-1", 2), "accept");
  assert.equal(await send("poor-2", 2), "no_credit");
  assert.equal(await send("poor-3", 1), "accept");
  assert.equal(await send("poor-4", 1), "no_credit");
  // The same event once more, as after a restart of the gateway: it has been paid.
  assert.equal(await send("poor-1", 2), "accept");
  const [left] = await theirs.query(
    `select "Credits" as credits from "SmppServerUsers" where "SystemID" = 'Poor'`,
  );
  assert.deepEqual(left, { credits: 0 });
});

test("[A44] a host that is killed in the middle of calls takes each credit exactly once", async () => {
  await theirs.query(`insert into "SmppServerUsers" values ('Test1', '', 1000)`);
  const ids = Array.from({ length: 200 }, (_, at) => `kill-${at}`);
  const rulings = ids.map((id) =>
    running.engine.decide(messageRequest({ channel: "CREDITS", id })),
  );
  // Some have been answered by then, some are being asked, and some have not been begun.
  const paid = "select from debit where event like 'kill-%'";
  while ((await theirs.query(paid)).length < 20);
  process.kill(running.engine.facts().hosts[0] ?? 0, "SIGKILL");
  const undecided = (await Promise.all(rulings)).filter(({ verdict }) => verdict !== "accept");
  assert.deepEqual(undecided, []);
  const [left] = await theirs.query(
    `select "Credits" as credits from "SmppServerUsers" where "SystemID" = 'Test1'`,
  );
  assert.deepEqual(left, { credits: 800 });
  const debits = await theirs.query("select from debit where event like 'kill-%'");
  assert.equal(debits.length, 200);
});
