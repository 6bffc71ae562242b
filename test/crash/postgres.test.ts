/**
 * The supervisor with real servers in folders of their own. The tests of the first group share one
 * data directory, in the order in which they stand, because making one takes a second.
 */
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, suite, test } from "node:test";
import pg from "pg";
import { systemClock } from "../../src/model/clock.ts";
import { GatewayError } from "../../src/model/error.ts";
import { findBinaries } from "../../src/store/postgres-binaries.ts";
import { isAlive } from "../../src/store/postgres-process.ts";
import { type Postgres, startPostgres } from "../../src/store/postgres.ts";
import { openStore, storeDefaults } from "../../src/store/store.ts";
import { silentLog } from "../support/database.ts";
import { acceptance, codeOf, listeningLog, newId } from "../store/fixtures.ts";

async function temporary(): Promise<string> {
  return mkdtemp(join(tmpdir(), "signalbox-pg-"));
}

async function ask(postgres: Postgres, text: string): Promise<Record<string, unknown>> {
  const client = new pg.Client(postgres.address);
  await client.connect();
  const { rows } = await client.query<Record<string, unknown>>(text);
  await client.end();
  return rows[0] ?? {};
}

async function refusal(dataDirectory: string): Promise<GatewayError> {
  const outcome = await startPostgres({ dataDirectory, log: silentLog }).catch(
    (error: unknown) => error,
  );
  assert.ok(outcome instanceof GatewayError, String(outcome));
  assert.equal(outcome.code, "data_directory");
  assert.ok(outcome.message.includes(dataDirectory), outcome.message);
  return outcome;
}

suite("one data directory", () => {
  let folder = "";
  let dataDirectory = "";
  before(async () => {
    folder = await temporary();
    dataDirectory = join(folder, "data");
  });
  after(() => rm(folder, { recursive: true }));

  test("[A15] the first start makes the data directory, after one that was cut short too", async () => {
    await mkdir(join(dataDirectory, "postgres.new", "base"), { recursive: true });
    const postgres = await startPostgres({ dataDirectory, log: silentLog });
    assert.equal(postgres.adopted, false);
    const settings = await ask(
      postgres,
      `select current_setting('server_encoding') as encoding, current_setting('data_checksums') as
         checksums, current_setting('listen_addresses') as addresses, current_setting('fsync') as
         fsync, current_setting('full_page_writes') as pages, current_setting('synchronous_commit')
         as commit, current_setting('max_wal_size') as wal, current_setting('checkpoint_timeout') as
         checkpoints, current_setting('wal_buffers') as buffers`,
    );
    assert.deepEqual(settings, {
      encoding: "UTF8",
      checksums: "on",
      addresses: "",
      fsync: "on",
      pages: "on",
      commit: "on",
      wal: "8GB",
      checkpoints: "15min",
      buffers: "64MB",
    });
    const { mode } = await stat(postgres.address.host ?? "");
    assert.equal(mode & 0o777, 0o700, "nobody else reaches the socket");
    const pid = postgres.pid();
    await postgres.close();
    assert.equal(await isAlive(pid), false);
  });

  test("a gateway that is killed leaves its server running, and the next one adopts it", async () => {
    const holder = fork(join(import.meta.dirname, "holder.ts"), [dataDirectory]);
    const [pid] = (await once(holder, "message")) as [number];
    holder.kill("SIGKILL");
    await once(holder, "exit");
    const postgres = await startPostgres({ dataDirectory, log: silentLog });
    assert.equal(postgres.adopted, true);
    assert.equal(postgres.pid(), pid);
    assert.deepEqual(await ask(postgres, "select 1 as one"), { one: 1 });
    await postgres.close();
    assert.equal(await isAlive(pid), false, "an adopted server is stopped like one's own");
  });

  test("an adopted server that dies is started again", async () => {
    const holder = fork(join(import.meta.dirname, "holder.ts"), [dataDirectory]);
    const [pid] = (await once(holder, "message")) as [number];
    holder.kill("SIGKILL");
    await once(holder, "exit");
    const { log, told } = listeningLog("PostgreSQL runs again");
    const postgres = await startPostgres({ dataDirectory, log });
    process.kill(pid, "SIGKILL");
    await told;
    assert.notEqual(postgres.pid(), pid);
    assert.deepEqual(await ask(postgres, "select 1 as one"), { one: 1 });
    await postgres.close();
  });

  test("a pid file whose number is another process's now is cleared", async () => {
    const place = join(dataDirectory, "postgres", "postmaster.pid");
    await writeFile(place, `${process.pid}\n${dirname(place)}\n1\n5432\n/nowhere\n\n  1 1\n`);
    const postgres = await startPostgres({ dataDirectory, log: silentLog });
    assert.equal(postgres.adopted, false);
    await postgres.close();
  });

  test("a pid file whose number nobody has any more is no hindrance", async () => {
    const ended = fork(join(import.meta.dirname, "holder.ts"), ["/proc/nowhere"], {
      stdio: "ignore",
    });
    await once(ended, "exit");
    const place = join(dataDirectory, "postgres", "postmaster.pid");
    await writeFile(place, `${ended.pid}\n${dirname(place)}\n1\n5432\n/nowhere\n\n  1 1\n`);
    const postgres = await startPostgres({ dataDirectory, log: silentLog });
    assert.equal(postgres.adopted, false);
    await postgres.close();
  });

  test("a second gateway on the directory is refused, and the first one's server stays", async () => {
    const settings = { ...storeDefaults, dataDirectory, lockWaitMs: 0 };
    const parts = { settings, log: silentLog, clock: systemClock, newId };
    const first = await openStore(parts);
    assert.equal(await codeOf(openStore(parts)), "database_taken");
    assert.equal(await first.writer.accept(acceptance()), "accepted");
    await first.close();
  });

  test("PostgreSQL killed under load: it comes back by itself and nothing answered is missing", async () => {
    const { log, told } = listeningLog("PostgreSQL runs again");
    const settings = { ...storeDefaults, dataDirectory, writeTimeoutMs: 30_000 };
    const store = await openStore({ settings, log, clock: systemClock, newId });
    await store.accounts.add({ id: "Load", password: "p", credits: 1_000_000, numbers: [] });
    const answered: string[] = [];
    let running = true;
    const half = Promise.withResolvers<void>();
    const callers = Array.from({ length: 40 }, async () => {
      while (running) {
        const one = acceptance({ price: 1, account: "Load", queue: "LOAD" });
        if ((await store.writer.accept(one)) === "accepted") answered.push(one.message.id);
        if (answered.length === 500) half.resolve();
      }
    });
    await half.promise;
    const pid = Number(
      (await readFile(join(dataDirectory, "postgres", "postmaster.pid"), "utf8")).split("\n")[0],
    );
    process.kill(pid, "SIGKILL");
    await told;
    const before = answered.length;
    while (answered.length < before + 200) await store.writer.accept(acceptance());
    running = false;
    await Promise.all(callers);
    assert.equal((await store.queue.counts()).get("LOAD")?.rows, answered.length);
    assert.equal((await store.accounts.get("Load"))?.credits, 1_000_000 - answered.length);
    await store.close();
  });
});

