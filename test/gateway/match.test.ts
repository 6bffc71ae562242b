/**
 * Which message a report is about: by its id in all forms, by the number, and by what is still on its
 * way. The database is a list here; the store's own tests prove that it finds what it should.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Choice, chosenOf } from "../../src/gateway/chosen.ts";
import { concludingKey, createConcluding } from "../../src/gateway/concluding.ts";
import { type IdBases, createIdBases } from "../../src/gateway/id-base.ts";
import { type Match, createMatcher } from "../../src/gateway/match.ts";
import { createOnItsWay } from "../../src/gateway/on-its-way.ts";
import { createSentMemory } from "../../src/gateway/sent-memory.ts";
import type { ReportEvent } from "../../src/model/event.ts";
import type { Sent } from "../../src/model/message.ts";
import { type IdBase, canonicalProviderId, providerIdForms } from "../../src/model/provider-id.ts";
import type { Report } from "../../src/model/report.ts";
import type { Status } from "../../src/model/status.ts";
import type { Candidate } from "../../src/store/candidates.ts";
import { recorderLog } from "../support/log.ts";
import { sentOf } from "../support/sent.ts";

const uuid = "0e999f21-81ef-4974-a414-3de98174e3c7";
const phone = "+31612345678";
const otherPhone = "+31687654321";

function candidate(
  name: string,
  providerId: string,
  status: Status = "SENT",
  to = phone,
): Candidate {
  const { message, original } = sentOf(name);
  const sent = { message: { ...message, id: name, to }, original: { ...original, to } };
  return { sent, providerId, status };
}

function choice(
  candidates: readonly Candidate[],
  messageId: string,
  { numbers = [], known }: { numbers?: readonly string[]; known?: IdBase } = {},
): Choice | undefined {
  return chosenOf(candidates, { messageId, numbers }, providerIdForms(messageId, known));
}

const chosen = (...given: Parameters<typeof choice>) => choice(...given)?.candidate.sent.message.id;

test("an id as it is written goes before one with zeros, and that before hex and decimal", () => {
  const hex = "812fc7470000001b";
  const decimal = "9308878062554710043";
  const all = [candidate("d", hex), candidate("c", `00${decimal}`), candidate("b", decimal)];
  assert.equal(chosen(all, decimal), "b");
  assert.equal(chosen(all.slice(0, 2), decimal), "c");
  assert.equal(chosen(all.slice(0, 1), decimal), "d");
  assert.equal(chosen([candidate("b", decimal)], hex), "b");
  assert.equal(chosen([], decimal), undefined);
  assert.equal(chosen(all, decimal, { known: "hexToDecimal" }), "d", "what was learnt goes first");
});

test("[D14] of one id that came twice it is the newest without a report, else the newest", () => {
  const old = candidate("a", "7");
  const newer = candidate("b", "7");
  assert.equal(chosen([old, newer], "7"), "b");
  assert.equal(chosen([old, { ...newer, status: "DELIVERED" }], "7"), "a");
  assert.equal(chosen([{ ...old, status: "NOREPORT" }, candidate("c", "7", "FAILED")], "7"), "a");
  const reported = [old, newer].map((one) => ({ ...one, status: "DELIVERED" as const }));
  assert.equal(chosen(reported, "7"), "b");
});

test("[D14] of one id that came twice it is the message to the number that the report names", () => {
  const all = [candidate("a", "7"), candidate("b", "7", "SENT", otherPhone)];
  assert.equal(chosen(all, "7", { numbers: [phone, ""] }), "a");
  assert.equal(chosen(all, "7", { numbers: ["31612345678"] }), "a", "however it is written");
  assert.equal(chosen(all, "7", { numbers: ["0612345678"] }), "a", "without the country's code");
  assert.equal(chosen(all, "7", { numbers: ["ACME", otherPhone] }), "b", "in either field");
  assert.equal(chosen(all, "7", { numbers: ["+15550000000"] }), "b", "a number that fits none");
  const done = [candidate("a", "7", "DELIVERED"), candidate("b", "7", "SENT", otherPhone)];
  assert.equal(chosen(done, "7", { numbers: [phone] }), "a", "its own report again");
});

test("between ids that differ nothing is guessed, but the number may tell them apart", () => {
  assert.equal(chosen([candidate("a", "07"), candidate("b", "007")], "7"), undefined);
  assert.equal(chosen([candidate("a", "07"), candidate("b", "7")], "0007"), undefined);
  const apart = [candidate("a", "07"), candidate("b", "007", "SENT", otherPhone)];
  assert.equal(chosen(apart, "7", { numbers: [otherPhone] }), "b");
  const cases = [candidate("a", "AB"), candidate("b", "ab")];
  assert.equal(chosen(cases, "aB"), "b", "case is no difference");
  assert.equal(chosen([candidate("a", uuid)], uuid.slice(1)), undefined, "[D05]");
});

test("a converted id of the right number goes before the written one of another", () => {
  const all = [candidate("a", "10000000", "SENT", otherPhone), candidate("b", "268435456")];
  assert.equal(chosen(all, "10000000", { numbers: [phone] }), "b");
  assert.equal(chosen(all, "10000000", { numbers: [] }), "a");
});

function bases(set?: IdBase): IdBases & { readonly kept: string[]; lines(): number } {
  const log = recorderLog();
  const kept: string[] = [];
  const learning = createIdBases({
    setFor: () => set,
    keep: async (group, base) => void kept.push(`${group} ${base}`),
    log,
  });
  return { ...learning, kept, lines: () => log.lines.length };
}

const keysOf = (of: IdBases, id: string) => of.formsOf("G", id).map(({ key }) => key);

test("how a provider writes its ids is learnt from three reports in a row, kept and told once", () => {
  const learning = bases();
  assert.deepEqual(keysOf(learning, "120488"), ["120488"], "a short id is not converted");
  for (let n = 0; n < 10; n += 1) learning.saw("G", `12048${n}`, "hexToDecimal");
  assert.deepEqual(learning.known("G"), { base: "hexToDecimal", by: "learnt" });
  assert.deepEqual(keysOf(learning, "120488"), ["1d6a8", "120488"]);
  assert.deepEqual(learning.kept, ["G hexToDecimal"]);
  assert.equal(learning.lines(), 1);
  assert.equal(learning.known("OTHER"), undefined, "each provider has its own");
});

test("what was learnt wrongly is unlearnt by three reports, and one stray report changes nothing", () => {
  const learning = bases();
  learning.recall(new Map([["G", "hexToDecimal"]]));
  learning.saw("G", "100", "same");
  learning.saw("G", "120489", "hexToDecimal");
  learning.saw("G", "101", "same");
  learning.saw("G", "102", "same");
  assert.equal(learning.known("G")?.base, "hexToDecimal");
  learning.saw("G", "103", "same");
  assert.deepEqual(learning.known("G"), { base: "same", by: "learnt" });
  assert.deepEqual(learning.kept, ["G same"]);
});

test("an id that could not be written otherwise says nothing of the base", () => {
  const learning = bases();
  for (let n = 0; n < 9; n += 1) learning.saw("G", `${uuid}${n}`, "same");
  for (let n = 0; n < 9; n += 1) learning.saw("G", `${n}`, "same");
  assert.equal(learning.known("G"), undefined);
});

test("what the setting says is believed and nothing else is tried or learnt", () => {
  const learning = bases("hexToDecimal");
  for (let n = 10; n < 20; n += 1) learning.saw("G", `${n}`, "same");
  assert.deepEqual(learning.known("G"), { base: "hexToDecimal", by: "set" });
  assert.deepEqual(keysOf(learning, "120488"), ["1d6a8"]);
  assert.deepEqual(keysOf(learning, uuid), [uuid], "an id that is no number stays as it is");
  assert.deepEqual(keysOf(bases("same"), "9308878062554710043"), ["9308878062554710043"]);
  assert.deepEqual(learning.guessesOf("G", "120488"), []);
});

interface Rig {
  readonly rows: Candidate[];
  readonly memory: ReturnType<typeof createSentMemory>;
  readonly onItsWay: ReturnType<typeof createOnItsWay>;
  readonly concluding: ReturnType<typeof createConcluding>;
  readonly bases: IdBases;
  asked(): number;
  match(id: string, more?: Partial<Told>): Promise<Match | undefined>;
}

interface Told {
  readonly from: string;
  readonly to: string;
  readonly status: Report["status"];
  readonly turn: "first" | "again" | "last";
}

/** A matcher over a list of rows, each found by the id that it was stored with but for zeros and case. */
function rig(set?: IdBase): Rig {
  const rows: Candidate[] = [];
  const memory = createSentMemory();
  const onItsWay = createOnItsWay();
  const learning = bases(set);
  const concluding = createConcluding();
  let asked = 0;
  const matcher = createMatcher({
    memory,
    onItsWay,
    concluding,
    bases: learning,
    groupOf: () => "G",
    channelsOf: () => ["SMPP1"],
    table: {
      find: async (wanted) => {
        asked += 1;
        return wanted.map(({ ids }) => {
          const keys = new Set(ids.map(canonicalProviderId));
          return rows.filter(({ providerId }) => keys.has(canonicalProviderId(providerId)));
        });
      },
    },
  });
  return {
    rows,
    memory,
    onItsWay,
    concluding,
    bases: learning,
    asked: () => asked,
    match(messageId, { from = phone, to = "ACME", status = "DELIVERED", turn = "first" } = {}) {
      const report: Report = {
        messageId,
        status,
        state: "DELIVRD",
        error: "000",
        submittedMs: undefined,
        doneMs: undefined,
        text: "",
        networkError: undefined,
      };
      const event: ReportEvent = {
        id: "r",
        channel: "SMPP1",
        session: undefined,
        atMs: 0,
        report,
        from,
        to,
        isOpen: () => true,
      };
      return matcher.match(event, turn);
    },
  };
}

