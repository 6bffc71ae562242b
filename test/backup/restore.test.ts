/**
 * Goal: what a backup holds is what a restore gives, and one that fails changes nothing. Method: the
 * rows of a real database are read as text before and after.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { saveBackup, verifyBackup } from "../../src/store/backup-file.ts";
import { createBackupWriter } from "../../src/store/backup-format.ts";
import { keptTables } from "../../src/store/backup-tables.ts";
import { openBackup } from "../../src/store/backup.ts";
import { migrateTo, migrationNames } from "../../src/store/migrate.ts";
import { openPool } from "../../src/store/pool.ts";
import { restoreBackup } from "../../src/store/restore.ts";
import { freshDatabase, silentLog } from "../support/database.ts";
import {
  bytesOfBackup,
  fill,
  fillWithOctets,
  freshFolder,
  partsOf,
  place,
  restore,
  rowsOf,
} from "../store/backup-fixtures.ts";
import { acceptance, codeOf, finish, message, openTestStore } from "../store/fixtures.ts";

test("a restored database has the rows of the one that was backed up, and its backup the same rows again", async () => {
  await using from = await freshDatabase();
  await using folder = await freshFolder();
  await fill(from);
  const [first, second] = [join(folder.path, "first"), join(folder.path, "second")];
  let told = 0;
  {
    await using backup = await openBackup(place(from), silentLog);
    const saved = await saveBackup(backup.chunks, first, (done) => (told = done));
    assert.equal(
      told,
      saved.rows.reduce((sum, rows) => sum + rows),
    );
    assert.deepEqual(
      saved.header.tables.map(({ name }) => name),
      keptTables,
    );
    assert.deepEqual(await verifyBackup(first), saved);
  }
  const expected = await rowsOf(from);
  for (const [table, rows] of Object.entries(expected))
    assert.ok(rows.length > 0, `${table} is filled`);

  await using to = await freshDatabase({ empty: true });
  const phases = new Set<string>();
  await restoreBackup({
    place: place(to),
    file: first,
    replace: false,
    log: silentLog,
    progress(phase, done, total) {
      if (done === total) phases.add(phase);
    },
  });
  assert.deepEqual(phases, new Set(["checking", "restoring"]));
  assert.deepEqual(await rowsOf(to), expected);
  {
    await using backup = await openBackup(place(to), silentLog);
    await saveBackup(backup.chunks, second);
  }
  await using again = await freshDatabase();
  await restore(again, second);
  assert.deepEqual(await rowsOf(again), expected);
  assert.deepEqual(await readdir(folder.path), ["first", "second"]);
  assert.equal((await stat(first)).mode & 0o777, 0o600);
});

test("a day of the past comes back into its own partition, not into the default one", async () => {
  await using db = await freshDatabase({ empty: true });
  await using folder = await freshFolder();
  const file = join(folder.path, "backup");
  await writeFile(file, await bytesOfBackup());
  await restore(db, file);
  const counts = await db.query(`select (select count(*)::integer from trace_p20260105) as past,
    (select count(*)::integer from trace_default) as strays,
    (select count(*)::integer from message_default) as messages`);
  assert.deepEqual(counts, [{ past: 1, strays: 1, messages: 0 }]);
});

test("what waits in a restored database goes out marked as maybe sent, what was in flight too", async () => {
  await using db = await freshDatabase();
  await using folder = await freshFolder();
  const file = join(folder.path, "backup");
  await writeFile(file, await bytesOfBackup());
  await restore(db, file);
  await using store = await openTestStore(db.url);
  assert.equal(await store.queue.takeUp(), 5, "in flight when the backup was made");
  const { rows } = await store.queue.fetch("SMPP1", 100);
  assert.equal(rows.length, 40);
  assert.ok(rows.every((row) => row.maybeTwice));
  const events = await store.queue.waitingEvents(10);
  assert.equal(events.length, 1);
  const [one] = rows;
  assert.ok(one !== undefined);
  await store.writer.finish(finish(acceptance(), { id: one.id, root: one.message.root }));
  assert.equal((await store.messages.show(one.id))?.status, "SENT");
});

test("whatever is wrong with a file, the database that it was to replace stays as it was", async () => {
  await using db = await freshDatabase();
  await using folder = await freshFolder();
  await fill(db);
  const expected = await rowsOf(db);
  const whole = await bytesOfBackup();
  const [header] = await partsOf(whole);
  assert.ok(header?.kind === "header");
  const written = async (
    over: Partial<typeof header.header>,
    rows: readonly (readonly [number, string])[] = [],
  ) => {
    const writer = createBackupWriter();
    const pieces = [writer.head({ ...header.header, ...over })];
    for (const [table, text] of rows) pieces.push(await writer.block(table, Buffer.from(text)));
    return Buffer.concat([...pieces, writer.end()]);
  };
  const columns = ["id", "credits", "password_scheme", "password_hash"];
  const tables = [{ name: "account", columns, rowsEstimated: 0 }];
  const files: readonly (readonly [string, Buffer, string])[] = [
    ["empty", Buffer.alloc(0), "backup_broken"],
    ["of something else", Buffer.from("PGDMP and so on"), "backup_broken"],
    ["cut", whole.subarray(0, -100), "backup_broken"],
    ["of another layout", Buffer.from("SIGNALBOX BACKUP 2\n…"), "backup_version"],
    [
      "of a later version",
      await written({ schema: [...header.header.schema, "9999-later"] }),
      "backup_version",
    ],
    ["of other tables", await written({ schema: ["0001-else"] }), "backup_version"],
    ["of no tables", await written({ schema: [] }), "backup_version"],
    [
      "with a row that may not be",
      await written({ tables }, [[0, "Test9\t-5\tscrypt\tx\n"]]),
      "restore_failed",
    ],
    ["with half a row", await written({ tables }, [[0, "Test9\t5"]]), "restore_failed"],
    [
      "with an unknown table",
      await written({ tables: [{ name: "leftpad", columns: ["a"], rowsEstimated: 0 }] }, [
        [0, "1\n"],
      ]),
      "restore_failed",
    ],
    [
      "with SQL for a name",
      await written({
        tables: [{ name: "a from b; drop table account; --", columns: ["a"], rowsEstimated: 0 }],
      }),
      "backup_broken",
    ],
  ];
  for (const [what, octets, code] of files) {
    const file = join(folder.path, "file");
    await writeFile(file, octets);
    assert.equal(await codeOf(restore(db, file, true)), code, `a file ${what}`);
  }
  assert.equal(await codeOf(restore(db, join(folder.path, "nowhere"), true)), "backup_file");
  assert.equal(await codeOf(restore(db, folder.path, true)), "backup_file");
  assert.deepEqual(await rowsOf(db), expected);
});

test("a database with rows is replaced only when that is asked, one of somebody else never", async () => {
  await using db = await freshDatabase();
  await using folder = await freshFolder();
  const file = join(folder.path, "backup");
  await writeFile(file, await bytesOfBackup());
  await db.query("insert into account values ('Test7', 7, 'scrypt', 'x', now())");
  const refused = await restore(db, file).catch((error: unknown) => error);
  assert.equal((refused as { code?: string }).code, "database_not_empty");
  assert.match(String(refused), /rows already, in account\./);
  await db.query("create table notes (text text)");
  await db.query("create view rich as select * from account where credits > 1000");
  assert.equal(await codeOf(restore(db, file, true)), "restore_failed", "a view leans on it");
  assert.equal((await rowsOf(db))["account"]?.length, 1);
  await db.query("drop view rich");
  await restore(db, file, true);
  const found = await db.query(
    "select id, (select count(*)::integer from notes) as notes from account",
  );
  assert.deepEqual(found, [{ id: "Test1", notes: 0 }], "a table of somebody else stays");
  await using other = await freshDatabase({ empty: true });
  await other.query("create table customers (id int)");
  assert.equal(await codeOf(restore(other, file, true)), "database_foreign");
  await db.query("insert into signalbox_migration (name, timestamp) values ('9999-later', '2100')");
  assert.equal(await codeOf(restore(db, file, true)), "database_foreign", "of a newer version");
});

test("nothing is restored while a gateway works on the database, and it is named", async () => {
  await using db = await freshDatabase();
  await using folder = await freshFolder();
  const file = join(folder.path, "backup");
  await writeFile(file, await bytesOfBackup());
  await using store = await openTestStore(db.url);
  const given = { ...place(db), lockWaitMs: 0 };
  const asked = restoreBackup({ place: given, file, replace: true, log: silentLog });
  await assert.rejects(asked, new RegExp(`process id ${process.pid}`));
  assert.equal(await store.writer.accept(acceptance()), "accepted");
});

test("a backup of the first version of the tables is restored and brought to this version", async () => {
  await using db = await freshDatabase({ empty: true });
  await using folder = await freshFolder();
  const file = join(folder.path, "backup");
  const pool = openPool({ connectionString: db.url }, silentLog);
  await migrateTo(pool, "0001-start");
  await pool.destroy();
  await db.query("select make_partitions(current_date, 2)");
  const { id } = message();
  await db.query(
    `insert into message (id, root, at, direction, kind, channel, from_address, to_address, hops, log, meta)
     values ($1, $1, now(), 'in', 'sms', 'SMPP_SERVER1', 'a', 'b', 0, '[]', '{}')`,
    [id],
  );
  await db.query("insert into state values ($1, $1, 0, 'RECEIVED', null, now())", [id]);
  {
    // By this version, which leaves the tables as they are.
    await using backup = await openBackup(place(db), silentLog);
    const { header } = await saveBackup(backup.chunks, file);
    assert.deepEqual(header.schema, ["0001-start"]);
  }
  const known = await db.query("select name from signalbox_migration");
  assert.deepEqual(known, [{ name: "0001-start" }]);
  await using to = await freshDatabase({ empty: true });
  await restore(to, file);
  const names = await to.query<{ name: string }>("select name from signalbox_migration order by 1");
  assert.deepEqual(
    names.map(({ name }) => name),
    migrationNames,
  );
  await using store = await openTestStore(to.url);
  assert.equal((await store.messages.show(id))?.status, "RECEIVED");
});

test("a file that changes after it was checked, or a connection that dies, leaves the database as it was", async () => {
  await using db = await freshDatabase();
  await using folder = await freshFolder();
  await fill(db);
  const expected = await rowsOf(db);
  const whole = await bytesOfBackup();
  const file = join(folder.path, "backup");
  const changed = Buffer.from(whole);
  const at = whole.length - 200;
  changed[at] = (whole[at] ?? 0) ^ 0xff;
  const failed = async (spoil: () => void) => {
    await writeFile(file, whole);
    const progress = (phase: string, done: number, total: number) => {
      if (phase === "checking" && done === total) spoil();
    };
    return codeOf(
      restoreBackup({ place: place(db), file, replace: true, log: silentLog, progress }),
    );
  };
  assert.equal(await failed(() => writeFileSync(file, changed)), "backup_broken");
  assert.equal(await failed(() => truncateSync(file, at)), "backup_broken");
  assert.deepEqual(await rowsOf(db), expected);

  await using big = await freshDatabase();
  await fillWithOctets(big);
  {
    await using backup = await openBackup(place(big), silentLog);
    await saveBackup(backup.chunks, file);
  }
  let killed: Promise<unknown> | undefined;
  const progress = (phase: string) => {
    if (phase !== "restoring" || killed !== undefined) return;
    killed = db.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name like 'signalbox%' and pid <> pg_backend_pid()`);
  };
  const code = await codeOf(
    restoreBackup({ place: place(db), file, replace: true, log: silentLog, progress }),
  );
  assert.match(code, /^(restore_failed|database_unreachable)$/);
  await killed;
  assert.deepEqual(await rowsOf(db), expected);
});

test("a backup is restored into a new data directory, whose server is stopped again", async () => {
  await using folder = await freshFolder();
  const file = join(folder.path, "backup");
  const dataDirectory = join(folder.path, "new", "data");
  const whole = await bytesOfBackup();
  await writeFile(file, whole);
  const given = { databaseUrl: undefined, dataDirectory, lockWaitMs: 2_000 };
  const facts = await restoreBackup({ place: given, file, replace: false, log: silentLog });
  assert.equal((await stat(dataDirectory)).mode & 0o077 & ~0o011, 0, "closed to others");
  assert.ok(!(await readdir(join(dataDirectory, "postgres"))).includes("postmaster.pid"));
  await using backup = await openBackup(given, silentLog);
  const { rows } = await saveBackup(backup.chunks, file);
  assert.deepEqual(rows, facts.rows);
});

const small =
  process.getuid?.() === 0 && process.platform === "linux"
    ? {}
    : { skip: "mounting a tmpfs needs root on Linux" };

test("on a disk that is too small for it the database stays as it was", small, async (t) => {
  await using folder = await freshFolder();
  const disk = join(folder.path, "small");
  mkdirSync(disk);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=220m,mode=0755", "tmpfs", disk]);
  } catch {
    t.skip("this machine does not let a tmpfs be mounted");
    return;
  }
  try {
    const given = { databaseUrl: undefined, dataDirectory: disk, lockWaitMs: 2_000 };
    const file = join(folder.path, "backup");
    await writeFile(file, await bytesOfBackup());
    const kept = await restoreBackup({ place: given, file, replace: false, log: silentLog });
    {
      await using big = await freshDatabase();
      for (let n = 0; n < 2; n += 1) await fillWithOctets(big);
      await using backup = await openBackup(place(big), silentLog);
      await saveBackup(backup.chunks, file);
    }
    const refused = await restoreBackup({
      place: given,
      file,
      replace: true,
      log: silentLog,
    }).catch((error: unknown) => error);
    t.diagnostic(String(refused));
    assert.match(String(refused), /less than 128 MiB left/);
    await using backup = await openBackup(given, silentLog);
    const { rows } = await saveBackup(backup.chunks, file);
    assert.deepEqual(rows, kept.rows);
  } finally {
    execFileSync("umount", ["-l", disk]);
  }
});
