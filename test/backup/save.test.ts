/**
 * Goal: a backup is of one moment and holds nobody up, and one that is not whole is never taken for
 * whole. Method: a real database with something of everything in it; a file is cut and changed at every
 * place where it could matter, and at random ones.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { saveBackup } from "../../src/store/backup-file.ts";
import { type BackupPart, readBackup } from "../../src/store/backup-format.ts";
import { keptTables } from "../../src/store/backup-tables.ts";
import { createBackups, openBackup } from "../../src/store/backup.ts";
import { type TestDatabase, freshDatabase, silentLog } from "../support/database.ts";
import { until } from "../support/gateway-process.ts";
import {
  bytesOfBackup,
  chunksOf,
  fillWithOctets,
  freshFolder,
  partsOf,
  place,
  restore,
  rowsOf,
} from "../store/backup-fixtures.ts";
import { acceptance, codeOf, newId, openTestStore } from "../store/fixtures.ts";

test("a backup that is made while messages come in is of one moment: charges and messages fit", async () => {
  await using db = await freshDatabase();
  await using folder = await freshFolder();
  const file = join(folder.path, "backup");
  const credits = 1_000_000;
  {
    await using store = await openTestStore(db.url);
    await store.accounts.add({ id: "Test1", password: "Pwd1", credits, numbers: [] });
    let stop = false;
    let accepted = 0;
    const load = Promise.all(
      Array.from({ length: 20 }, async () => {
        while (!stop) {
          assert.equal(await store.writer.accept(acceptance({ price: 1 })), "accepted");
          accepted += 1;
        }
      }),
    );
    const saves = [];
    // Each of these begins at another moment of the load.
    for (let n = 0; n < 5; n += 1) saves.push(await saveBackup(await store.backups.open(), file));
    stop = true;
    await load;
    assert.ok(accepted > 0, "it was not held up");
    const atMs = saves.map(({ header }) => header.atMs);
    assert.deepEqual(atMs, atMs.toSorted());
  }
  await using to = await freshDatabase({ empty: true });
  await restore(to, file);
  const [sums] = await to.query<Record<"spent" | "originals" | "waiting" | "states", number>>(
    `select (select ${credits} - credits from account)::integer as spent,
      (select count(*)::integer from message where parent is null) as originals,
      (select count(*)::integer from pending p join message m using (id)) as waiting,
      (select count(*)::integer from state where status = 'QUEUED') as states`,
  );
  const { originals = 0 } = sums ?? {};
  assert.ok(originals > 0);
  assert.deepEqual(sums, { spent: originals, originals, waiting: originals, states: originals });
});

test("a file that is cut between two of its parts, or anywhere, is broken", async (context) => {
  const whole = await bytesOfBackup();
  const seed = Number(process.env["FUZZ_SEED"] ?? Date.now() % 2 ** 31);
  context.diagnostic(`FUZZ_SEED=${seed}`);
  const random = randomOf(seed);
  const boundaries = boundariesOf(whole);
  assert.ok(boundaries.length > keptTables.length, `${boundaries.length} parts`);
  const anywhere = Array.from({ length: 200 }, () => random(whole.length));
  for (const at of new Set([0, 1, ...boundaries, ...anywhere, whole.length - 1]))
    assert.equal(await codeOf(partsOf(whole.subarray(0, at))), "backup_broken", `cut at ${at}`);
  const longer = Buffer.concat([whole, Buffer.from([0])]);
  assert.equal(await codeOf(partsOf(longer)), "backup_broken", "one octet too many");
});

test("a file in which any octet is changed, or two blocks changed places, is broken", async (context) => {
  const whole = await bytesOfBackup();
  const seed = Number(process.env["FUZZ_SEED"] ?? Date.now() % 2 ** 31);
  context.diagnostic(`FUZZ_SEED=${seed}`);
  const random = randomOf(seed);
  const boundaries = boundariesOf(whole);
  // Each octet of the heads of frames and of blocks, and as many others.
  const heads = [0, ...boundaries].flatMap((at) => Array.from({ length: 19 }, (_, n) => at + n));
  const anywhere = Array.from({ length: 300 }, () => random(whole.length));
  for (const at of new Set([...heads, ...anywhere])) {
    const changed = Buffer.from(whole);
    changed[at] = (whole[at] ?? 0) ^ (1 + random(255));
    const code = await codeOf(partsOf(changed));
    // The number of the layout is in the first line.
    const expected = code === "backup_version" && at < 19 ? code : "backup_broken";
    assert.equal(code, expected, `octet ${at} of ${whole.length}`);
  }
  const at = (n: number) => boundaries.at(n) ?? 0;
  const swapped = Buffer.concat([
    whole.subarray(0, at(1)),
    whole.subarray(at(2), at(3)),
    whole.subarray(at(1), at(2)),
    whole.subarray(at(3)),
  ]);
  assert.equal(await codeOf(partsOf(swapped)), "backup_broken");
  const without = Buffer.concat([whole.subarray(0, at(1)), whole.subarray(at(2))]);
  assert.equal(await codeOf(partsOf(without)), "backup_broken");
});

test("the parts of a file are the same in whatever pieces it comes", async () => {
  const whole = await bytesOfBackup();
  const expected = await partsOf(whole);
  for (const size of [1, 7, 1_000, whole.length])
    assert.deepEqual(await partsOf(whole, size), expected);
});

test("rows of more than a block are cut into blocks and put together again", async () => {
  await using db = await freshDatabase();
  await using folder = await freshFolder();
  const file = join(folder.path, "backup");
  // One row of 2.5 MiB as text, and some of 1 MiB: more than a block, and about one.
  for (const octets of [1_300_000, 524_288, 524_287, 524_289, 1])
    await db.query(
      `insert into message (id, root, at, direction, kind, channel, from_address, to_address, body, hops, log)
       values ($1, $1, now(), 'in', 'sms', 'A', 'a', 'b', $2, 0, '')`,
      [newId(), Buffer.alloc(octets, "backslash \\ and newline \n")],
    );
  {
    await using backup = await openBackup(place(db), silentLog);
    await saveBackup(backup.chunks, file);
  }
  const expected = await rowsOf(db);
  await using to = await freshDatabase();
  await restore(to, file);
  assert.deepEqual(await rowsOf(to), expected);
});

test("one backup is made at a time; one that is let go leaves nothing behind", async () => {
  await using db = await freshDatabase();
  await fillWithOctets(db);
  await using store = await openTestStore(db.url);
  const first = await store.backups.open();
  assert.equal(await codeOf(store.backups.open()), "backup_running");
  await once(first, "readable");
  assert.equal(await transactionsOf(db), 1);
  first.destroy();
  assert.equal(await untilNone(db), 0);
  // Before anything was read; and the next one, from its beginning to its end.
  (await store.backups.open()).destroy();
  await untilNone(db);
  const parts = await partsOfStream(await store.backups.open());
  assert.equal(parts.at(-1)?.kind, "end");
});

test("a backup that nobody reads is ended, so that it does not keep PostgreSQL from cleaning up", async () => {
  await using db = await freshDatabase();
  await fillWithOctets(db);
  const backups = createBackups({
    address: { connectionString: db.url },
    log: silentLog,
    stallMs: 100,
  });
  const stream = await backups.open();
  await once(stream, "readable");
  const [error] = (await once(stream, "error")) as [unknown];
  assert.equal(await codeOf(Promise.reject(error as Error)), "backup_stalled");
  assert.equal(await untilNone(db), 0);
});

test("a backup whose connection dies ends with an error and leaves no file", async () => {
  await using db = await freshDatabase();
  await using folder = await freshFolder();
  await fillWithOctets(db);
  await using store = await openTestStore(db.url);
  const stream = await store.backups.open();
  const kill = async function* (): AsyncGenerator<Buffer> {
    let killed = false;
    for await (const chunk of stream) {
      if (!killed) await db.query(`select pg_terminate_backend(pid) from ${transactions}`);
      killed = true;
      yield chunk as Buffer;
    }
  };
  const code = await codeOf(saveBackup(kill(), join(folder.path, "backup")));
  // pg says it in one of three ways, by what it was doing when the connection went.
  assert.match(code, /57P01|terminat|connection error/);
  assert.deepEqual(await readdir(folder.path), []);
  assert.equal(await untilNone(db), 0);
  const again = await partsOfStream(await store.backups.open());
  assert.equal(again.at(-1)?.kind, "end");
});

test("a store that closes gives up the backup that runs", async () => {
  await using db = await freshDatabase();
  await fillWithOctets(db);
  const store = await openTestStore(db.url);
  const stream = await store.backups.open();
  const parts = codeOf(partsOfStream(stream));
  await once(stream, "readable");
  await store.close();
  assert.match(await parts, /backup_broken|PREMATURE_CLOSE/);
  assert.equal(await untilNone(db), 0);
});

test("a backup without a gateway keeps gateways out until it is done, and needs a database of ours", async () => {
  await using db = await freshDatabase();
  const backup = await openBackup(place(db), silentLog);
  assert.equal(await codeOf(openTestStore(db.url, { lockWaitMs: 0 })), "database_taken");
  await backup[Symbol.asyncDispose]();
  await using _store = await openTestStore(db.url);
  const now = { ...place(db), lockWaitMs: 0 };
  assert.equal(await codeOf(openBackup(now, silentLog)), "database_taken");
  await using empty = await freshDatabase({ empty: true });
  assert.equal(await codeOf(openBackup(place(empty), silentLog)), "database_foreign");
  await using folder = await freshFolder();
  const nowhere = { ...now, databaseUrl: undefined, dataDirectory: folder.path };
  assert.equal(await codeOf(openBackup(nowhere, silentLog)), "data_directory");
  assert.deepEqual(await readdir(folder.path), [], "no database is made by a backup");
});

test("a file that cannot be written is named, and one that stood there stays", async () => {
  await using folder = await freshFolder();
  const file = join(folder.path, "backup");
  await writeFile(file, "of yesterday");
  const whole = await bytesOfBackup();
  const cut = saveBackup(chunksOf(whole.subarray(0, -1)), file);
  assert.equal(await codeOf(cut), "backup_broken");
  assert.equal(await readFile(file, "utf8"), "of yesterday");
  const nowhere = join(folder.path, "no", "backup");
  assert.equal(await codeOf(saveBackup(chunksOf(whole), nowhere)), "backup_file");
  await saveBackup(chunksOf(whole), file);
  assert.ok((await readFile(file)).equals(whole));
  assert.deepEqual(await readdir(folder.path), ["backup"]);
});

/** Transactions of backups in this database. */
const transactions = `pg_stat_activity where datname = current_database()
  and backend_xmin is not null and pid <> pg_backend_pid() and application_name like 'signalbox%'`;

async function transactionsOf(db: TestDatabase): Promise<number> {
  const [found] = await db.query<{ n: number }>(
    `select count(*)::integer as n from ${transactions}`,
  );
  return found?.n ?? -1;
}

/** Asked again while a backend is ending. */
async function untilNone(db: TestDatabase): Promise<number> {
  await until(async () => (await transactionsOf(db)) === 0, 20_000);
  return transactionsOf(db);
}

async function partsOfStream(stream: AsyncIterable<Buffer>): Promise<readonly BackupPart[]> {
  const parts: BackupPart[] = [];
  for await (const part of readBackup(stream)) parts.push(part);
  return parts;
}

/** The places between two frames; docs/backup-format.md. */
function boundariesOf(octets: Buffer): readonly number[] {
  const found: number[] = [];
  for (let at = octets.indexOf("\n") + 1; at < octets.length; at += 9 + octets.readUInt32BE(at + 1))
    found.push(at);
  return found;
}

/** mulberry32: the same numbers for the same seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}
