/** Receipts: the forms that networks send, and the one that we write. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isReservedTpStatus } from "../../src/model/delivery-error.ts";
import type { Tlv } from "../../src/model/message.ts";
import type { Report } from "../../src/model/report.ts";
import { receiptStates, statusOf } from "../../src/smpp/receipt-state.ts";
import { isReceipt, receiptSms, reportFrom } from "../../src/smpp/receipt.ts";
import { encodeShortMessage } from "../../src/smpp/short-message.ts";
import { TAG } from "../../src/smpp/tlv.ts";
import { sms } from "./messages.ts";

const seen = {
  text: (text: string, tlvs: readonly Tlv[] = []) =>
    reportFrom(sms({ esmClass: 0x04, octets: Buffer.from(text, "latin1"), tlvs })),
};

/** Texts of receipts as they were seen, gathered from documentation and tests of open projects. */
const FORMS: readonly {
  readonly name: string;
  readonly text: string;
  readonly says: Partial<Omit<Report, "submittedMs" | "doneMs">> & {
    readonly submitted?: string;
    readonly done?: string;
  };
}[] = [
  {
    name: "the form of the specification",
    text: "id:0123456789 sub:001 dlvrd:001 submit date:1005232039 done date:1005242339 stat:DELIVRD err:012 text:This is a sample mes",
    says: {
      messageId: "0123456789",
      status: "DELIVERED",
      state: "DELIVRD",
      error: "012",
      submitted: "2010-05-23T20:39:00Z",
      done: "2010-05-24T23:39:00Z",
      text: "This is a sample mes",
    },
  },
  {
    name: "[I27] [X12] no dlvrd, an id with an underscore, dates of nine digits, a quoted text",
    text: 'id:1_14839433040000 sub:001 submit date:170100935 done date:170100940 stat:DELIVRD err:000 text:"Sending SMS through SMPP "',
    says: {
      messageId: "1_14839433040000",
      status: "DELIVERED",
      error: "000",
      text: '"Sending SMS through SMPP "',
    },
  },
  {
    name: "neither sub nor dlvrd",
    text: "id:1526758174 submit date:1701240904 done date:1701240905 stat:DELIVRD err:000 text:hellow",
    says: { messageId: "1526758174", submitted: "2017-01-24T09:04:00Z", text: "hellow" },
  },
  {
    name: "a UUID as id, dates with seconds",
    text: "id:74e02ee1-4e2f-4a6e-a78b-4b247d756a22 sub:001 dlvrd:001 submit date:110206193041 done date:110206193110 stat:DELIVRD err:000 text:",
    says: {
      messageId: "74e02ee1-4e2f-4a6e-a78b-4b247d756a22",
      done: "2011-02-06T19:31:10Z",
      text: "",
    },
  },
  {
    name: "fields in another order, stat behind an empty text",
    text: "sub:001 id:74e02ee1-4e2f-4a6e-a78b-4b247d756a22 err:000 dlvrd:001 done date:110206193110 submit date:110206193041 text: stat:DELIVRD",
    says: {
      messageId: "74e02ee1-4e2f-4a6e-a78b-4b247d756a22",
      status: "DELIVERED",
      error: "000",
      done: "2011-02-06T19:31:10Z",
    },
  },
  {
    name: "a hex id, years of four digits, an error of one digit, no text",
    text: "id:2E179B310EDE971B2760C72B7F026E1B submit date:20110314181534 done date:20110314181741 stat:DELIVRD err:0",
    says: {
      messageId: "2E179B310EDE971B2760C72B7F026E1B",
      error: "0",
      submitted: "2011-03-14T18:15:34Z",
      done: "2011-03-14T18:17:41Z",
    },
  },
  {
    name: "an error with a letter",
    text: "id:0123456789 sub:002 dlvrd:001 submit date:1005232039 done date:1005242339 stat:DELIVRD err:21b text:This is a sample mes",
    says: { error: "21b", status: "DELIVERED" },
  },
  {
    name: "Text with a capital letter, a short id",
    text: "id:4 sub:001 dlvrd:001 submit date:1006020051 done date:1006020051 stat:DELIVRD err:000 Text:Hello",
    says: { messageId: "4", text: "Hello" },
  },
  {
    name: "a text without its label",
    text: "id:0123456789 sub:001 dlvrd:001 submit date:080901113012 done date:080901113147 stat:DELIVRD err:000 testing",
    says: { error: "000", status: "DELIVERED", done: "2008-09-01T11:31:47Z" },
  },
  {
    name: "submitdate and donedate in one word, an id with hyphens, a done date of zeros",
    text: "id:0118Z-0122I-2309U-57DGB sub:000 dlvrd:000 submitdate:180122230957 donedate:000000000000 stat:REJECTD err:375 text:",
    says: {
      messageId: "0118Z-0122I-2309U-57DGB",
      status: "NOTDELIVERED",
      state: "REJECTD",
      error: "375",
      submitted: "2018-01-22T23:09:57Z",
    },
  },
  {
    name: "a state outside the specification",
    text: "id:77 sub:001 dlvrd:000 submit date:1005232039 done date:1005232040 stat:BUFFRED err:000 text:",
    says: { messageId: "77", status: "SENT", state: "BUFFRED" },
  },
  {
    name: "a state that nobody knows",
    text: "id:0123456789 sub:000 dlvrd:000 submit date:0000000000 done date:0000000000 stat:BADSTAT err:000 text:",
    says: { status: "NOREPORT", state: "BADSTAT" },
  },
  {
    name: "all in lower case",
    text: "id:123 sub:001 dlvrd:001 submit date:2011201200 done date:2011201201 stat:delivrd err:000 text:hi",
    says: { status: "DELIVERED", state: "DELIVRD", done: "2020-11-20T12:01:00Z" },
  },
  {
    name: "a text that holds what looks like fields",
    text: "id:9 sub:001 dlvrd:001 submit date:2011201200 done date:2011201201 stat:UNDELIV err:001 text:id:666 stat:DELIVRD",
    says: {
      messageId: "9",
      status: "NOTDELIVERED",
      state: "UNDELIV",
      text: "id:666 stat:DELIVRD",
    },
  },
  {
    name: "blanks behind the colons, commas, an empty error",
    text: "id: 12, sub: 001, submit date: 26080314, done date: 20260803, stat: EXPIRED, err: text: x",
    says: {
      messageId: "12",
      state: "EXPIRED",
      error: "",
      submitted: "2026-08-03T14:00:00Z",
      done: "2026-08-03T00:00:00Z",
      text: " x",
    },
  },
  {
    name: "values in commas without a label, as one large carrier has them",
    text: "00,0210021543,0210021500,,447887123456,10110200000000,we2345678i9o03er45ty67u",
    says: {
      messageId: "",
      status: "DELIVERED",
      state: "DELIVRD",
      error: "",
      text: "",
      submitted: "2002-10-02T15:00:00Z",
      done: "2002-10-02T15:43:00Z",
    },
  },
  {
    name: "values in commas with a status that nobody knows",
    text: "07,0210021543,0210021500,34,447887123456,10110200000000,x",
    says: { status: "NOREPORT", state: "STATUS07", error: "34" },
  },
  {
    name: "a person's list is no receipt in commas",
    text: "00,12,13,,447887123456,eggs",
    says: { status: "NOREPORT", state: "UNKNOWN", error: "" },
  },
  {
    name: "the number of message_state where the word belongs",
    text: "id:1 stat:5 err:1",
    says: { status: "NOTDELIVERED", state: "UNDELIV" },
  },
  {
    name: "dates as people write them",
    text: "id:1 submit date:2017-01-24 09:04:00 done date:17/01/24 09:05 stat:DELIVRD err:000",
    says: { submitted: "2017-01-24T09:04:00Z", done: "2017-01-24T09:05:00Z" },
  },
];

