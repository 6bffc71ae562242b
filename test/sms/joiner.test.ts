import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Concatenation } from "../../src/sms/concatenation.ts";
import {
  type HeldPart,
  type JoinOutcome,
  createJoiner,
  joinerLimits,
} from "../../src/sms/joiner.ts";

const startMs = 1_000_000;

interface Given
  extends Partial<Omit<HeldPart, "concatenation" | "octets">>, Partial<Concatenation> {
  readonly text?: string;
}

function part({
  kind = "udh8",
  reference = 5,
  total = 3,
  sequence = 1,
  text,
  ...rest
}: Given = {}): HeldPart {
  const concatenation = { kind, reference, total, sequence };
  const octets = Buffer.from(text ?? `${sequence};`);
  const base = { group: "G", from: "+1", to: "+2", dataCoding: 0, hasUdh: true, atMs: startMs };
  return { id: `id-${reference}-${sequence}`, ...base, ...rest, concatenation, octets };
}

const told = (outcome: JoinOutcome) =>
  outcome.kind === "whole" ? outcome.parts.map(({ id }) => id).join(" ") : outcome.kind;

test("parts are held until the last one has come, in any order, and are given in theirs", () => {
  const joiner = createJoiner(joinerLimits);
  assert.equal(told(joiner.add(part({ sequence: 3 }))), "held");
  assert.equal(told(joiner.add(part({ sequence: 1 }))), "held");
  assert.equal(told(joiner.add(part({ sequence: 2 }))), "id-5-1 id-5-2 id-5-3");
  assert.deepEqual(joiner.held(), []);
  assert.equal(told(joiner.add(part({ total: 1, reference: 9 }))), "id-9-1");
});

test("a part that comes twice is told as repeated, before and after the text is whole", () => {
  const joiner = createJoiner(joinerLimits);
  joiner.add(part({ total: 2, sequence: 1 }));
  const again = part({ total: 2, sequence: 1, id: "again" });
  assert.deepEqual(joiner.add(again), { kind: "repeated", of: "id-5-1", kept: false });
  joiner.add(part({ total: 2, sequence: 2 }));
  assert.deepEqual(joiner.add(again), { kind: "repeated", of: "id-5-1", kept: true });
  const late = { ...again, atMs: startMs + joinerLimits.repeatMs };
  assert.equal(told(joiner.add(late)), "held", "it is not remembered for ever");
});

test("a text that begins like the one before under the same reference is not taken for it", () => {
  const joiner = createJoiner(joinerLimits);
  for (const sequence of [1, 2]) joiner.add(part({ total: 2, sequence }));
  assert.equal(told(joiner.add(part({ total: 2, sequence: 1, id: "new-1" }))), "repeated");
  const last = part({ total: 2, sequence: 2, id: "new-2", text: "another end" });
  assert.equal(told(joiner.add(last)), "new-1 new-2");
  // And one that came again as a whole leaves nothing behind.
  const third = createJoiner(joinerLimits);
  for (const sequence of [1, 2, 1, 2]) third.add(part({ total: 2, sequence }));
  assert.equal(told(third.add(part({ total: 2, sequence: 2, text: "else" }))), "held");
  assert.equal(third.held().length, 1);
});

test("a reference that is used again gives up the text that was not whole", () => {
  const joiner = createJoiner(joinerLimits);
  joiner.add(part({ sequence: 1 }));
  joiner.add(part({ sequence: 2 }));
  const outcome = joiner.add(part({ sequence: 1, text: "new", id: "new" }));
  assert.ok(outcome.kind === "held");
  assert.deepEqual(
    outcome.givenUp.map(({ id }) => id),
    ["id-5-1", "id-5-2"],
  );
  assert.deepEqual(
    joiner.held().map(({ id }) => id),
    ["new"],
  );
});

test("texts differ by group, addresses, kind, reference and number of parts", () => {
  const joiner = createJoiner(joinerLimits);
  const others: readonly Given[] = [
    {},
    { group: "H" },
    { from: "+3" },
    { to: "+3" },
    { kind: "sar" },
    { kind: "udh16" },
    { reference: 6 },
    { total: 4 },
  ];
  for (const sequence of [1, 2])
    for (const other of others)
      assert.equal(told(joiner.add(part({ ...other, sequence }))), "held");
  for (const other of others)
    assert.equal(
      joiner.add(part({ ...other, sequence: 3 })).kind,
      other.total === 4 ? "held" : "whole",
    );
});

test("a text waits so long and not longer, the oldest is given back first", () => {
  const joiner = createJoiner({ ...joinerLimits, waitMs: 100 });
  assert.equal(joiner.nextMs(), undefined);
  joiner.add(part({ reference: 1 }));
  joiner.add(part({ reference: 2, atMs: startMs + 10 }));
  joiner.add(part({ reference: 1, sequence: 2, atMs: startMs + 50 }));
  assert.equal(joiner.nextMs(), startMs + 100);
  assert.deepEqual(joiner.expired(startMs + 99), []);
  const ids = (nowMs: number) => joiner.expired(nowMs).map((text) => text.map(({ id }) => id));
  assert.deepEqual(ids(startMs + 100), [["id-1-1", "id-1-2"]]);
  assert.equal(joiner.nextMs(), startMs + 110);
  assert.deepEqual(ids(startMs + 200), [["id-2-1"]]);
  assert.equal(joiner.octets(), 0);
});