test("data of another major version is refused, by name", async () => {
  const dataDirectory = await temporary();
  await mkdir(join(dataDirectory, "postgres"));
  await writeFile(join(dataDirectory, "postgres", "PG_VERSION"), "17\n");
  const refused = await refusal(dataDirectory);
  assert.match(refused.message, /holds data of PostgreSQL 17, this is PostgreSQL 18/);
  await rm(dataDirectory, { recursive: true });
});

test("a data directory that cannot be written is refused, by name", async () => {
  const folder = await temporary();
  await writeFile(join(folder, "file"), "");
  await refusal(join(folder, "file", "data"));
  await refusal("/proc/signalbox");
  await rm(folder, { recursive: true });
});

test("a data directory that is damaged is refused with what PostgreSQL says of it", async () => {
  const dataDirectory = await temporary();
  await mkdir(join(dataDirectory, "postgres"), { mode: 0o700 });
  await writeFile(join(dataDirectory, "postgres", "PG_VERSION"), "18\n");
  const refused = await refusal(dataDirectory);
  assert.match(refused.message, /FATAL|postgresql\.conf|did not start/);
  await rm(dataDirectory, { recursive: true });
});

test("a data directory with a long path, in folders closed to others, is as good as any", async () => {
  const folder = await temporary();
  await chmod(folder, 0o700);
  const dataDirectory = join(folder, "a long name ".repeat(10), "data");
  const postgres = await startPostgres({ dataDirectory, log: silentLog });
  assert.deepEqual(await ask(postgres, "select 1 as one"), { one: 1 });
  assert.ok(Buffer.byteLength(`${postgres.address.host}/.s.PGSQL.5432`) < 100);
  await postgres.close();
  await rm(folder, { recursive: true });
});

test("links between libraries that npm was not allowed to make are made at start", async () => {
  const { folder } = await findBinaries({ uid: undefined, gid: undefined });
  const link = join(folder, "lib", "libpq.so");
  const target = (await stat(link).catch(() => undefined)) === undefined ? undefined : link;
  if (target === undefined) return; // A platform whose package has no such link.
  await unlink(link);
  await findBinaries({ uid: undefined, gid: undefined });
  assert.ok((await stat(link)).isFile());
});