const idIn = (match: Match | undefined) => match?.sent.message.id;

const rememberedAs = (name: string, to = phone): Sent => candidate(name, "", "SENT", to).sent;

test("[W03] a report for what memory knows asks the database nothing", async () => {
  const { memory, match, asked } = rig();
  memory.put("G", "0001D6A811", rememberedAs("a"));
  const found = await match("1d6a811");
  assert.deepEqual([idIn(found), found?.repeated, asked()], ["a", false, 0]);
});

test("[D11] the same report again waits while the first is being applied, and is a repetition after that", async () => {
  const { memory, rows, match } = rig();
  memory.put("G", "7", rememberedAs("a"));
  const first = await match("7");
  const second = match("7");
  rows.push(candidate("a", "7", "DELIVERED"));
  first?.settled();
  assert.equal((await second)?.repeated, true);
  assert.equal((await match("7"))?.repeated, true, "the database knows it");
});

test("[D11] a report that the triggers refuse may come again, and is no repetition then", async () => {
  const { memory, match } = rig();
  memory.put("G", "7", rememberedAs("a"));
  (await match("7"))?.release();
  assert.equal((await match("7"))?.repeated, false);
});

test("[D11] where the first of two came to nothing the other one is applied, from memory and from the database", async () => {
  const { memory, rows, match } = rig();
  memory.put("G", "7", rememberedAs("a"));
  rows.push(candidate("b", "8"));
  for (const id of ["7", "8"]) {
    const first = await match(id);
    const second = match(id);
    const third = match(id);
    first?.release();
    const next = await second;
    assert.deepEqual([idIn(next), next?.repeated], [id === "7" ? "a" : "b", false]);
    next?.release();
    assert.equal((await third)?.repeated, false);
  }
});