test("a group that leaves too many texts open is refused, and others are not", () => {
  const joiner = createJoiner({ ...joinerLimits, textsPerGroupMax: 2 });
  for (const reference of [1, 2]) joiner.add(part({ reference }));
  const full = { kind: "full", limit: "textsPerGroupMax" };
  assert.deepEqual(joiner.add(part({ reference: 3 })), full);
  assert.equal(joiner.add(part({ reference: 3, group: "H" })).kind, "held");
  assert.equal(joiner.add(part({ reference: 1, sequence: 2 })).kind, "held");
  assert.equal(joiner.add(part({ reference: 1, sequence: 3 })).kind, "whole");
  assert.equal(joiner.add(part({ reference: 3 })).kind, "held", "there is room again");
});

test("memory has an end: what is remembered makes room, what waits is never given up", () => {
  const octetsMax = 8_000;
  const joiner = createJoiner({ ...joinerLimits, octetsMax });
  for (const sequence of [1, 2]) joiner.add(part({ reference: 1, total: 2, sequence }));
  assert.ok(joiner.octets() > 3_200, "a whole text is remembered");
  const kinds = [2, 3, 4, 5, 6].map((reference) => joiner.add(part({ reference })).kind);
  assert.deepEqual(kinds, ["held", "held", "held", "held", "full"]);
  assert.ok(joiner.octets() <= octetsMax);
  assert.equal(joiner.expired(Infinity).length, 4);
  assert.equal(joiner.octets(), 0);
});

test("what is taken back leaves nothing behind, and may come again", () => {
  const joiner = createJoiner(joinerLimits);
  const [one, other] = [part({ sequence: 1 }), part({ sequence: 2 })];
  for (const each of [one, other]) joiner.add(each);
  for (const each of [one, one, other]) joiner.remove(each);
  assert.equal(joiner.octets(), 0);
  assert.deepEqual(joiner.held(), []);
  assert.equal(joiner.nextMs(), undefined);
  assert.equal(joiner.add(part({ sequence: 1 })).kind, "held");
});

test("a whole text that could not be taken waits again without its last part", () => {
  const joiner = createJoiner(joinerLimits);
  const parts = [1, 2, 3].map((sequence) => part({ sequence }));
  for (const each of parts) joiner.add(each);
  assert.equal(joiner.add(part({ sequence: 3, id: "again" })).kind, "repeated");
  joiner.reopen(parts, parts.slice(0, 2));
  assert.deepEqual(joiner.held(), parts.slice(0, 2));
  assert.equal(told(joiner.add(part({ sequence: 3, id: "later" }))), "id-5-1 id-5-2 later");
  joiner.reopen(parts, []);
  assert.equal(joiner.held().length, 0);
});

test("what waits goes on waiting after a restart", () => {
  const before = createJoiner(joinerLimits);
  for (const reference of [1, 2])
    for (const sequence of [3, 1])
      before.add(part({ reference, sequence, atMs: startMs + reference }));
  const after = createJoiner(joinerLimits);
  for (const one of before.held()) after.add(one);
  assert.deepEqual(after.held(), before.held());
  assert.equal(after.nextMs(), before.nextMs());
  assert.equal(after.octets(), before.octets());
  assert.equal(told(after.add(part({ reference: 2, sequence: 2 }))), "id-2-1 id-2-2 id-2-3");
});

test("whatever the order, with repeats and other senders between, each text is whole once", () => {
  const text = fc.record({
    reference: fc.nat({ max: 40 }),
    from: fc.constantFrom("+1", "+3", "+4"),
    kind: fc.constantFrom("udh8" as const, "udh16" as const, "sar" as const),
    total: fc.integer({ min: 1, max: 8 }),
  });
  const distinct = fc.uniqueArray(text, {
    maxLength: 12,
    selector: ({ reference, from, kind, total }) => `${reference} ${from} ${kind} ${total}`,
  });
  fc.assert(
    fc.property(
      distinct,
      fc.infiniteStream(fc.nat()),
      fc.nat({ max: 20 }),
      (texts, dice, twice) => {
        const roll = (sides: number) => (dice.next().value ?? 0) % sides;
        const parts = texts.flatMap((one, at) =>
          Array.from({ length: one.total }, (_, place) =>
            part({ ...one, sequence: place + 1, id: `${at}-${place + 1}`, text: `${at};${place}` }),
          ),
        );
        for (let n = 0; n < twice && parts.length > 0; n++) {
          const original = parts[roll(parts.length)];
          if (original !== undefined) parts.push({ ...original, id: `again-${original.id}` });
        }
        const joiner = createJoiner(joinerLimits);
        const whole: string[] = [];
        while (parts.length > 0) {
          const [one] = parts.splice(roll(parts.length), 1);
          if (one === undefined) continue;
          const outcome = joiner.add(one);
          assert.notEqual(outcome.kind, "full");
          if (outcome.kind !== "whole") continue;
          assert.deepEqual(outcome.givenUp, []);
          whole.push(outcome.parts.map(({ octets }) => octets.toString()).join(" "));
        }
        const expected = texts.map(({ total }, at) =>
          Array.from({ length: total }, (_, place) => `${at};${place}`).join(" "),
        );
        assert.deepEqual(whole.sort(), expected.sort());
        assert.deepEqual(joiner.held(), []);
        joiner.expired(startMs + joinerLimits.repeatMs);
        assert.equal(joiner.octets(), 0);
      },
    ),
  );
});
