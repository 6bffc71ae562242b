import assert from "node:assert/strict";
import { test } from "node:test";
import { chosenOf } from "../../src/gateway/chosen.ts";
import { systemClock } from "../../src/model/clock.ts";
import { idMaker } from "../../src/model/id.ts";
import { providerIdForms } from "../../src/model/provider-id.ts";
import { freshDatabase } from "../support/database.ts";
import {
  type TestStore,
  acceptance,
  child,
  conclusion,
  finish,
  message,
  openTestStore,
} from "./fixtures.ts";

/** A message that the provider took under this id. */
async function sentAs(store: TestStore, providerId: string, channel = "SMPP1"): Promise<string> {
  const one = acceptance();
  await store.writer.accept(one);
  await store.writer.finish(finish(one, { providerId, channel }));
  return child(one).id;
}

async function matched(
  store: TestStore,
  messageId: string,
  channels: readonly string[] = ["SMPP1"],
  backMs?: number,
): Promise<string | undefined> {
  const forms = providerIdForms(messageId);
  const ids = [messageId, ...forms.slice(1).map(({ key }) => key)];
  const [found] = await store.reports.find([{ channels, ids }], backMs);
  return chosenOf(found ?? [], { messageId, numbers: [] }, forms)?.candidate.sent.message.id;
}

const uuid = "0e999f21-81ef-4974-a414-3de98174e3c7";

/** What the provider answered, and what it reports. */
const vectors: readonly (readonly [vector: string, answered: string, reported: string])[] = [
  ["D1 leading zero lost", "04062581461565934000241", "4062581461565934000241"],
  ["D2 zero padded", "24", "000024"],
  ["D3 the zero stays", "0913121205", "0913121205"],
  ["D4 case", "1d6a811", "1D6A811"],
  ["D5 a UUID is no number", uuid, uuid.toUpperCase()],
  ["D6 not a number, case", "1101C1-C9D03D-F000", "1101c1-c9d03d-f000"],
  ["D7 hex to decimal above 2^53", "812FC7470000001B", "9308878062554710043"],
  ["D7 decimal to hex", "9308878062554710044", "812fc7470000001c"],
  ["D15 underscore", "1_14839433040000", "1_14839433040000"],
  ["letters beyond ASCII", "Ébène-1", "Ébène-1"],
];

test("[D01] [D02] [D03] [D04] [D05] [D06] [D07] [D15] an id is found in each form that providers write", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const ids = await Promise.all(vectors.map(([, answered]) => sentAs(store, answered)));
  await Promise.all(vectors.map(([, answered]) => sentAs(store, `${answered}9`)));
  for (const [n, [vector, , reported]] of vectors.entries()) {
    assert.equal(await matched(store, reported), ids[n], vector);
    assert.equal(await matched(store, `${reported}8`), undefined, vector);
  }
});

test("a message is found with its original, both as they were", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const one = acceptance();
  await store.writer.accept(one);
  await store.writer.finish(finish(one, { providerId: "0AB" }));
  const sent = { message: child(one), original: one.message };
  // Among thousands of reports nobody needs the traces of their messages.
  const bare = { message: child(one), original: { ...one.message, log: [] } };
  const wanted = { channels: ["SMPP1"], ids: ["ab"] };
  const status = "SENT";
  assert.deepEqual(await store.reports.find([wanted]), [
    [{ sent: bare, providerId: "0AB", status }],
  ]);
  assert.deepEqual(await store.reports.sentOf(child(one).id), sent);
  assert.equal(await store.reports.sentOf(message().id), undefined);
});

test("many are asked for at once and answered in their order, with nothing for nobody", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const ids = ["11", "12", "13"];
  const sent = await Promise.all(ids.map((id) => sentAs(store, id)));
  const asked = ["13", "", "nobody", "0011", "12", "13", "'; drop table attempt", "1\0"];
  const wanted = asked.map((id) => ({ channels: ["SMPP1"], ids: [id] }));
  const found = await store.reports.find(wanted);
  assert.deepEqual(
    found.map((list) => list.map((one) => one.sent.message.id)),
    [[sent[2]], [], [], [sent[0]], [sent[1]], [sent[2]], [], []],
  );
  assert.deepEqual(await store.reports.find([]), []);
});

