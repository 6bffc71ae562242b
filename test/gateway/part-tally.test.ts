/** Many reports of parts come to one end, whatever order they come in. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { joinedOutcome } from "../../src/gateway/joined-outcome.ts";
import { createPartTally } from "../../src/gateway/part-tally.ts";
import type { Sent } from "../../src/model/message.ts";
import type { Status } from "../../src/model/status.ts";
import type { InParts } from "../../src/store/parts.ts";
import { sentOf } from "../support/sent.ts";

const reference = 4_711;

/** A message in so many parts, and what is told of each of them. */
function partsOf(total: number, way = reference) {
  const sent = sentOf("one");
  return Array.from({ length: total }, (_, at) => {
    return { ...sent, part: { number: at + 1, total, reference: way } };
  });
}

/** A tally over a table that says this, and how often it was asked. */
function tallyOver(found?: InParts) {
  const asked: string[] = [];
  const tally = createPartTally({
    inParts(id) {
      asked.push(id);
      return Promise.resolve(found);
    },
  });
  return { tally, asked };
}

const id = ({ message }: Sent): string => message.id;

for (const [parts, status, error] of [
  ["DELIVERED DELIVERED", "DELIVERED", undefined],
  ["DELIVERED NOTDELIVERED", "NOTDELIVERED", "partial"],
  ["NOTDELIVERED NOTDELIVERED", "NOTDELIVERED", "multipart_failed"],
  ["NOTDELIVERED NOREPORT", "NOTDELIVERED", "partial"],
  ["DELIVERED NOREPORT", "NOREPORT", "no_report"],
  ["NOREPORT NOREPORT", "NOREPORT", "no_report"],
] as const)
  test(`[D10] parts that are ${parts} are a message that is ${status}`, () => {
    const given = parts.split(" ") as Status[];
    assert.deepEqual(joinedOutcome(given), { status, error });
    assert.deepEqual(joinedOutcome(given.toReversed()), { status, error });
  });

test("[D10] while a part is open there is no outcome", () => {
  for (const open of [undefined, "SENT", "QUEUED"] as const)
    assert.equal(joinedOutcome(["DELIVERED", open, "NOTDELIVERED"]), undefined);
});

test("[D11] [D10] reports in every order, each twice, give exactly one final outcome", async () => {
  for (const [first, second, third] of [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ] as const) {
    const parts = partsOf(3);
    const { tally, asked } = tallyOver();
    tally.begin(id(parts[0]!), { total: 3, reference });
    const outcomes: unknown[] = [];
    for (const at of [first, first, second, first, second, third, third, second]) {
      const told = await tally.tell(parts[at]!, "DELIVERED");
      if (told.outcome !== undefined) outcomes.push(told.outcome);
    }
    assert.deepEqual(outcomes, [{ status: "DELIVERED", error: undefined }]);
    assert.deepEqual(asked, [], "what began in this start is all in memory");
  }
});

test("[D10] what was told before a restart is read from the table, once for reports at the same time", async () => {
  const parts = partsOf(3);
  const row = { parts: 3, reference };
  const { tally, asked } = tallyOver({
    status: "SENT",
    taken: [
      // Another way of splitting, given up after its first part was taken.
      { part: 1, parts: 2, reference: 9, status: "NOTDELIVERED" },
      { ...row, part: 1, status: "SENT" },
      { ...row, part: 2, status: "DELIVERED" },
      { ...row, part: 3, status: "SENT" },
    ],
  });
  const told = await Promise.all([0, 2].map((at) => tally.tell(parts[at]!, "DELIVERED")));
  assert.deepEqual(
    told.map(({ outcome }) => outcome?.status),
    [undefined, "DELIVERED"],
  );
  assert.equal(asked.length, 1);
});

test("a part of a way of splitting that was given up decides nothing", async () => {
  const { tally } = tallyOver();
  const [old] = partsOf(1, 9);
  tally.begin(id(old!), { total: 3, reference });
  assert.equal((await tally.tell(old!, "NOTDELIVERED")).outcome, undefined);
});

test("what could not be stored is told again, and decides then", async () => {
  const parts = partsOf(2);
  const { tally } = tallyOver();
  tally.begin(id(parts[0]!), { total: 2, reference });
  (await tally.tell(parts[0]!, "DELIVERED")).settled();
  const lost = await tally.tell(parts[1]!, "DELIVERED");
  assert.equal(lost.outcome?.status, "DELIVERED");
  lost.undo();
  assert.equal((await tally.tell(parts[1]!, "DELIVERED")).outcome?.status, "DELIVERED");
});

test("NOREPORT is corrected once, by the late reports of all that were missing, and never a step back", async () => {
  const parts = partsOf(3);
  const { tally } = tallyOver();
  tally.begin(id(parts[0]!), { total: 3, reference });
  const tell = async (at: number, status: Status) =>
    (await tally.tell(parts[at]!, status)).outcome?.status;
  assert.equal(await tell(0, "DELIVERED"), undefined);
  assert.equal(await tell(1, "NOREPORT"), undefined);
  assert.equal(await tell(2, "NOREPORT"), "NOREPORT");
  assert.equal(await tell(1, "DELIVERED"), undefined);
  assert.equal(await tell(1, "NOREPORT"), undefined);
  assert.equal(await tell(2, "DELIVERED"), "DELIVERED");
  assert.equal(await tell(2, "NOTDELIVERED"), undefined);
});

test("where only failures are told, the first one decides, since nothing is told of the others", async () => {
  const { message, original } = sentOf("one", 2);
  const { tally } = tallyOver();
  tally.begin(message.id, { total: 3, reference });
  const tell = async (number: number) => {
    const part = { number, total: 3, reference };
    return (await tally.tell({ message, original, part }, "NOTDELIVERED")).outcome?.error;
  };
  assert.equal(await tell(2), "partial");
  assert.equal(await tell(1), undefined);
});

test("a message that ended on our side is changed by no report of a part", async () => {
  const parts = partsOf(2);
  const row = { parts: 2, reference, status: "SENT" } as const;
  const { tally } = tallyOver({ status: "FAILED", taken: [{ ...row, part: 1 }] });
  tally.begin(id(parts[0]!), { total: 2, reference });
  tally.forget(id(parts[0]!));
  for (const part of parts) assert.equal((await tally.tell(part, "DELIVERED")).outcome, undefined);
});
