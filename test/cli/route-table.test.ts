// `signalbox route table` and `route plan` against the real routes, real routers' stand-in and a real database.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, before, test } from "node:test";
import { numberTableRoutes } from "../../src/admin/number-tables.ts";
import { routePlanRoutes } from "../../src/admin/route-plan.ts";
import type { AdminParts } from "../../src/admin/routes.ts";
import { createNumberTables, type NumberTables } from "../../src/gateway/number-tables.ts";
import { createRoutePlanning } from "../../src/gateway/route-planning.ts";
import { createHttpServer, listenOnSocket } from "../../src/http/server.ts";
import { adminSocketPath } from "../../src/model/admin-socket.ts";
import { systemClock } from "../../src/model/clock.ts";
import { GatewayError } from "../../src/model/error.ts";
import type { NumberTable, Router } from "../../src/route/question.ts";
import { acceptance, message, openTestStore, type TestStore } from "../store/fixtures.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { recorderLog } from "../support/log.ts";
import { signalbox } from "./cli.ts";

let database: TestDatabase;
let store: TestStore;
let folder: string;
let tables: NumberTables;
let used: readonly string[] = [];
const log = recorderLog();
const server = createHttpServer(log);

/** Everything by one table, and what it does not know by REST. */
function routerOver(
  table: (number: string) => ReturnType<NumberTable["find"]> | undefined,
): Router {
  return {
    resolve({ to }) {
      const found = table(to)?.entries ?? [];
      const candidates = found.map(({ provider, price, why }) => {
        return { channel: provider, ...(price === undefined ? {} : { price }), rule: "all", why };
      });
      const rest = { channel: "REST", rule: "default", why: "no rule" };
      return {
        candidates: candidates.length === 0 ? [rest] : candidates,
        steps: [],
        refused: undefined,
      };
    },
  };
}

const tablesOver = () =>
  createNumberTables({
    store,
    clock: systemClock,
    log,
    targetFault: (target) => (target === "NOBODY" ? "there is no such channel" : undefined),
    usedBy: () => used,
  });

before(async () => {
  database = await freshDatabase();
  store = await openTestStore(database.url);
  folder = await mkdtemp(join(tmpdir(), "signalbox-route-"));
  await writeFile(join(folder, "signalbox.yaml"), "channels: {}\n");
  await mkdir(join(folder, "data"));
  tables = tablesOver();
  await tables.load();
  const routePlanning = createRoutePlanning({
    store,
    numberTables: tables,
    gateway: { channels: () => [], codingsOn: () => undefined },
    routers: {
      running: () => routerOver((number) => tables.table("prices")?.find(number)),
      withTable: (_name, table) => routerOver((number) => table.find(number)),
      withText(text) {
        if (text.includes("bad")) throw new GatewayError("bad_configuration", "routes: bad");
        return routerOver(() => undefined);
      },
    },
  });
  const parts = { numberTables: tables, routePlanning, log };
  // Of all that the routes are made of, these take three.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  for (const add of [numberTableRoutes, routePlanRoutes])
    add(server, parts as unknown as AdminParts);
  await listenOnSocket(server, adminSocketPath(join(folder, "data")));
});

