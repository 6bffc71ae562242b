import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { firstIdAt } from "../../src/model/id.ts";
import { saveBackup } from "../../src/store/backup-file.ts";
import { type BackupPart, readBackup } from "../../src/store/backup-format.ts";
import { keptTables } from "../../src/store/backup-tables.ts";
import { openBackup } from "../../src/store/backup.ts";
import { restoreBackup } from "../../src/store/restore.ts";
import { type TestDatabase, freshDatabase, silentLog } from "../support/database.ts";
import { acceptance, child, conclusion, finish, message, openTestStore, told } from "./fixtures.ts";

export const place = (db: TestDatabase) => ({
  databaseUrl: db.url,
  dataDirectory: "",
  lockWaitMs: 2_000,
});

export const restore = (db: TestDatabase, file: string, replace = false) =>
  restoreBackup({ place: place(db), file, replace, log: silentLog });

/** A folder of this test's own. */
export async function freshFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "signalbox-backup-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Something of everything: all tables that are kept, values that have to be escaped, empty ones. */
export async function fill(db: TestDatabase): Promise<void> {
  await using store = await openTestStore(db.url);
  await store.accounts.add({
    id: "Test1",
    password: "Pwd1",
    credits: 1_000,
    numbers: ["+31699887766"],
  });
  const waiting = Array.from({ length: 20 }, () => acceptance({ price: 1 }));
  const done = Array.from({ length: 20 }, () => acceptance({ price: 1, children: 2 }));
  for (const one of [...waiting, ...done]) await store.writer.accept(one);
  await store.writer.claim(waiting.slice(0, 5).map((one) => child(one).id));
  for (const one of done) {
    await store.writer.finish(finish(one));
    await store.writer.conclude(conclusion(one, { tell: [told(one)] }));
  }
  const strange = message({
    to: "back\\slash\ttab\nline \\. \\N",
    from: "𝕊 ü",
    account: undefined,
  });
  await store.writer.accept({ ...acceptance({ children: 0 }), message: strange });
  await db.query(`insert into dead_letter (id, root, kind, at, reason, payload)
    values (gen_random_uuid(), null, 'report', now(), '', '\\x00 {"a":"\\u0000"}')`);
  await db.query(`insert into pending (id, root, kind, queue, priority, due, expires, tries, maybe_twice, payload)
    values (gen_random_uuid(), gen_random_uuid(), 'event', '', 0, now(), 'infinity', 3, false, '{}')`);
  await db.query("insert into channel_hold (channel, held, by) values ('SMPP1', 'paused', 'ann')");
  await db.query(`insert into inbound_number (pattern, keyword, account, by, at)
    values ('+3161*', 'WIN', 'Test1', 'ann', now())`);
  await db.query(`insert into opt_out (account, number, by, at)
    values ('', '31612345678', 'message', now())`);
  await db.query("insert into id_base (provider, base) values ('SMPP1', 'hex')");
  await db.query(`insert into trigger_version (file, version, hash, sources, at, by)
    values ('a.ts', 1, 'ab', '{"a.ts":{"text":"\\\\u0000","imports":{}}}', now(), 'ann')`);
  await db.query(`insert into trigger_pin (file, version, passed_over, instead_of, why, by, at)
    values ('a.ts', 1, 'cd', null, '', 'ann', now())`);
  await db.query(`insert into trigger_canary (file, version, share, accounts, by, at)
    values ('a.ts', null, null, array['Test1', 'a,"b'], 'ann', now())`);
  await db.query("insert into trigger_disabled (name, by, at) values ('A', 'ann', now())");
  await db.query(`insert into trigger_schedule (name, cron, zone, since)
    values ('NIGHT', '0 3 * * *', 'UTC', now())`);
  await db.query(`insert into kv (namespace, key, value, expires_at)
    values ('a', 'tab é', '"\\u0000"', null), ('shared:b', 'n', '1', now())`);
  await db.query(`insert into ledger_day (day, account, channel, route, parts, price, messages, held,
    committed, refunded) values ('2026-01-05', 'Test1', 'SMPP1', '', 1, 0.0065, 3, 0, 0.013, 0.0065)`);
  await db.query("insert into number_table (name, version) values ('prices', 1)");
  await db.query(`insert into number_table_version
    (name, version, entries, quality_min, per_provider, at, by)
    values ('prices', 1, 1, 50, false, now(), 'ann')`);
  await db.query(`insert into number_table_entry (name, version, low, high, network, provider, price,
    quality, weight, valid_from, blocked, line)
    values ('prices', 1, -1, -1, '20404', 'SMPP1', 65, null, 1, 0, false, 2)`);
  await db.query(`insert into channel_address (channel, at, address)
    values ('SMPP1', now(), '192.0.2.7')`);
  await db.query(`insert into api_key (id, account, name, sha256, scopes, allow_from, created_at, by)
    values ('0123456789ab', 'Test1', 'shop', 'ab', array['send', 'read'], '', now(), 'ann')`);
  await db.query(`insert into idempotency (account, key, body_sha256, ids, answer, at)
    values ('Test1', 'k "1"', 'ab', array[gen_random_uuid()], null, now())`);
  await db.query(`insert into http_batch (id, account, items, at)
    values (gen_random_uuid(), 'Test1', '["a\\"b"]', now())`);
  await db.query(`insert into webhook (id, account, url, form, events, channels, secrets, disabled, created_at)
    values (gen_random_uuid(), 'Test1', 'https://a.example/?a=b', 'post', array['message.sent'], '{}',
      '[{"secret":"whsec_AAAA"}]', null, now())`);
  await db.query(`insert into webhook_call (id, webhook, subject, event, payload, at, due, tries, dead_at, reason)
    values (gen_random_uuid(), gen_random_uuid(), 's', 'message.sent', '{"text":"\\u0000"}', now(), now(), 3, null, '')`);
  // A day that is long past, and a clock that was wrong.
  await db.query("select make_partitions('2026-01-05', 1)");
  for (const id of [firstIdAt(Date.UTC(2026, 0, 5, 12)), firstIdAt(Date.UTC(2036, 0, 5))])
    await db.query("insert into trace (root, at, lines) values ($1, now(), '[]')", [id]);
}

