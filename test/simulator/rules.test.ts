import assert from "node:assert/strict";
import { test } from "node:test";
import { type Receipt, receiptOf, receiptSms } from "../../src/simulator/receipt.ts";
import { byShares } from "../../src/simulator/rules.ts";
import { smsOf } from "../../src/simulator/written.ts";

const sms = smsOf({ from: "+1555", to: "+1666", text: "A text of more than twenty characters" });

test("shares are met and a seed repeats them", () => {
  const draw = (seed: number) => {
    const outcome = byShares({ UNDELIV: 10, none: 5, refused: 20 }, seed);
    return Array.from({ length: 10_000 }, () => outcome(sms));
  };
  const drawn = draw(7);
  assert.deepEqual(drawn, draw(7));
  assert.notDeepEqual(drawn, draw(8));
  const share = (fits: (one: (typeof drawn)[number]) => boolean) => drawn.filter(fits).length / 100;
  assert.ok(Math.abs(share(({ report }) => report === "UNDELIV") - 10) < 1.5);
  assert.ok(Math.abs(share(({ answer }) => answer === 0x45) - 20) < 1.5);
  assert.ok(Math.abs(share(({ report }) => report === "DELIVRD") - 65) < 2);
});

test("shares that are no percentages are refused", () => {
  assert.throws(() => byShares({ UNDELIV: 60, none: 41 }, 1), RangeError);
  assert.throws(() => byShares({ UNDELIV: -1 }, 1), RangeError);
  assert.throws(() => byShares({ UNDELIV: Number.NaN }, 1), RangeError);
});

test("a receipt quotes twenty octets, and none of what is not in the plain alphabet", () => {
  const receipt: Receipt = { id: "1a", state: "REJECTD", error: "011" };
  const at = { submittedMs: Date.UTC(2026, 0, 2, 3, 4), doneMs: Date.UTC(2026, 11, 31, 23, 59) };
  assert.equal(
    receiptSms({ original: sms, receipt, ...at }).octets.toString("latin1"),
    "id:1a sub:001 dlvrd:000 submit date:2601020304 done date:2612312359 stat:REJECTD err:011 text:A text of more than ",
  );
  const other = smsOf({ from: "+1", to: "+2", text: "Добрый" });
  assert.match(receiptSms({ original: other, receipt, ...at }).octets.toString("latin1"), /text:$/);
});

test("a receipt is read from its TLVs, else from its text, in any case", () => {
  const at = { submittedMs: 0, doneMs: 0 };
  for (const state of ["DELIVRD", "UNDELIV", "ENROUTE"] as const) {
    const receipt: Receipt = { id: "0012", state, error: "000" };
    const made = receiptSms({ original: sms, receipt, ...at });
    assert.deepEqual(receiptOf(made), receipt);
    assert.deepEqual(receiptOf({ ...made, tlvs: [] }), receipt);
  }
  const odd = { ...sms, esmClass: 0x04, octets: Buffer.from("ID:x9 STAT:deliv Err:7") };
  assert.deepEqual(receiptOf(odd), { id: "x9", state: "UNKNOWN", error: "7" });
  assert.equal(receiptOf(sms), undefined);
});
