// A gateway whose customers, credits and numbers stand in a database of the customer's own.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connectEsme } from "../../src/simulator/esme.ts";
import { askAdmin } from "../support/admin.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { messageRequest } from "../support/run-trigger.ts";

let theirs: TestDatabase;
let gateway: TestGateway;

const sdk = `import { onBind, onMessage, onReport, onStatus } from "signalbox";\n`;

const triggers = {
  "bind.ts": `${sdk}
    export const BIND = onBind({ channels: ["SMPP_SERVER1"] }, async (bind, { accounts, db }) => {
      const found = await accounts.verify(bind, {
        with: db.shop\`select "PasswordHash" from "SmppServerUsers" where "SystemID" = \${bind.systemId}\`,
        scheme: "sha1-utf16le",
      });
      if (found.ok) bind.accept({ account: found.account });
      else bind.reject(found.reason);
    });`,
  "acknowledge.ts": `${sdk}
    export const ACK = onMessage({ channels: ["SMPP_SERVER1"], order: 10 }, async (message, { db }) => {
      const [paid] = await db.shop\`
        update "SmppServerUsers" set "Credits" = "Credits" - \${message.parts}::integer
        where "SystemID" = \${message.account} and "Credits" >= \${message.parts}::integer returning "Credits"\`;
      if (paid === undefined) message.reject("no_credit");
      else message.accept();
    });`,
  "forward.ts": `${sdk}
    export const FWD = onMessage({ channels: ["SMPP_SERVER1"], order: 20 }, (message) => {
      message.forward({ channel: "SMPP1" });
    });`,
  "report.ts": `${sdk}
    export const APPLYDLR = onReport({ channels: ["SMPP1"] }, (report) => report.apply());
    export const FWDDLR = onStatus({ channels: ["SMPP1"] }, (message) => { message.root?.report(); });`,
  "probe.ts": `${sdk}
    const probes = {
      own: async ({ db }) => {
        await db.notes\`create table if not exists seen (what text)\`;
        await db.notes\`insert into seen values (\${"this"})\`;
        return await db.notes\`select what, current_schema() as schema, (select rolsuper from pg_roles where rolname = current_user) as super from seen\`;
      },
      account: async ({ db }) => db.notes\`select * from public.account\`,
      hash: async ({ db }) => db.notes\`select password_hash from account\`,
      public: async ({ db }) => db.notes\`create table public.mine (x int)\`,
      role: async ({ db }) => db.notes\`set role signalbox\`,
      file: async ({ db }) => db.notes\`select pg_read_file('/etc/passwd')\`,
      nothing: async ({ messages }) => messages.find({ to: "+31600000009" }),
      odd: async ({ messages }) => messages.find({ account: "Shop1", colour: "red" }),
      all: async ({ messages }) => messages.find({ account: "Shop1", limit: 101 }),
      account_to: async ({ messages }) => messages.find({ account: "Shop1", to: "+31600000009" }),
      account_from: async ({ messages }) => messages.find({ account: "Shop1", from: "+31612345678", limit: 1 }),
      account_alone: async ({ messages }) => messages.find({ account: "Shop1", sinceMs: 1 }),
      account_later: async ({ messages, now }) => messages.find({ account: "Shop1", sinceMs: now() + 60000 }),
      account_other: async ({ messages }) => messages.find({ account: "Test1", to: "+31600000009" }),
      life: async ({ messages }) => {
        const [, one] = await messages.find({ account: "Shop1", to: "+31600000009", limit: 2 });
        const root = await messages.find({ root: one.id });
        const id = await messages.find({ id: one.id });
        const short = await messages.find({ id: one.id.replaceAll("-", "") });
        return { one, root, id, short };
      },
      quoted: async ({ messages }) => messages.find({ account: "' or '1'='1" }),
      peer: async ({ messages }) => messages.find({ peerId: "nobody-knows" }),
    };
    export const PROBE = onMessage({ channels: ["SMPP1"] }, async (message, tools) => {
      let told;
      try {
        told = JSON.stringify(await probes[message.text](tools));
      } catch (error) {
        told = error.name + ": " + error.message;
      }
      for (let at = 0; at < told.length; at += 900) message.trace(told.slice(at, at + 900));
    });`,
};

before(async () => {
  theirs = await freshDatabase({ empty: true });
  await theirs.query(`create table "SmppServerUsers" (
    "SystemID" varchar(16) primary key, "PasswordHash" varchar(40) not null, "Credits" integer not null)`);
  await theirs.query(
    `insert into "SmppServerUsers" values ('Shop1', 'DC215545BA63D605FBCD647A9555270F566D918B', 2)`,
  );
  gateway = await startGateway({
    triggers,
    settings: {
      dataSources: {
        shop: { url: theirs.url, readOnly: false, timeoutMs: 5_000 },
        notes: { url: "own", readOnly: false, timeoutMs: 5_000 },
      },
    },
  });
});

after(async () => {
  await gateway[Symbol.asyncDispose]();
  await theirs[Symbol.asyncDispose]();
});

const bound = (systemId: string, password: string) =>
  connectEsme({ host: "127.0.0.1", port: gateway.port, systemId, password });

test("[A29] [A34] customers of another database bind by its passwords, and ours do not count", async () => {
  await using right = await bound("Shop1", "Pwd1");
  assert.equal(right.bindStatus, 0);
  const wrong = await bound("Shop1", "pwd1");
  assert.equal(wrong.bindStatus, 0x0e);
  const unknown = await bound("Test1", "Pwd1");
  assert.equal(unknown.bindStatus, 0x0f);
  const binds = await gateway.running.store.messages.list({ all: true, limit: 10 });
  const told = JSON.stringify(binds);
  assert.match(told, /"call":"accounts.verify","source":"shop","result":"matched"/);
  assert.doesNotMatch(JSON.stringify([binds, gateway.log.lines]), /DC215545/);
});