test("[D11] reports in one look-up conclude their message once", async () => {
  const { rows, match } = rig();
  rows.push(candidate("a", "7"));
  const all = [match("7"), match("7"), match("7")];
  const first = await all[0];
  rows.splice(0, 1, candidate("a", "7", "DELIVERED"));
  first?.settled();
  assert.deepEqual(
    (await Promise.all(all)).map((one) => one?.repeated),
    [false, true, true],
  );
});

test("[D11] a report whose rows were read before another one was committed is a repetition", async () => {
  const { rows, match } = rig();
  rows.push(candidate("a", "7"));
  const first = await match("7");
  // The row that this one reads still says SENT; meanwhile the first is committed.
  const second = match("7");
  rows.splice(0, 1, candidate("a", "7", "DELIVERED"));
  first?.settled();
  assert.equal((await second)?.repeated, true);
});

test("[A59] a report that comes while its message becomes NOREPORT is the late one, no repetition", async () => {
  const { rows, match, concluding } = rig();
  const waited = candidate("a", "7");
  rows.push(waited);
  assert.equal(concluding.begin(concludingKey(waited.sent)), true);
  const late = match("7");
  rows.splice(0, 1, candidate("a", "7", "NOREPORT"));
  concluding.settled(concludingKey(waited.sent));
  assert.deepEqual([(await late)?.late, (await late)?.repeated], [true, false]);
});