for (const { name, text, says } of FORMS)
  test(`read: ${name}`, () => {
    const { submitted, done, ...rest } = says;
    const report = seen.text(text);
    for (const key of Object.keys(rest))
      assert.deepEqual({ [key]: Reflect.get(report, key) }, { [key]: Reflect.get(rest, key) });
    if (submitted !== undefined) assert.equal(report.submittedMs, Date.parse(submitted));
    if (done !== undefined) assert.equal(report.doneMs, Date.parse(done));
    if (/done ?date:0+ /.test(text)) assert.equal(report.doneMs, undefined);
  });

test("[D12] the TLVs go before the text, with or without the NUL of the id", () => {
  for (const id of ["abc", "abc\0"]) {
    const report = seen.text("id:other stat:UNDELIV err:", [
      { tag: TAG.receipted_message_id, octets: Buffer.from(id) },
      { tag: TAG.message_state, octets: Buffer.of(2) },
      { tag: TAG.network_error_code, octets: Buffer.from("030006", "hex") },
    ]);
    assert.deepEqual(report, {
      messageId: "abc",
      status: "DELIVERED",
      state: "DELIVRD",
      error: "006",
      submittedMs: undefined,
      doneMs: undefined,
      text: "",
      networkError: { type: 3, code: 6 },
    });
  }
});