/** All rows of a backup's tables as text; what a restore marks is left out. */
export async function rowsOf(db: TestDatabase): Promise<Record<string, readonly string[]>> {
  const all: Record<string, readonly string[]> = {};
  for (const table of keptTables) {
    const rows = await db.query<{ row: string }>(
      `select (to_jsonb(t) - 'maybe_twice')::text as row from ${table} t order by 1`,
    );
    all[table] = rows.map(({ row }) => row);
  }
  return all;
}

/** A backup of a filled database, made once. */
let made: Promise<Buffer> | undefined;
export function bytesOfBackup(): Promise<Buffer> {
  made ??= (async () => {
    await using db = await freshDatabase();
    await using folder = await freshFolder();
    await fill(db);
    const file = join(folder.path, "backup");
    await using backup = await openBackup(place(db), silentLog);
    await saveBackup(backup.chunks, file);
    return await readFile(file);
  })();
  return made;
}

export async function* chunksOf(octets: Buffer, size = 65_536): AsyncGenerator<Buffer> {
  for (let at = 0; at < octets.length; at += size) yield octets.subarray(at, at + size);
}

export async function partsOf(octets: Buffer, size?: number): Promise<readonly BackupPart[]> {
  const parts: BackupPart[] = [];
  for await (const part of readBackup(chunksOf(octets, size))) parts.push(part);
  return parts;
}

/** Rows of 30 MB that do not compress well: more than what all buffers on the way hold. */
export async function fillWithOctets(db: Pick<TestDatabase, "query">): Promise<void> {
  await db.query(`insert into trace (root, at, lines)
    select gen_random_uuid(), now(), string_agg(md5(random()::text), '')
    from generate_series(1, 300) as n, generate_series(1, 3000) group by n`);
}