test("[D11] an intermediate report takes nothing from the final one, and after that it changes nothing", async () => {
  const { memory, rows, match } = rig();
  memory.put("G", "7", rememberedAs("a"));
  const early = await match("7", { status: "SENT" });
  assert.deepEqual([idIn(early), early?.repeated], ["a", false]);
  const final = await match("7");
  assert.equal(final?.repeated, false);
  final?.settled();
  rows.push(candidate("a", "7", "DELIVERED"));
  assert.equal((await match("7", { status: "SENT" }))?.repeated, true);
});

test("[A59] after NOREPORT a final report is late, and that the network knows nothing is no news", async () => {
  const { rows, match } = rig();
  rows.push(candidate("a", "7", "NOREPORT"));
  assert.equal((await match("7", { status: "NOREPORT" }))?.repeated, true);
  const late = await match("7");
  assert.deepEqual([late?.late, late?.repeated], [true, false]);
});

test("[D14] a report for an id that is used again waits while a message to its number is unanswered", async () => {
  const { rows, match, onItsWay, memory } = rig();
  rows.push(candidate("old", "7", "DELIVERED"));
  onItsWay.handed("G", { id: "new", to: phone });
  assert.equal(await match("7"), undefined, "it may be about the one on its way");
  assert.equal((await match("7", { turn: "last" }))?.repeated, true, "there is no more time");
  memory.put("G", "7", rememberedAs("new"));
  onItsWay.landed("new");
  assert.equal(idIn(await match("7", { turn: "again" })), "new");
});

test("[D14] a report for an id that is used again is not given to an older message of another number", async () => {
  const { rows, match, onItsWay } = rig();
  rows.push(candidate("known", "5"));
  assert.equal(idIn(await match("5")), "known", "the provider's reports name numbers");
  rows.push(candidate("old", "7", "SENT", otherPhone));
  onItsWay.handed("G", { id: "new", to: phone });
  assert.equal(await match("7"), undefined);
  onItsWay.landed("new");
  const old = await match("7", { turn: "again" });
  assert.equal(idIn(old), "old", "nothing else is on its way: the id decides");
  const done = candidate("done", "9", "DELIVERED", otherPhone);
  rows.push(done);
  assert.equal(await match("9"), undefined, "one that has its report is not this one's");
});

test("[D14] memory's newest message of an id steps back for an older one to the report's number", async () => {
  const { rows, match, memory } = rig();
  memory.put("G", "5", rememberedAs("first"));
  await match("5");
  memory.put("G", "7", rememberedAs("newest", otherPhone));
  rows.push(candidate("newest", "7", "SENT", otherPhone), candidate("older", "7"));
  assert.equal(idIn(await match("7")), "older");
  assert.equal(idIn(await match("7", { from: otherPhone })), "newest");
});