test("a TLV that says nothing leaves it to the text", () => {
  const tlvs = [
    { tag: TAG.receipted_message_id, octets: Buffer.of(0) },
    { tag: TAG.message_state, octets: Buffer.of() },
    { tag: TAG.network_error_code, octets: Buffer.of(3, 0) },
  ];
  const report = seen.text("id:7 stat:EXPIRED err:001", tlvs);
  assert.deepEqual([report.messageId, report.state, report.error], ["7", "EXPIRED", "001"]);
  assert.equal(report.networkError, undefined);
});

test("a network's own word stays when message_state means the same, else the number decides", () => {
  const state = (number: number) => [{ tag: TAG.message_state, octets: Buffer.of(number) }];
  const own = seen.text("id:1 stat:BUFFRED", state(1));
  assert.deepEqual([own.state, own.status], ["BUFFRED", "SENT"]);
  const other = seen.text("id:1 stat:BUFFRED", state(2));
  assert.deepEqual([other.state, other.status], ["DELIVRD", "DELIVERED"]);
  const unknown = seen.text("id:1 stat:UNDELIV", state(77));
  assert.deepEqual([unknown.state, unknown.status], ["UNDELIV", "NOTDELIVERED"]);
});

test("three ASCII digits as network_error_code are read as the number that they show", () => {
  const report = seen.text("id:1 stat:UNDELIV", [
    { tag: TAG.network_error_code, octets: Buffer.from("034") },
  ]);
  assert.deepEqual([report.networkError, report.error], [{ type: 3, code: 34 }, "034"]);
});

test("[A52] a receipt is known by esm_class alone, and an intermediate one is never final", () => {
  const classes = [0x00, 0x03, 0x40, 0x08, 0x10, 0x18, 0x04, 0x07, 0x44, 0x20];
  assert.deepEqual(
    classes.filter((esmClass) => isReceipt(sms({ esmClass }))),
    [0x04, 0x07, 0x44, 0x20],
  );
  const octets = Buffer.from("id:1 stat:UNDELIV err:000");
  assert.equal(reportFrom(sms({ esmClass: 0x20, octets })).status, "SENT");
  assert.equal(reportFrom(sms({ esmClass: 0x04, octets })).status, "NOTDELIVERED");
});

test("a receipt in UCS-2 is read, and ASCII that calls itself UCS-2 too", () => {
  const text = "id:5 stat:DELIVRD err:000 text:Добрый";
  const wide = Buffer.from(text, "utf16le").swap16();
  const report = reportFrom(sms({ esmClass: 4, dataCoding: 8, octets: wide }));
  assert.deepEqual([report.messageId, report.text], ["5", "Добрый"]);
  const narrow = Buffer.from("id:5 stat:DELIVRD err:000 text:hi");
  const told = reportFrom(sms({ esmClass: 4, dataCoding: 8, octets: narrow }));
  assert.deepEqual([told.messageId, told.state, told.text], ["5", "DELIVRD", "hi"]);
});

test("the quoted text is read in its own alphabet, an id in GSM 7-bit keeps its underscore", () => {
  const octets = Buffer.from("id:1\u00112 stat:DELIVRD text:\u0000\u0001", "latin1");
  const report = reportFrom(sms({ esmClass: 4, octets }));
  assert.deepEqual([report.messageId, report.text], ["1_2", "@£"]);
});

