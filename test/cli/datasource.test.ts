// `signalbox datasource` without a gateway, against a real PostgreSQL.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { signalbox } from "./cli.ts";

let db: TestDatabase;
let folder: string;

before(async () => {
  db = await freshDatabase({ empty: true });
  folder = await mkdtemp(join(tmpdir(), "signalbox-datasource-"));
  await writeFile(
    join(folder, "signalbox.yaml"),
    [
      "channels: {}",
      "dataSources:",
      `  customers: { url: "${db.url}" }`,
      "  away: { url: 'postgres://me:TopSecret@127.0.0.1:1/shop', readOnly: false }",
      "  notes: { url: own }",
    ].join("\n"),
  );
});

after(async () => {
  await rm(folder, { recursive: true });
  await db[Symbol.asyncDispose]();
});

test("[A35] a data source that answers is told with its server and role, one that does not with what to do", async () => {
  const right = await signalbox(["datasource", "test", "customers"], { cwd: folder });
  assert.equal(right.code, 0, right.err);
  assert.match(
    right.out,
    /customers answers\.\nserver +PostgreSQL \d+\.\d+ at .*\nrole +signalbox\nmay +read/,
  );
  assert.match(right.out, /The role is a superuser/);
  const away = await signalbox(["datasource", "test", "away"], { cwd: folder });
  assert.equal(away.code, 1);
  assert.match(
    away.out,
    /^away cannot be asked\. 127\.0\.0\.1:1\/shop: nobody listens there\. Check host and port/,
  );
  const json = await signalbox(["datasource", "test", "away", "--json"], { cwd: folder });
  assert.equal(json.code, 1);
  assert.equal((JSON.parse(json.out) as { ok: boolean }).ok, false);
  const own = await signalbox(["datasource", "test", "notes"], { cwd: folder });
  assert.equal(own.code, 1);
  assert.match(own.err, /our own database, which only the running gateway reaches/);
  const nobody = await signalbox(["datasource", "test", "nobody"], { cwd: folder });
  assert.equal(nobody.code, 1);
  assert.match(nobody.err, /There is no data source nobody\. .*signalbox datasource list/);
  for (const said of [right, away, json, own, nobody])
    assert.doesNotMatch(said.out + said.err, /TopSecret/);
});

test("the list tells where each leads and its limits, and never a password", async () => {
  const { out, code } = await signalbox(["datasource", "list"], { cwd: folder });
  assert.equal(code, 0);
  assert.match(
    out,
    /away +127\.0\.0\.1:1\/shop +me +read and write +500 ms, 1000 rows, 256\.0 KiB, 4 connections/,
  );
  assert.match(out, /notes +schema scripts of our own database/);
  assert.doesNotMatch(out, /TopSecret/);
});

test("the names are printed as an editor reads them", async () => {
  const { out } = await signalbox(["datasource", "types"], { cwd: folder });
  assert.match(
    out,
    /declare module "signalbox" \{\n  interface DataSources \{\n    readonly away: DataSource;\n/,
  );
});

test("a URL that cannot be one is a fault of the configuration, told without it", async () => {
  for (const [url, words] of [
    ["mysql://me:TopSecret@host/shop", "is a URL of mysql:; only PostgreSQL"],
    ["host=db user=me password=TopSecret", "is no URL; write postgres://"],
    ["postgres://me:TopSecret@host", "names no database"],
    ["postgres://me:Top/Secret@host/x", "is no URL|names no"],
  ] as const) {
    const file = join(folder, "wrong.yaml");
    await writeFile(file, `channels: {}\ndataSources: { customers: { url: "${url}" } }\n`);
    const { out, err, code } = await signalbox(["config", "check", "--config", file]);
    assert.equal(code, 4);
    assert.match(out + err, new RegExp(`dataSources.customers.url .*(${words})`));
    assert.doesNotMatch(out + err, /TopSecret|Top\/Secret/);
  }
});
