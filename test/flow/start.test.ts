/** What an operator sees when a start cannot be: one line that names the place, and an exit code. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { connectEsme } from "../../src/simulator/esme.ts";
import { freshDatabase } from "../support/database.ts";
import { startGateway } from "../support/gateway.ts";

const launcher = join(import.meta.dirname, "../../cli/signalbox.js");

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
}

async function startWith(
  context: { after(cleanUp: () => Promise<void>): void },
  configuration: string | Readonly<Record<string, unknown>>,
): Promise<Ended> {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-start-"));
  context.after(() => rm(folder, { recursive: true, force: true }));
  const config = join(folder, "signalbox.yaml");
  const text =
    typeof configuration === "string"
      ? configuration
      : JSON.stringify({ triggers: folder, data: join(folder, "data"), ...configuration });
  await writeFile(config, text);
  const child = spawn(process.execPath, [launcher, "start", "--config", config], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (more: string) => (stderr += more));
  await once(child, "close");
  // What is not JSON is for people.
  const lines = stderr.split("\n").filter((line) => line !== "" && !line.startsWith("{"));
  return { code: child.exitCode, stderr: lines.join("\n") };
}

/** A port that another program has until the test ends. */
async function takenPort(context: { after(cleanUp: () => Promise<void>): void }): Promise<number> {
  const other = createServer().listen(0, "127.0.0.1");
  context.after(async () => void other.close());
  await once(other, "listening");
  const address = other.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return port;
}

const oneLine = ({ stderr }: Ended): void => assert.equal(stderr.split("\n").length, 1, stderr);

test("a wrong line of the configuration is named with line and column, and nothing is started", async (context) => {
  const ended = await startWith(
    context,
    "channels:\n  SMPP1:\n    type: smpp-client\n    host: x\n    prot: 1\n    systemId: a\n    password: b\n",
  );
  assert.equal(ended.code, 4);
  assert.match(ended.stderr, /signalbox\.yaml:5:5: channels\.SMPP1\.prot/);
});

test("a port that another program has is named, with its channel", async (context) => {
  const port = await takenPort(context);
  await using database = await freshDatabase();
  const ended = await startWith(context, {
    database: { url: database.url },
    channels: { DOOR: { type: "smpp-server", address: ["127.0.0.1"], port } },
  });
  assert.equal(ended.code, 1);
  oneLine(ended);
  assert.match(ended.stderr, new RegExp(`channel DOOR: 127\\.0\\.0\\.1:${port} is taken`));
});

test("a start that fails while its database comes up leaves no server running", async (context) => {
  const port = await takenPort(context);
  const data = await mkdtemp(join(tmpdir(), "signalbox-data-"));
  context.after(() => rm(data, { recursive: true, force: true }));
  const ended = await startWith(context, { data, admin: { port }, channels: {} });
  assert.equal(ended.code, 1);
  oneLine(ended);
  assert.match(ended.stderr, new RegExp(`admin\\.port: 127\\.0\\.0\\.1:${port}`));
  const left = await readdir(join(data, "postgres"));
  assert.ok(left.includes("PG_VERSION") && !left.includes("postmaster.pid"), left.join());
});

test("a database that cannot be reached is named without its password", async (context) => {
  const ended = await startWith(context, {
    database: { url: "postgres://someone:hidden-word@127.0.0.1:1/nowhere" },
    channels: {},
  });
  assert.equal(ended.code, 1);
  oneLine(ended);
  assert.match(ended.stderr, /127\.0\.0\.1:1/);
  assert.doesNotMatch(ended.stderr, /hidden-word/);
});

test("a database with tables of somebody else is left alone", async (context) => {
  await using database = await freshDatabase({ empty: true });
  await database.query("create table invoices (id int)");
  const ended = await startWith(context, { database: { url: database.url }, channels: {} });
  assert.equal(ended.code, 1);
  oneLine(ended);
  const tables = await database.query<{ name: string }>(
    "select tablename as name from pg_tables where schemaname = 'public'",
  );
  assert.deepEqual(tables, [{ name: "invoices" }]);
});

test("a data directory that cannot be made is named", async (context) => {
  const ended = await startWith(context, { data: "/dev/null/data", channels: {} });
  assert.equal(ended.code, 1);
  oneLine(ended);
  assert.match(ended.stderr, /\/dev\/null\/data/);
});

test("[X18] a second gateway on the same database is refused and told who has it; the first goes on", async (context) => {
  await using gateway = await startGateway();
  const { where } = gateway.running.store.facts();
  assert.ok(where !== "");
  const ended = await startWith(context, {
    database: { url: gateway.databaseUrl },
    channels: {},
  });
  assert.equal(ended.code, 1);
  oneLine(ended);
  assert.match(ended.stderr, new RegExp(`${process.pid}`), "the process that has it is named");
  const password = "Pwd1";
  await using esme = await connectEsme({
    host: "127.0.0.1",
    port: gateway.port,
    systemId: "Test1",
    password,
  });
  assert.equal((await esme.submit({ from: "1", to: "+3161", text: "still here" })).status, 0);
});

test("a listener that others can reach does not start while an example password is unchanged", async (context) => {
  await using database = await freshDatabase();
  const ended = await startWith(context, {
    example: true,
    database: { url: database.url },
    channels: {
      DOOR: { type: "smpp-server", listeners: [{ port: 0 }, { address: ["0.0.0.0"], port: 0 }] },
    },
  });
  assert.equal(ended.code, 4);
  oneLine(ended);
  assert.match(ended.stderr, /Test1.*account password Test1/);
});

test("a trigger that does not compile is listed with its place while all others run", async () => {
  await using gateway = await startGateway({
    triggers: {
      "bind.ts": `import { onBind } from "signalbox";
        export const BIND = onBind({}, (bind) => bind.accept({ account: bind.systemId }));`,
      "free.ts": `import { onMessage } from "signalbox";
        export const FREE = onMessage({ channels: ["SMPP_SERVER1"] }, (m) => m.accept());`,
      "broken.ts": `import { onMessage } from "signalbox";\nexport const X = onMessage({}, (m) => m.accept(;`,
    },
  });
  const broken = gateway.running.admin.triggers().find(({ file }) => file === "broken.ts");
  assert.equal(broken?.state, "broken");
  assert.match(broken.detail, /broken\.ts:2:\d+/);
  const password = "Pwd1";
  await using esme = await connectEsme({
    host: "127.0.0.1",
    port: gateway.port,
    systemId: "Test1",
    password,
  });
  assert.equal((await esme.submit({ from: "1", to: "+3161", text: "still here" })).status, 0);
});