after(async () => {
  await server.close();
  await store[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const say = (...args: string[]) => signalbox(["route", ...args], { cwd: folder });

async function file(name: string, ...lines: string[]): Promise<string> {
  await writeFile(join(folder, name), `${lines.join("\n")}\n`);
  return name;
}

/** As the command does, without a process. */
async function imported(name: string, path: string): Promise<void> {
  const text = await readFile(join(folder, path));
  const from = { chunks: Readable.from([text]), octets: text.length };
  for await (const _ of tables.import(from, { name, options: {}, by: "ann", isTry: false }));
}

test("[A02] a table is imported, tried, looked up, exported, rolled back and dropped", async () => {
  assert.match((await say("table", "list")).out, /There is no number table/);
  const one = await file("1.csv", "prefix,provider,price", "316,A,0.02", "316,B,0.03", "31,B,0.01");
  const first = await say("table", "import", "prices", one);
  assert.deepEqual([first.code, first.err], [0, ""]);
  assert.match(first.out, /^Version 1 of prices runs, with 3 entries: 3 added, 0 removed/);
  const two = await file("2.csv", "price;provider;prefix;weight", "0.04;A;316;", "0.03;B;316;2");

  const tried = await say("table", "import", "prices", two, "--dry-run");
  assert.match(tried.out, /^Nothing was changed\. .* 2 entries: 0 added, 1 removed, 2 changed\./);
  assert.match(tried.out, /316… A: 0\.02 -> 0\.04\n/);
  assert.match(tried.out, /316… B: weight 1 -> 2/);
  assert.match(tried.out, /31… B: removed, 0\.01/);
  assert.match(
    (await say("table", "show", "prices", "+31612")).out,
    /takes A +316… in prices: 0\.02/,
  );

  const second = await say("table", "import", "prices", two, "--quality-min", "5", "--json");
  assert.equal((JSON.parse(second.out) as { version: number }).version, 2);
  assert.match((await say("table", "show", "prices", "31612")).out, /takes B[\s\S]*then A/);
  assert.match((await say("table", "show", "prices", "49")).out, /says nothing/);
  assert.match((await say("table", "list")).out, /prices +2 +2 .*quality from 5/);

  const out = await say("table", "export", "prices");
  assert.match(out.out, /^prefix,from,to,.*\n316,,,,,A,0\.04,,,,\n316,,,,,B,0\.03,,2,,\n$/);
  const saved = await say("table", "export", "prices", "saved.csv", "--version", "1");
  assert.deepEqual([saved.code, saved.out], [0, ""]);
  assert.match(await readFile(join(folder, "saved.csv"), "utf8"), /31,,,,,B,0\.01/);
  assert.match((await say("table", "export", "prices", "saved.csv")).err, /EEXIST/);

  assert.match((await say("table", "versions", "prices")).out, /2 +yes[\s\S]*1 +3/);
  assert.match((await say("table", "rollback", "prices")).out, /Version 1 of prices runs/);
  assert.equal(tables.find("prices", "31612").candidates[0]?.provider, "A");
  assert.match((await say("table", "rollback", "prices")).err, /no older version of prices/);
  assert.match((await say("table", "rollback", "prices", "--to", "9")).err, /no version 9/);
  // What runs after a restart is what ran before.
  const again = tablesOver();
  await again.load();
  assert.deepEqual(again.list(), tables.list());
  assert.equal(again.find("prices", "31612").candidates[0]?.provider, "A");

  for (let round = 0; round < 6; round++) await imported("prices", two);
  const kept = await tables.versions("prices");
  assert.deepEqual(
    kept.map(({ version }) => version),
    [8, 7, 6, 5, 4],
  );
  const rows = await database.query("select distinct version from number_table_entry");
  assert.equal(rows.length, 5);

  used = ["rules[3]"];
  assert.match((await say("table", "drop", "prices", "--yes")).err, /named by rules\[3\]/);
  used = [];
  assert.match((await say("table", "drop", "prices", "--yes")).out, /prices is gone/);
  assert.deepEqual(await database.query("select from number_table_entry"), []);
  assert.match((await say("table", "show", "prices", "31")).err, /no number table prices/);
  const told = log.lines.filter(({ text }) => text === "a number table was imported");
  assert.ok(told.length > 0);
  assert.doesNotMatch(JSON.stringify(told), /316/, "a number stands in the log");
});

test("a file with faults changes nothing, and all of them are told up to a hundred", async () => {
  const good = await file("good.csv", "prefix,provider", "316,A");
  await imported("faulty", good);
  const bad = await file("bad.csv", "prefix,provider", "317,A", "x,A", "318,NOBODY", "317,A");
  const told = await say("table", "import", "faulty", bad);
  assert.equal(told.code, 1);
  assert.match(
    told.err,
    /3 faults: line 3: prefix "x".*; line 4: provider NOBODY: there is no such channel; line 5: says again/,
  );
  const twice = await file("twice.csv", "prefix,provider", "317,A", "317,A");
  const repeated = await say("table", "import", "faulty", twice);
  assert.match(repeated.err, /one fault: line 3: says again what line 2 says of 317… and A/);
  const many = await file(
    "many.csv",
    "prefix,provider",
    ...Array.from({ length: 3_000 }, () => "x,A"),
  );
  const most = await say("table", "import", "faulty", many);
  assert.match(most.err, /3000 faults; the first 100: line 2:/);
  assert.match(most.err, /line 101: /);
  assert.doesNotMatch(most.err, /line 102: /);
  assert.equal((await tables.versions("faulty")).length, 1);
  assert.deepEqual(await database.query("select from number_table_entry where name = 'faulty'"), [
    {},
  ]);
  assert.match(
    (await say("table", "import", "faulty", "none.csv")).err,
    /none\.csv cannot be read/,
  );
  assert.match((await say("table", "import", "a b", good)).err, /cannot be the name/);
});

test("an import that nobody waits for any more keeps nothing, and there is one change at a time", async () => {
  async function* endless() {
    yield Buffer.from("prefix,provider\n");
    for (let n = 1_000; ; n++) {
      yield Buffer.from(`${n},A\n`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  const wanted = { name: "endless", options: {}, by: "ann", isTry: false };
  const steps = tables.import({ chunks: endless(), octets: 1_000_000 }, wanted);
  assert.equal((await steps.next()).done, false);
  await assert.rejects(tables.drop("faulty"), /Another change of a number table is under way/);
  await steps.return({
    ...wanted,
    version: 1,
    entries: 0,
    added: 0,
    removed: 0,
    changed: 0,
    examples: [],
  });
  assert.equal(tables.table("endless"), undefined);
  assert.deepEqual(
    await database.query("select from number_table_entry where name = 'endless'"),
    [],
  );
  await tables.drop("faulty");
});

test("[A02] a plan tells which messages would go elsewhere and what that costs, and changes nothing", async () => {
  const sent = ["+31611", "+31622", "+4912"];
  for (const to of sent)
    await store.writer.accept({ ...acceptance({ children: 0 }), message: message({ to }) });
  await say(
    "table",
    "import",
    "prices",
    await file("now.csv", "prefix,provider,price", "316,A,0.02", "49,A,0.5"),
  );
  const next = await file("next.csv", "prefix,provider,price", "316,B,0.01", "49,A,0.6");
  const plan = await say("plan", next, "--table", "prices");
  assert.deepEqual([plan.code, plan.err], [0, ""]);
  assert.match(plan.out, /^2 of 3 messages would go elsewhere\./);
  assert.match(plan.out, /\nA +3 +1 +0\.54 +0\.6\n/);
  assert.match(plan.out, /\nB +0 +2 +0 +0\.02\n/);
  assert.match(plan.out, /\nall +3 +3 +0\.54 +0\.62\n/);
  assert.match(plan.out, /\+31622 +A \(0\.02\) +B \(0\.01\)/);
  const routes = await say("plan", await file("new.yaml", "routes: {}"), "--json", "--since", "1h");
  const view = JSON.parse(routes.out) as { moved: number; after: { unpriced: number }; list: [] };
  assert.deepEqual([view.moved, view.after.unpriced, view.list.length], [3, 3, 3]);
  const bad = await say("plan", await file("bad.yaml", "bad"));
  assert.deepEqual([bad.code, bad.err.includes("routes: bad")], [4, true]);
  assert.equal((await say("plan", next, "--per-provider")).code, 2);
  assert.equal((await tables.versions("prices")).length, 1);
});