test("each word means what the table says", () => {
  const says = (status: Report["status"]) => [...WORDS].filter((word) => statusOf(word) === status);
  const WORDS =
    "ENROUTE DELIVRD EXPIRED DELETED UNDELIV ACCEPTD UNKNOWN REJECTD ACKED BUFFRED FAILED ODD".split(
      " ",
    );
  assert.deepEqual(says("DELIVERED"), ["DELIVRD"]);
  assert.deepEqual(says("NOTDELIVERED"), ["EXPIRED", "DELETED", "UNDELIV", "REJECTD", "FAILED"]);
  assert.deepEqual(says("SENT"), ["ENROUTE", "ACCEPTD", "ACKED", "BUFFRED"]);
  assert.deepEqual(says("NOREPORT"), ["UNKNOWN", "ODD"]);
});

const way = {
  from: { ton: 1, npi: 1, digits: "31699887766" },
  to: { ton: 5, npi: 0, digits: "ACME" },
  serviceType: "",
};
const delivered: Report = {
  messageId: "0199a2b4-0000-7000-8000-000000000001",
  status: "DELIVERED",
  state: "DELIVRD",
  error: "000",
  submittedMs: Date.UTC(2026, 0, 2, 3, 4, 59),
  doneMs: Date.UTC(2026, 11, 31, 23, 59),
  text: "A text of more than twenty characters",
  networkError: undefined,
};
const written = (changes: Partial<Report> = {}) => receiptSms({ ...delivered, ...changes }, way);
const textOf = (changes: Partial<Report> = {}) => written(changes).octets.toString("latin1");

test("the receipt that we write has exactly the standard form", () => {
  assert.equal(
    textOf(),
    "id:0199a2b4-0000-7000-8000-000000000001 sub:001 dlvrd:001 submit date:2601020304 done date:2612312359 stat:DELIVRD err:000 text:A text of more than ",
  );
  assert.equal(
    textOf({ messageId: "1a", status: "NOTDELIVERED", state: "EXPIRED", error: "7", text: "" }),
    "id:1a sub:001 dlvrd:000 submit date:2601020304 done date:2612312359 stat:EXPIRED err:007 text:",
  );
});

test("what the form cannot hold is written as the nearest that it can", () => {
  const odd = { messageId: "1", status: "NOTDELIVERED", error: "" } as const;
  assert.match(textOf({ ...odd, state: "UNDELIVERABLE" }), / stat:UNDELIV err:000 /);
  assert.match(textOf({ ...odd, state: "no state" }), / stat:UNDELIV /);
  assert.match(textOf({ ...odd, state: "FAILED" }), / dlvrd:000 .* stat:FAILED /);
  assert.match(textOf({ text: "Добрый" }), / text:$/);
  assert.match(
    textOf({ submittedMs: undefined, doneMs: undefined }),
    / submit date:0000000000 done date:0000000000 /,
  );
});

test("the frame of a receipt, octet by octet", () => {
  const frame = (report: Report, tlvs: boolean) =>
    encodeShortMessage("deliver_sm", receiptSms(report, way), {
      sequence: 7,
      tlvs,
      pduOctetsMax: 1_024,
    });
  const report: Report = {
    ...delivered,
    messageId: "1a",
    status: "NOTDELIVERED",
    state: "UNDELIV",
    error: "006",
    text: "@",
  };
  const text = Buffer.from(
    "id:1a sub:001 dlvrd:000 submit date:2601020304 done date:2612312359 stat:UNDELIV err:006 text:\0",
  );
  const head = "00000005 00000000 00000007";
  const fields = "00 01 01 3331363939383837373636 00 05 00 41434d45 00 04 00 00 00 00 00 00 00 00";
  const tlvs = "001e 0003 316100 0427 0001 05 0423 0003 03 0043";
  const octets = (...parts: readonly string[]) =>
    Buffer.from(parts.join("").replaceAll(" ", ""), "hex");
  const whole = (tail: string) => {
    const rest = octets(head, fields, text.length.toString(16), text.toString("hex"), tail);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(rest.length + 4);
    return Buffer.concat([length, rest]).toString("hex");
  };
  assert.equal(frame(report, true).toString("hex"), whole(tlvs));
  // A peer of v3.3 knows no TLV.
  assert.equal(frame(report, false).toString("hex"), whole(""));
});