test("[A57] an id is only known to the channels of its provider", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const [one, two] = [await sentAs(store, "77", "SMPP1"), await sentAs(store, "77", "SMPP2")];
  assert.equal(await matched(store, "77", ["SMPP1"]), one);
  assert.equal(await matched(store, "77", ["SMPP3", "SMPP2"]), two);
  assert.equal(await matched(store, "77", ["SMPP3", "SMPP"]), undefined);
  assert.equal(await matched(store, "77", []), undefined);
});

test("[D11] what has its report is still found, with the status that it has", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const one = acceptance();
  await store.writer.accept(one);
  await store.writer.finish(finish(one, { providerId: "5" }));
  await store.writer.conclude(conclusion(one));
  const [found] = await store.reports.find([{ channels: ["SMPP1"], ids: ["5"] }]);
  assert.equal(found?.[0]?.status, "DELIVERED");
});

test("only as far back as is asked is looked at, and of one id the newest goes first", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const backMs = 5 * 86_400_000;
  const oldId = idMaker(() => Date.now() - backMs - 60_000);
  const original = message({ id: oldId() });
  const id = oldId();
  const one = acceptance();
  const old = {
    ...one,
    message: original,
    forwards: one.forwards.map((forward) => ({
      ...forward,
      message: { ...child(one), id, root: original.id, parent: original.id },
    })),
  };
  await store.writer.accept(old);
  await store.writer.finish(finish(old, { providerId: "31" }));
  assert.equal(await matched(store, "31"), id);
  assert.equal(await matched(store, "31", ["SMPP1"], backMs), undefined);
  const young = await sentAs(store, "31");
  assert.equal(await matched(store, "31"), young);
});

test("[A59] messages whose report is overdue are found, each channel by its own limit", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const nowMs = systemClock.nowMs();
  const took = async (over: Parameters<typeof finish>[1]) => {
    // Made an hour and more ago: what is overdue was taken after it was made.
    const makeId = idMaker(() => nowMs - 7_200_000);
    const original = message({ id: makeId() });
    const one = acceptance();
    const id = makeId();
    const forwards = one.forwards.map((forward) => ({
      ...forward,
      message: { ...child(one), id, root: original.id, parent: original.id },
    }));
    const made = { ...one, message: original, forwards };
    await store.writer.accept(made);
    await store.writer.finish(finish(made, over));
    return made;
  };
  const late = await took({ atMs: nowMs - 3_600_000 });
  const later = await took({ atMs: nowMs - 3_500_000 });
  await took({ atMs: nowMs - 1_000 });
  await took({ atMs: nowMs - 3_600_000, reportAsked: false });
  const other = await took({ atMs: nowMs - 3_600_000, channel: "SMPP2" });
  const reported = await took({ atMs: nowMs - 3_600_000 });
  await store.writer.conclude(conclusion(reported));
  const overdue = async (channel: string, waitMs: number, limit = 10) =>
    (await store.reports.overdue(channel, waitMs, limit)).map((sent) => sent.message.id);
  assert.deepEqual(await overdue("SMPP1", 1_800_000), [child(late).id, child(later).id]);
  assert.deepEqual(await overdue("SMPP1", 1_800_000, 1), [child(late).id]);
  assert.deepEqual(await overdue("SMPP1", 3_550_000), [child(late).id]);
  assert.deepEqual(await overdue("SMPP2", 1_800_000), [child(other).id]);
  assert.deepEqual(await overdue("SMPP3", 0), []);
  await store.writer.conclude(conclusion(late, { status: "NOREPORT", error: "no_report" }));
  assert.deepEqual(await overdue("SMPP1", 1_800_000), [child(later).id]);
});

test("[D14] of an id that is used again and again those without a report are found, however many have theirs", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const open = await sentAs(store, "7");
  for (let n = 0; n < 20; n += 1) {
    const one = acceptance();
    await store.writer.accept(one);
    await store.writer.finish(finish(one, { providerId: "007" }));
    await store.writer.conclude(conclusion(one));
  }
  const [found] = await store.reports.find([{ channels: ["SMPP1"], ids: ["7"] }]);
  assert.equal(found?.[0]?.sent.message.id, open);
  assert.equal(found.length, 8, "no more than that many are given");
});
