/** Every form of receipt that the simulated provider can write is read back, and what cannot is told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Sms } from "../../src/model/message.ts";
import type { Report } from "../../src/model/report.ts";
import { keptBy, receiptForms, receiptIn } from "../../src/simulator/receipt-forms.ts";
import { type ReceiptReading, usualReading } from "../../src/smpp/receipt-reading.ts";
import { receiptStates, statusOf } from "../../src/smpp/receipt-state.ts";
import { isTimeZone, timeOf, wallClock } from "../../src/smpp/receipt-time.ts";
import { looksLikeReceipt, reportFrom } from "../../src/smpp/receipt.ts";
import { TAG } from "../../src/smpp/tlv.ts";
import { sms } from "./messages.ts";

const way = {
  from: { ton: 1, npi: 1, digits: "31699887766" },
  to: { ton: 5, npi: 0, digits: "ACME" },
  serviceType: "",
};

const ids = fc.oneof(
  fc.stringMatching(/^[0-9]{1,20}$/),
  fc.stringMatching(/^[0-9A-F]{8,32}$/),
  fc.uuid(),
  fc.stringMatching(/^1_[0-9]{14}$/),
  fc.stringMatching(/^[0-9A-Z]{5}-[0-9A-Z]{5}$/),
);

const reports: fc.Arbitrary<Report> = fc
  .record({
    messageId: ids,
    state: fc.constantFrom(...receiptStates),
    error: fc.stringMatching(/^[A-Za-z0-9]{3}$/),
    submittedMs: seconds(),
    doneMs: seconds(),
    text: fc.stringMatching(/^[A-Za-z][A-Za-z0-9 .,:!?]{0,18}[a-z]$/),
    networkError: fc.constant(undefined),
  })
  .map((report) => ({ ...report, status: statusOf(report.state) }));

function seconds(): fc.Arbitrary<number> {
  // From 2021 to 2029: digits of a year that cannot be taken for a day or an hour.
  return fc.integer({ min: 1_609_459_200, max: 1_893_455_999 }).map((second) => second * 1_000);
}

const exact = { none: 0, hour: 3_600_000, minute: 60_000, second: 1_000 } as const;

for (const form of receiptForms)
  test(`what is written in the form ${form} is read as what it was`, () => {
    const keeps = keptBy(form);
    fc.assert(
      fc.property(reports, (report) => {
        const read = reportFrom({ ...receiptIn(form, report, way), esmClass: 0x04 });
        assert.equal(read.messageId, report.messageId);
        assert.equal(read.status, report.status);
        if (keeps.word) assert.equal(read.state, report.state);
        if (keeps.error) assert.equal(read.error, report.error);
        if (keeps.text) assert.equal(read.text, report.text);
        const step = exact[keeps.dates];
        for (const date of ["submittedMs", "doneMs"] as const)
          assert.equal(read[date], step === 0 ? undefined : floor(report[date] ?? 0, step));
      }),
      { numRuns: 100 },
    );
  });

function floor(ms: number, step: number): number {
  return Math.floor(ms / step) * step;
}

const read = (text: string, changes: Partial<Sms> = {}, reading?: Partial<ReceiptReading>) =>
  reportFrom(sms({ esmClass: 4, octets: Buffer.from(text, "latin1"), ...changes }), {
    ...usualReading,
    ...reading,
  });

test("a receipt in the specification's own form reads the same at once as label by label", () => {
  const word = fc.stringMatching(/^[\w-]{1,12}$/);
  const digits = fc.stringMatching(/^[0-9]{10,14}$/);
  const quote = fc.oneof(
    fc.string({ maxLength: 30 }),
    fc.constantFrom("", " id:9 stat:EXPIRED", "a stat:x", "\0\0", ",", "err:1 text:b"),
  );
  const state = fc.stringMatching(/^[A-Za-z]{1,9}$/);
  fc.assert(
    fc.property(word, digits, digits, state, word, quote, (id, from, to, stat, err, text) => {
      const usual = `id:${id} sub:001 dlvrd:001 submit date:${from} done date:${to} stat:${stat} err:${err} text:${text}`;
      assert.deepEqual(read(usual), read(` ${usual}`));
      assert.deepEqual(read(usual.replace("text:", "Text:")), read(usual));
    }),
    { numRuns: 1_000 },
  );
});

test("[I27] what cannot be read is told, value by value, and what is missing is not", () => {
  const report = read(
    'id:1_14839433040000 sub:001 submit date:170100935 done date:170100940 stat:DELIVRD err:000 text:"Sending SMS through SMPP "',
  );
  assert.deepEqual(report.unread, ["submit date:170100935", "done date:170100940"]);
  assert.deepEqual(read("stat:ODDONE").unread, ["no id", "stat:ODDONE"]);
  assert.deepEqual(read("nothing of all that").unread, ["no id", "no state"]);
  assert.equal(read("id:1 submit date:0000000000 stat:DELIVRD").unread, undefined);
  const tlvs = [
    { tag: TAG.message_state, octets: Buffer.of(77) },
    { tag: TAG.network_error_code, octets: Buffer.of(3, 0) },
  ];
  assert.deepEqual(read("id:1 stat:DELIVRD", { tlvs }).unread, [
    "message_state:4d",
    "network_error_code:0300",
  ]);
  const long = read(`id:1 stat:${"X".repeat(500)} done date:${"9".repeat(500)}`);
  assert.ok((long.unread ?? []).every((one) => one.length <= 40));
});

test("[X12] dates of eight to fourteen digits, of which one of an odd number cannot be read", () => {
  const at = (digits: string) => {
    const ms = timeOf(digits);
    return ms === undefined ? undefined : new Date(ms).toISOString().slice(0, 19);
  };
  assert.equal(at("17012409"), "2017-01-24T09:00:00");
  assert.equal(at("20170124"), "2017-01-24T00:00:00");
  assert.equal(at("1701240935"), "2017-01-24T09:35:00");
  assert.equal(at("170124093501"), "2017-01-24T09:35:01");
  assert.equal(at("201701240935"), "2017-01-24T09:35:00");
  assert.equal(at("20170124093501"), "2017-01-24T09:35:01");
  // 1 January 09:35, or 10 January 9:35? The digit that is missing may be either's.
  assert.equal(at("170110935"), undefined);
  assert.equal(at("17011009351"), undefined);
  for (const no of ["", "0000000000", "1702300935", "1713010935", "1701012435", "1234567", "x"])
    assert.equal(at(no), undefined, no);
});

test("the dates of a provider are of its own time zone, in summer and in winter", () => {
  const berlin = { clock: wallClock("Europe/Berlin") };
  const done = (date: string, reading: Partial<ReceiptReading>) => {
    const ms = read(`id:1 done date:${date} stat:DELIVRD`, {}, reading).doneMs;
    return ms === undefined ? undefined : new Date(ms).toISOString().slice(0, 16);
  };
  assert.equal(done("2607011200", berlin), "2026-07-01T10:00");
  assert.equal(done("2601011200", berlin), "2026-01-01T11:00");
  // 29 March 2026, 2:00 becomes 3:00; 25 October 2026, 3:00 becomes 2:00.
  assert.equal(done("2603290159", berlin), "2026-03-29T00:59");
  assert.equal(done("2603290230", berlin), "2026-03-29T01:30");
  assert.equal(done("2603290300", berlin), "2026-03-29T01:00");
  assert.equal(done("2610250230", berlin), "2026-10-25T00:30");
  assert.equal(done("2610250300", berlin), "2026-10-25T02:00");
  assert.equal(done("2607011200", { clock: wallClock("+05:45") }), "2026-07-01T06:15");
  assert.equal(done("2607011200", { clock: wallClock("America/New_York") }), "2026-07-01T16:00");
  assert.equal(done("0000000000", berlin), undefined);
  assert.deepEqual(["UTC", "Europe/Berlin", "+02:00", "Mars/Base", ""].map(isTimeZone), [
    true,
    true,
    true,
    false,
    false,
  ]);
});

test("[D12] where the id is taken from is a matter of the provider", () => {
  const tlvs = [{ tag: TAG.receipted_message_id, octets: Buffer.from("tlv\0") }];
  const id = (idFrom: ReceiptReading["idFrom"], text: string, more: Partial<Sms>) =>
    read(text, more, { idFrom }).messageId;
  const both = ["tlv", "text", "tlvOnly", "textOnly"] as const;
  const taken = (text: string, more: Partial<Sms>) => both.map((from) => id(from, text, more));
  assert.deepEqual(taken("id:txt stat:DELIVRD", { tlvs }), ["tlv", "txt", "tlv", "txt"]);
  assert.deepEqual(taken("stat:DELIVRD", { tlvs }), ["tlv", "tlv", "tlv", ""]);
  assert.deepEqual(taken("id:txt stat:DELIVRD", {}), ["txt", "txt", "", "txt"]);
});

test("what UNKNOWN, ACCEPTD and ENROUTE mean is a matter of the provider", () => {
  const words = ["UNKNOWN", "ODDONE", "ACCEPTD", "ACCEPTED", "ENROUTE", "BUFFRED", "ACKED"];
  const meant = (reading: Partial<ReceiptReading>, esmClass = 4) =>
    words.map((word) => read(`id:1 stat:${word}`, { esmClass }, reading).status);
  const [silent, on, end] = ["NOREPORT", "SENT", "DELIVERED"];
  assert.deepEqual(meant({}), [silent, silent, on, on, on, on, on]);
  assert.deepEqual(meant({ unknownIs: "intermediate" }), [on, on, on, on, on, on, on]);
  assert.deepEqual(meant({ acceptedIs: "final" }), [silent, silent, end, end, on, on, on]);
  assert.deepEqual(meant({ enrouteIs: "final" }), [silent, silent, on, on, end, end, end]);
  // A notification says of itself that it is not final.
  assert.deepEqual(
    meant({ enrouteIs: "final", acceptedIs: "final" }, 0x20),
    words.map(() => on),
  );
});

test("a receipt behind a header, with a byte order mark, or packed is read", () => {
  const text = "id:1_2 sub:001 stat:UNDELIV err:001 text:hi";
  const header = Buffer.from("050003050201", "hex");
  const wide = Buffer.from(`\uFEFF${text}`, "utf16le");
  const forms: readonly Partial<Sms>[] = [
    { esmClass: 0x44, octets: Buffer.concat([header, Buffer.from(text)]) },
    { dataCoding: 8, octets: wide },
    { dataCoding: 8, octets: Buffer.from(wide).swap16() },
    { dataCoding: 0, octets: Buffer.from(text, "utf16le").swap16() },
    { esmClass: 0x44, dataCoding: 8, octets: Buffer.concat([header, Buffer.from(wide).swap16()]) },
  ];
  for (const form of forms) {
    const { messageId, state, error, text: quote } = read("", form);
    assert.deepEqual([messageId, state, error, quote], ["1_2", "UNDELIV", "001", "hi"]);
  }
});

test("[D16] without its flag only the whole form is a receipt, and what a person writes is not", () => {
  const looks = (text: string, changes: Partial<Sms> = {}) =>
    looksLikeReceipt(sms({ octets: Buffer.from(text, "latin1"), ...changes }));
  const whole =
    "id:41 sub:001 dlvrd:001 submit date:2601020304 done date:2601020305 stat:DELIVRD err:000 text:Hello";
  assert.equal(looks(whole), true);
  assert.equal(looks(whole.replace("sub:001 dlvrd:001 ", "")), true);
  assert.equal(looks(whole.replace(" text:Hello", "")), true);
  assert.equal(looks(whole.toLowerCase()), true);
  assert.equal(looks("", { octets: Buffer.from(whole, "utf16le").swap16(), dataCoding: 8 }), true);
  const tlvs = [
    { tag: TAG.receipted_message_id, octets: Buffer.from("41\0") },
    { tag: TAG.message_state, octets: Buffer.of(2) },
  ];
  assert.equal(looks("", { tlvs }), true);
  const people = [
    "Look what I got: " + whole,
    `"${whole}"`,
    "id:41 stat:DELIVRD err:000 text:",
    "id: my passport, stat: lost, err: none",
    whole.replace("DELIVRD", "PERFECT"),
    whole.replace("2601020304", "yesterday"),
    whole.replace("err:000", ""),
    "",
  ];
  for (const text of people) assert.equal(looks(text), false, text);
  assert.equal(looks("Hello", { tlvs: tlvs.slice(0, 1) }), false);
  // A part of a longer text, and messages of another type, are what they say.
  for (const esmClass of [0x40, 0x08, 0x10]) assert.equal(looks(whole, { esmClass }), false);
});
