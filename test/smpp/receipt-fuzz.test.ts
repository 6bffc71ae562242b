/**
 * Seeded fuzz of receipts: each form is mutated (octets, cuts, repeats, labels put into its midst, TLVs
 * of any length, another data_coding) and read. Nothing may be thrown, and all that is read can be
 * stored. FUZZ_ROUNDS scales the rounds, FUZZ_SEED repeats a run; the seed is printed.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { deliveryError, isReservedTpStatus } from "../../src/model/delivery-error.ts";
import type { Sms } from "../../src/model/message.ts";
import type { Report } from "../../src/model/report.ts";
import { readCodeTable, shippedTables } from "../../src/channel/report-codes/table.ts";
import { inOurCodes } from "../../src/channel/report-codes/translate.ts";
import { receiptForms, receiptIn } from "../../src/simulator/receipt-forms.ts";
import { usualReading } from "../../src/smpp/receipt-reading.ts";
import { receiptStates, statusOf } from "../../src/smpp/receipt-state.ts";
import { wallClock } from "../../src/smpp/receipt-time.ts";
import {
  isIntermediate,
  looksLikeReceipt,
  receiptSms,
  reportFrom,
} from "../../src/smpp/receipt.ts";
import { TAG } from "../../src/smpp/tlv.ts";

const seed = Number(process.env["FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const rounds = Number(process.env["FUZZ_ROUNDS"] ?? 20_000);

/** mulberry32: small, fast, the same everywhere. */
function randomFrom(start: number): (below: number) => number {
  let state = start;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const way = {
  from: { ton: 1, npi: 1, digits: "31699887766" },
  to: { ton: 5, npi: 0, digits: "ACME" },
  serviceType: "",
};

const PIECES = [
  "id:",
  " stat:DELIVRD ",
  "stat:",
  "err:",
  " text:",
  "submit date:",
  "done date:99",
  "\0",
  "\u0011",
  "\u001b",
  "\uFEFF",
  ",,,",
  "::",
  "\r\n",
  "\u00ff".repeat(40),
].map((text) => Buffer.from(text, "latin1"));

const TAGS = [TAG.receipted_message_id, TAG.message_state, TAG.network_error_code];

const tables = shippedTables().map((name) => {
  const table = readCodeTable(name, "");
  assert.ok(!("faults" in table));
  return table;
});

const CORPUS: readonly Sms[] = receiptForms.flatMap((form) =>
  receiptStates.map((state, at) => {
    const report: Report = {
      messageId: ["41", "2E179B310EDE971B", "0e999f21-81ef-4974-a414-3de98174e3c7"][at % 3] ?? "",
      status: statusOf(state),
      state,
      error: ["000", "021", "21b", "ABSENT_SUBSCRIBER"][at % 4] ?? "",
      submittedMs: Date.UTC(2026, 1, 3, 4, 5, 6),
      doneMs: Date.UTC(2026, 1, 3, 4, 5, 59),
      text: "A text @ you",
      networkError: undefined,
    };
    return { ...receiptIn(form, report, way), esmClass: 0x04 };
  }),
);

function mutated(sms: Sms, random: (below: number) => number): Sms {
  let octets = Buffer.from(sms.octets);
  let { tlvs, dataCoding, esmClass } = sms;
  for (let left = 1 + random(4); left > 0; left -= 1) {
    const at = random(octets.length + 1);
    switch (random(9)) {
      case 0:
        if (octets.length > 0) octets[at % octets.length] = random(256);
        break;
      case 1:
        octets = octets.subarray(0, at);
        break;
      case 2:
        octets = octets.subarray(at);
        break;
      case 3:
        octets = Buffer.concat([octets, octets.subarray(at)]).subarray(0, 4_000);
        break;
      case 4:
      case 5:
        octets = Buffer.concat([
          octets.subarray(0, at),
          PIECES[random(PIECES.length)] ?? octets,
          octets.subarray(at),
        ]);
        break;
      case 6:
        tlvs = [
          ...tlvs.slice(random(2)),
          {
            tag: TAGS[random(TAGS.length)] ?? 0,
            octets: Buffer.from(Array.from({ length: random(9) }, () => random(256))),
          },
        ];
        break;
      case 7:
        dataCoding = random(256);
        break;
      case 8:
        esmClass = random(256);
        break;
    }
    octets = Buffer.from(octets);
  }
  return { ...sms, octets, tlvs, dataCoding, esmClass };
}

test(`no receipt breaks the parser, and what is read can be stored and told (${rounds} rounds)`, (t) => {
  t.diagnostic(`FUZZ_SEED=${seed}`);
  const random = randomFrom(seed);
  const reading = { ...usualReading, clock: wallClock("Asia/Kathmandu") };
  for (let round = 0; round < rounds; round += 1) {
    const sms = mutated(CORPUS[random(CORPUS.length)] ?? CORPUS[0]!, random);
    const read = reportFrom(sms, reading);
    looksLikeReceipt(sms);
    const table = tables[random(tables.length)]!;
    const report = inOurCodes(read, table, isIntermediate(sms));
    const {
      messageId,
      state,
      error,
      text,
      unread = [],
      raw = "",
      code,
      submittedMs,
      doneMs,
    } = report;
    for (const value of [messageId, state, error, text, raw, ...unread])
      assert.ok(!value.includes("\0") && value.isWellFormed(), `round ${round}`);
    assert.ok(unread.length <= 8 && unread.every((one) => one.length <= 72), `round ${round}`);
    for (const ms of [submittedMs, doneMs]) assert.ok(ms === undefined || Number.isInteger(ms));
    if (code !== undefined) assert.ok(deliveryError(code) !== undefined);
    if (isIntermediate(sms)) assert.equal(report.status, "SENT");
    // What the customer would be told of it.
    const told = receiptSms(report, way);
    const network = told.tlvs.find(({ tag }) => tag === TAG.network_error_code)?.octets;
    if (network?.[0] === 3)
      assert.ok(!isReservedTpStatus(network.readUInt16BE(1)), `round ${round}`);
  }
});

test("a sound receipt is read in microseconds", (t) => {
  const receipts = CORPUS.filter((_one, at) => at < receiptStates.length);
  const startMs = performance.now();
  const times = 20_000;
  let read = 0;
  for (let n = 0; n < times; n += 1)
    read += reportFrom(receipts[n % receipts.length]!).messageId.length > 0 ? 1 : 0;
  const us = ((performance.now() - startMs) * 1_000) / times;
  t.diagnostic(`${us.toFixed(1)} µs per receipt of the standard form with TLVs`);
  assert.equal(read, times);
});