test("[A44] messages are paid from the customer's own table, and refused when it is empty", async () => {
  await using shop = await bound("Shop1", "Pwd1");
  const statuses = [];
  for (let at = 0; at < 3; at += 1) {
    const { status } = await shop.submit({
      from: "+31612345678",
      to: "+31600000009",
      text: `no. ${at}`,
    });
    statuses.push(status);
  }
  assert.deepEqual(statuses.slice(0, 2), [0, 0]);
  assert.notEqual(statuses[2], 0);
  const [left] = await theirs.query(`select "Credits" as credits from "SmppServerUsers"`);
  assert.deepEqual(left, { credits: 0 });
});

async function probe(text: string): Promise<string> {
  const request = messageRequest({ channel: "SMPP1", origin: "provider", text });
  const ruling = await gateway.running.engine.decide(request);
  assert.equal(ruling.verdict, "accept", JSON.stringify(ruling));
  const actions = ruling.ran.flatMap((ran) => ("actions" in ran ? ran.actions : []));
  return actions.map((action) => (action.do === "trace" ? action.text : "")).join("");
}

test("`own` is a schema of our database, whose role sees nothing of ours", async () => {
  assert.deepEqual(JSON.parse(await probe("own")), [
    { what: "this", schema: "scripts", super: false },
  ]);
  assert.match(await probe("account"), /permission denied for table account \(SQLSTATE 42501\)/);
  assert.match(await probe("hash"), /relation "account" does not exist|permission denied/);
  assert.match(await probe("public"), /permission denied for schema public/);
  assert.match(await probe("role"), /permission denied to set role/);
  assert.match(await probe("file"), /permission denied/);
});

test("what stands in `own` is there after a restart, with a new password for its role", async () => {
  await probe("own");
  await gateway.restart();
  const rows: unknown = JSON.parse(await probe("own"));
  assert.ok(Array.isArray(rows) && rows.length >= 2);
});

test("messages are found by account, number, life and id, and only what was named", async () => {
  const found = async (text: string): Promise<Found[]> => JSON.parse(await probe(text)) as Found[];
  const sent = await found("account_to");
  assert.deepEqual(
    sent.map(({ text, account, to, direction, channel }) => [
      text,
      account,
      to,
      direction,
      channel,
    ]),
    [2, 1, 0].map((at) => [`no. ${at}`, "Shop1", "+31600000009", "in", "SMPP_SERVER1"]),
  );
  assert.deepEqual([sent[0]?.status, sent[0]?.error], ["FAILED", "no_credit"]);
  assert.deepEqual(await found("account_from"), sent.slice(0, 1));
  const all = await found("account_alone");
  assert.deepEqual(
    all.filter(({ direction }) => direction === "in"),
    sent,
  );
  assert.equal(all.filter(({ channel }) => channel === "SMPP1").length, 2);
  for (const none of ["account_later", "account_other", "quoted", "peer"])
    assert.deepEqual(await found(none), []);
  const life = JSON.parse(await probe("life")) as Record<"root" | "id" | "short", Found[]>;
  assert.deepEqual(life.id, sent.slice(1, 2));
  assert.deepEqual(life.short, life.id);
  assert.deepEqual(
    life.root.map(({ direction, channel }) => `${direction} ${channel}`).toSorted(),
    ["in SMPP_SERVER1", "out SMPP1"],
  );
});

test("a search without an id, a root or an account, or for what is not there to ask, is an error", async () => {
  assert.match(
    await probe("nothing"),
    /^Error: messages.find: it needs an id, a root, a peerId or an account/,
  );
  assert.match(await probe("odd"), /^Error: messages.find: it knows no colour/);
  assert.match(await probe("all"), /^Error: messages.find: limit is a whole number from 1 to 100/);
});

test("[A29] [I48] a customer hears 0x08 while the database of his password is away, which log, list and trace tell, and binds when it is back", async () => {
  const { name } = theirs;
  await gateway.query(`alter database ${name} allow_connections false`);
  await gateway.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and application_name = 'signalbox shop'",
    [name],
  );
  const away = await bound("Shop1", "Pwd1");
  assert.equal(away.bindStatus, 0x08);
  await away.closed;
  const told = gateway.log.lines.filter(({ text }) => text === "a data source does not answer");
  assert.deepEqual(
    told.map((line) => line["source"]),
    ["shop"],
  );
  type Source = { name: string; lastError?: { text: string } };
  const { socket } = gateway.running.admin;
  const { body } = await askAdmin<Source[]>(socket, "GET", "/v1/data-sources");
  const shop = body.find((one) => one.name === "shop");
  assert.match(shop?.lastError?.text ?? "", /not currently accepting connections/);
  const [bind] = await gateway.running.store.messages.list({ all: true, limit: 1 });
  assert.equal(bind?.status, "FAILED");
  const trace = JSON.stringify(bind.log);
  assert.match(trace, /"source":"shop","result":"data_source_down"/);
  assert.doesNotMatch(JSON.stringify([trace, gateway.log.lines]), /DC215545/);
  await gateway.query(`alter database ${name} allow_connections true`);
  await using back = await bound("Shop1", "Pwd1");
  assert.equal(back.bindStatus, 0);
});

interface Found {
  readonly text?: string;
  readonly account?: string;
  readonly to: string;
  readonly direction: string;
  readonly channel: string;
  readonly status: string;
  readonly error?: string;
}