test("[Y32] [Y33] a failure carries the network's own code, else a TP-Status, never a reserved one", () => {
  const codeOf = (changes: Partial<Report>) =>
    written(changes)
      .tlvs.find(({ tag }) => tag === TAG.network_error_code)
      ?.octets.toString("hex");
  for (const state of receiptStates) {
    const status = statusOf(state);
    const code = codeOf({ state, status });
    if (status !== "NOTDELIVERED") assert.equal(code, undefined, state);
    // 3GPP TS 23.040 §9.2.3.15: permanent errors are 0x40 to 0x49, from 0x4A on they are reserved.
    else assert.match(code ?? "", /^03004[0-9]$/, state);
  }
  const networkError = { type: 8, code: 0x0102 };
  assert.equal(codeOf({ state: "UNDELIV", status: "NOTDELIVERED", networkError }), "080102");
  assert.equal(codeOf({ state: "FAILED", status: "NOTDELIVERED" }), "030043");
});

/** Reports that the wire can carry whole: to the minute, in three digits, in twenty characters. */
const reports = fc
  .record({
    messageId: fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/),
    state: fc.constantFrom(...receiptStates, "BUFFRED", "ACKED", "FAILED", "ODD"),
    error: fc.stringMatching(/^[A-Za-z0-9]{3}$/),
    submittedMs: fc.option(minutes(), { nil: undefined }),
    doneMs: fc.option(minutes(), { nil: undefined }),
    text: fc.stringMatching(/^[ -Z¡-§@£_{}€Δa-z:]{0,20}$/).map(asGsm),
    networkError: fc.option(
      fc.record(
        { type: fc.integer({ min: 1, max: 8 }), code: fc.integer({ min: 0, max: 0xffff }) },
        { noNullPrototype: true },
      ),
      { nil: undefined },
    ),
  })
  .map((report): Report => ({ ...report, status: statusOf(report.state) }));

function minutes(): fc.Arbitrary<number> {
  // From 2000 to 2099, as far as two digits of a year reach.
  return fc.integer({ min: 15_778_080, max: 68_374_079 }).map((minute) => minute * 60_000);
}

function asGsm(text: string): string {
  return text.replaceAll(/[^ -#%-?A-Za-z@£$¥èéùìòÇ_ΔΦ{}€¡§]/gu, "");
}

test("what we write is read as what it was", () => {
  fc.assert(
    fc.property(reports, (report) => {
      const read = reportFrom(receiptSms(report, way));
      const failure = report.status === "NOTDELIVERED";
      const own = report.networkError;
      const reserved = own?.type === 3 && isReservedTpStatus(own.code);
      // Of a failure without a code, or with one that is reserved, the wire carries a TP-Status that fits.
      const fitting = failure ? read.networkError : undefined;
      const networkError = own === undefined || reserved ? fitting : own;
      const unread = report.state === "ODD" ? { unread: ["stat:ODD"] } : {};
      assert.deepEqual(read, { ...report, networkError, ...unread });
    }),
  );
});

test("nothing that a peer sends as a receipt throws, and all that is read can be stored", () => {
  const labels = ["id:", " stat:", "err:", " text:", "submit date:", "done date:", "\0", ":", ","];
  const pieces = fc.array(
    fc.oneof(
      fc.constantFrom(...labels).map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 20 }).map((octets) => Buffer.from(octets)),
    ),
    { maxLength: 40 },
  );
  const tlvs = fc.array(
    fc.record({
      tag: fc.constantFrom(TAG.receipted_message_id, TAG.message_state, TAG.network_error_code),
      octets: fc.uint8Array({ maxLength: 9 }).map((octets) => Buffer.from(octets)),
    }),
    { maxLength: 4 },
  );
  fc.assert(
    fc.property(pieces, tlvs, fc.integer({ min: 0, max: 255 }), (parts, more, dataCoding) => {
      const message = sms({ esmClass: 4, octets: Buffer.concat(parts), tlvs: more, dataCoding });
      const { messageId, state, error, text } = reportFrom(message);
      for (const value of [messageId, state, error, text]) {
        assert.ok(!value.includes("\0"));
        assert.ok(value.isWellFormed());
      }
    }),
    { numRuns: 2_000 },
  );
});

test("a receipt of 64 KiB of labels is read in no time, as far as receipts go", () => {
  const octets = Buffer.from(" id:".repeat(16_000) + "text:late");
  const startMs = performance.now();
  const report = reportFrom(sms({ esmClass: 4, octets }));
  assert.equal(report.text, "");
  assert.ok(performance.now() - startMs < 50);
});