test("numbers of a provider that never names its messages' numbers mean nothing", async () => {
  const { memory, rows, match, asked } = rig();
  for (let n = 100; n < 120; n += 1) {
    rows.push(candidate(`m${n}`, `${n}`));
    assert.equal(idIn(await match(`${n}`, { from: "SMSC", to: "99" })), `m${n}`);
  }
  const before = asked();
  memory.put("G", "7", rememberedAs("a"));
  assert.equal(idIn(await match("7", { from: "SMSC", to: "99" })), "a");
  assert.equal(asked(), before, "then memory is enough");
  rows.push(candidate("b", "8", "DELIVERED"));
  assert.equal((await match("8", { from: "SMSC", to: "99" }))?.repeated, true);
});

test("short ids in another base are matched by none, learnt from three, and matched from then on", async () => {
  const { rows, match, bases: learning } = rig();
  for (const n of [0, 1, 2, 3]) rows.push(candidate(`m${n}`, (0x1d6a8 + n).toString(16)));
  for (const n of [0, 1]) {
    assert.equal(await match(`${0x1d6a8 + n}`), undefined);
    assert.equal(
      await match(`${0x1d6a8 + n}`, { turn: "again" }),
      undefined,
      "one witness, not two",
    );
  }
  assert.equal(learning.known("G"), undefined);
  await match(`${0x1d6a8 + 2}`);
  assert.equal(learning.known("G")?.base, "hexToDecimal");
  for (const n of [0, 1, 2, 3])
    assert.equal(idIn(await match(`${0x1d6a8 + n}`, { turn: "again" })), `m${n}`);
});

test("nothing is learnt from an id that hits another number, or one that may still be on its way", async () => {
  const { rows, match, onItsWay, bases: learning } = rig();
  for (let n = 0; n < 9; n += 1)
    rows.push(candidate(`m${n}`, (256 + n).toString(16), "SENT", otherPhone));
  for (let n = 0; n < 9; n += 1) await match(`${256 + n}`);
  onItsWay.handed("G", { id: "new", to: otherPhone });
  for (let n = 0; n < 9; n += 1) await match(`${256 + n}`, { from: otherPhone });
  assert.equal(learning.known("G"), undefined);
});

test("a report without an id, or for nobody, matches nothing", async () => {
  const { match } = rig();
  assert.equal(await match(""), undefined);
  assert.equal(await match("404"), undefined);
});

test("[D14] whatever comes in which order, no message is concluded twice, and none by another's number", async () => {
  const ids = fc.constantFrom("7", "07", "8", "10");
  const numbers = fc.constantFrom(phone, otherPhone);
  const step = fc.oneof(
    fc.record({ do: fc.constant("send" as const), id: ids, number: numbers }),
    fc.record({ do: fc.constant("report" as const), id: ids, number: numbers }),
    fc.record({ do: fc.constant("fail" as const), id: ids, number: numbers }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const { rows, memory, match } = rig();
      // From the first on, the provider's reports name numbers.
      memory.put("G", "1", rememberedAs("first"));
      (await match("1"))?.settled();
      const concluded = new Set<string>();
      for (const [n, { do: what, id, number }] of steps.entries()) {
        if (what === "send") {
          const one = candidate(`m${String(n).padStart(3, "0")}`, id, "SENT", number);
          rows.unshift(one);
          memory.put("G", id, one.sent);
          continue;
        }
        const found = await match(id, { from: number });
        if (found === undefined || found.repeated) continue;
        const { id: ours, to } = found.sent.message;
        assert.ok(!concluded.has(ours), "twice");
        if (to !== number)
          assert.ok(
            !rows.some(
              (row) =>
                row.sent.message.to === number && row.status === "SENT" && row.providerId === id,
            ),
            "one to that number was there",
          );
        if (what === "fail") {
          found.release();
          continue;
        }
        concluded.add(ours);
        const at = rows.findIndex((row) => row.sent.message.id === ours);
        const row = rows[at];
        if (row !== undefined) rows[at] = { ...row, status: "DELIVERED" };
        found.settled();
      }
    }),
  );
});
