/** Records for billing: the view, the files, and what is found by any id. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { amountOf } from "../../src/model/amount.ts";
import { systemClock } from "../../src/model/clock.ts";
import { firstIdAt } from "../../src/model/id.ts";
import { recordColumns, recordLine } from "../../src/model/record.ts";
import { shortIdMaker } from "../../src/model/short-id.ts";
import { startRecordDays } from "../../src/store/record-days.ts";
import { writeRecords } from "../../src/store/record-file.ts";
import { freshDatabase, silentLog } from "../support/database.ts";
import { freshFolder } from "./backup-fixtures.ts";
import {
  acceptance,
  childOf,
  codeOf,
  conclusion,
  finish,
  message,
  newId,
  openTestStore,
  told,
} from "./fixtures.ts";

const db = await freshDatabase();
const store = await openTestStore(db.url);
const { writer, records } = store;
after(async () => {
  await store.close();
  await db[Symbol.asyncDispose]();
});
await store.accounts.add({ id: "Test1", password: "Pwd1", credits: 1_000, numbers: [] });

const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);

test("[Y35] a message has a record for each try, with ids, channels, both errors, price, triggers and route", async () => {
  const id = shortIdMaker()(newId());
  const story = [
    { at: 1, what: "trigger", facts: { trigger: "CHARGE", version: 3, us: 9, result: "accepted" } },
    {
      at: 1,
      what: "trace",
      facts: { text: '"what":"trigger","facts":{"trigger":"NOT","version":1' },
    },
    { at: 1, what: "trigger", facts: { trigger: "FORWARD", version: 12, us: 9, result: "\0" } },
    { at: 2, what: "routed", facts: { rule: "dutch", why: "prefix" } },
  ];
  const original = message({ id, root: id, log: story });
  const made = acceptance({ price: 1 });
  const forward = made.forwards[0]!;
  const out = childOf(original, { to: "+31699887700" });
  const one = {
    ...made,
    message: original,
    charge: { account: "Test1", amount: amountOf(1.5) },
    forwards: [{ ...forward, message: out }],
  };
  await db.query(
    "insert into channel_address values ('SMPP1', now() - interval '1 h', '192.0.2.7')",
  );
  await writer.accept(one);
  const of = { id: out.id, root: id, channel: "SMPP1", maybeTwice: false };
  const again = { ...of, tries: 1, error: "ESME_RTHROTTLED", dueMs: 0, atMs: Date.now() - 5 };
  await writer.again(again);
  await writer.finish(finish(one, { providerId: "00AbC", tries: 2 }));
  await writer.conclude(
    conclusion(one, {
      status: "NOTDELIVERED",
      error: "UNDELIV 011",
      tell: [told(one, { parent: out.id })],
    }),
  );
  for (const key of [id, id.slice(-8), "abc", "31699887766"]) {
    const found = await records.find(key);
    assert.deepEqual(
      found.map((row) => [row.try, row.try_status, row.peer_error, row.provider_id, row.charge]),
      [
        [1, "QUEUED", "ESME_RTHROTTLED", null, null],
        [2, "NOTDELIVERED", "UNDELIV 011", "00AbC", "1.5000"],
      ],
      `found by ${key}`,
    );
    const last = found[1]!;
    assert.deepEqual(Object.keys(last), recordColumns);
    const { root, message: sent, short_id, account, channel_in, channel_out, ...rest } = last;
    assert.deepEqual([root, sent, short_id], [id, out.id, id.slice(-8)]);
    assert.deepEqual([account, channel_in, channel_out], ["Test1", "SMPP_SERVER1", "SMPP1"]);
    assert.deepEqual(
      [rest.status, rest.error, rest.told_state, rest.told_error],
      ["NOTDELIVERED", "UNDELIV 011", "DELIVRD", "000"],
    );
    assert.deepEqual([rest.payer, rest.kept, rest.parts], ["Test1", "1.5000", 1]);
    assert.deepEqual([rest.triggers, rest.routes], ["CHARGE:3 FORWARD:12", "dutch"]);
    assert.equal(rest.provider_address, "192.0.2.7");
    assert.deepEqual([rest.to_address, rest.sent_to], ["+31699887766", "+31699887700"]);
  }
});

test("[Y35] each part is a record, what was never tried is one, and the prices of all add up to the ledger's", async () => {
  const split = acceptance({ price: 3 });
  await writer.accept(split);
  const { kind: _kind, ...fields } = finish(split);
  for (const part of [1, 2, 3]) {
    const attempt = { ...fields, providerId: `P${part}`, part, parts: 3, reference: 7 };
    await writer.part(attempt);
  }
  await writer.finish(finish(split, { inParts: true, providerId: undefined }));
  const [byPart] = await records.find("P2");
  assert.equal(byPart?.root, split.message.id);
  const parts = await records.find(split.message.id);
  assert.deepEqual(
    parts.map((row) => [row.part, row.parts, row.provider_id]),
    [1, 2, 3].map((part) => [part, 3, `P${part}`]),
  );
  const waiting = acceptance({ price: 1, children: 2 });
  await writer.accept(waiting);
  const still = await records.find(waiting.message.id);
  assert.deepEqual(
    still.map((row) => [row.try, row.status, row.charge, row.kept]),
    [
      [null, "QUEUED", "0.5000", null],
      [null, "QUEUED", "0.5000", null],
    ],
  );
  const alone = acceptance({ children: 0 });
  await writer.accept(alone);
  const [only] = await records.find(alone.message.id);
  assert.deepEqual([only?.message, only?.channel_out], [alone.message.id, null]);

  const [sums] = await db.query<{ charge: string; ledger: string }>(`
    select sum(charge)::text as charge,
      (select sum(amount)::text from ledger where kind = 'hold') as ledger from record`);
  assert.equal(sums?.charge, sums?.ledger);
});

test("[Y35] a day's file is CSV or JSON Lines, whole with its SHA-256 or not there; each line is a record", async () => {
  await using folder = await freshFolder();
  const strange = message({ from: 'A "B", C\r\n=D', to: " x " });
  await writer.accept({ ...acceptance({ children: 0 }), message: strange });
  const today = dayOf(Date.now());
  const file = join(folder.path, `records-${today}.csv`);
  const written = await writeRecords(records.text(today, "csv"), { file, headLines: 1 });
  const text = await readFile(file, "utf8");
  const sum = createHash("sha256").update(text).digest("hex");
  assert.equal(await readFile(`${file}.sha256`, "utf8"), `${sum}  records-${today}.csv\n`);
  const lines = text.split("\r\n");
  assert.equal(lines[0], recordColumns.join(","));
  assert.ok(text.includes(',"A ""B"", C  =D"," x ",'), text);
  const [count] = await db.query<{ n: number }>("select count(*)::integer as n from record");
  assert.deepEqual([written.records, written.sha256, lines.length - 2], [count?.n, sum, count?.n]);

  const json = (await records.text(today, "jsonl").toArray()).join("").trim().split("\n");
  assert.equal(json.length, count?.n);
  const ours = json.map((line) => JSON.parse(line)).find((row) => row.root === strange.id);
  assert.equal(ours.from_address, strange.from);
  assert.equal(recordLine(ours, "jsonl"), `${JSON.stringify(ours)}\n`);

  // A disk without room, and a gateway that goes away in the middle.
  await symlink("/dev/full", `${file}.part`);
  const full = writeRecords(records.text(today, "csv"), { file, headLines: 1 });
  await assert.rejects(full, { code: "record_file", message: /\.part: ENOSPC: no space left/ });
  const broken = async function* () {
    yield Buffer.from("half");
    throw new Error("gone");
  };
  await assert.rejects(writeRecords(broken(), { file, headLines: 1 }), /gone/);
  assert.equal(await readFile(file, "utf8"), text, "the one before stays");
  assert.deepEqual((await readdir(folder.path)).length, 2);
  const nowhere = join(folder.path, "nowhere", "a.csv");
  assert.equal(
    await codeOf(writeRecords(broken(), { file: nowhere, headLines: 1 })),
    "record_file",
  );
});

test("[Y35] each day that is over is written once, what was missed is made up for, old files go", async () => {
  await using folder = await freshFolder();
  const nowMs = Date.now();
  for (const days of [2, 3]) {
    await db.query(`select make_partitions('${dayOf(nowMs - days * 86_400_000)}', 1)`);
    const id = firstIdAt(nowMs - days * 86_400_000);
    await writer.accept({ ...acceptance({ children: 0 }), message: message({ id, root: id }) });
  }
  const directory = join(folder.path, "made", "records");
  const settings = { directory, format: "jsonl", keepDays: 30, afterHours: 0 } as const;
  const given = { records, settings, clock: systemClock, log: silentLog };
  const days = startRecordDays(given);
  await days.now();
  const expected = [3, 2, 1].map((back) => `records-${dayOf(nowMs - back * 86_400_000)}.jsonl`);
  const all = expected.flatMap((name) => [name, `${name}.sha256`]);
  assert.deepEqual((await readdir(directory)).toSorted(), all);
  assert.equal((await readFile(join(directory, expected[0]!), "utf8")).split("\n").length, 2);
  await writeFile(join(directory, expected[0]!), "as it is");
  await writeFile(join(directory, "records-2020-01-01.csv"), "old");
  await writeFile(join(directory, "other.csv"), "not ours");
  await days.now();
  assert.deepEqual((await readdir(directory)).toSorted(), ["other.csv", ...all]);
  assert.equal(await readFile(join(directory, expected[0]!), "utf8"), "as it is", "never touched");
  await days.close();

  // A folder that cannot be made is told once, and again when it works.
  const told: string[] = [];
  const log = { ...silentLog, error: (_: unknown, text: string) => void told.push(text) };
  const file = join(folder.path, "file");
  await writeFile(file, "");
  const blocked = { ...settings, directory: join(file, "records") };
  const failing = startRecordDays({ ...given, settings: blocked, log });
  await failing.now();
  await failing.now();
  assert.equal(told.length, 1);
  await failing.close();
});
