import assert from "node:assert/strict";
import { test } from "node:test";
import { eraserOf } from "../../src/store/erased.ts";
import { metaText } from "../../src/store/message-row.ts";
import { codeOf, hello } from "./fixtures.ts";

const eraser = eraserOf("+31612345678");

test("both forms of the number are erased, whichever was asked for", () => {
  for (const asked of ["+31612345678", "31612345678"]) {
    const { address } = eraserOf(asked);
    assert.deepEqual(["+31612345678", "31612345678", "+316123456789", "Shop"].map(address), [
      "erased",
      "erased",
      "+316123456789",
      "Shop",
    ]);
  }
});

test("what is no person's number is refused without being repeated", async () => {
  for (const number of ["Shop", "12", "+", "", "31 6", "%"]) {
    const code = await codeOf(Promise.resolve().then(() => eraserOf(number)));
    assert.equal(code, "bad_request");
  }
  assert.throws(
    () => eraserOf("Shop-4711"),
    (error: Error) => !error.message.includes("4711"),
  );
});

test("of what stands beside the octets only what names nobody is left", () => {
  const tlvs = [{ tag: 0x0424, octets: Buffer.from("secret") }];
  const from = { ton: 2, npi: 8, digits: "31612345678" };
  const sms = {
    ...hello,
    from,
    tlvs,
    text: "secret",
    serviceType: "CMT",
    validityPeriod: "000001",
  };
  const report = {
    messageId: "31612345678",
    status: "DELIVERED",
    state: "DELIVRD",
    error: "000",
    submittedMs: 1,
    doneMs: 2,
    text: "secret",
    networkError: undefined,
  } as const;
  const text = metaText(sms, { from: "31612345678", to: "+31699887766", report });
  const left = eraser.meta(text, { from: "erased", to: "+31699887766" });
  assert.deepEqual(JSON.parse(left), {
    serviceType: "CMT",
    validityPeriod: "000001",
    registeredDelivery: 1,
    text: "",
    report: ["31612345678", "DELIVERED", "DELIVRD", "000", 1, 2, "", null],
  });
  assert.equal(eraser.meta(left, { from: "erased", to: "+31699887766" }), left);
});

test("the other party's address stays as it came", () => {
  const to = { ton: 2, npi: 1, digits: "0699" };
  const meta = eraser.meta(
    metaText({ ...hello, to }, { from: "+31612345678", to: "0699", report: undefined }),
    {
      from: "erased",
      to: "0699",
    },
  );
  assert.deepEqual(JSON.parse(meta).to, [2, 1, "0699"]);
});

test("lines keep what happened: what scripts wrote and the number are gone, ids are not", () => {
  const lines = [
    { at: 1, what: "received", facts: { session: "31612345678", octets: 5 } },
    { at: 2, what: "trace", facts: { trigger: "FWD", text: "Hello Mr X" } },
    {
      at: 3,
      what: "trigger",
      facts: { trigger: "FWD", result: "rejected: +31612345678 is barred" },
    },
    { at: 4, what: "reported", facts: { report: "31612345678", message: "m", state: "DELIVRD" } },
    { at: 5, what: "answered", facts: { reason: "131612345678 and 316123456780 are others" } },
  ];
  const left = eraser.lines(JSON.stringify(lines));
  assert.deepEqual(JSON.parse(left), [
    lines[0],
    { at: 2, what: "trace", facts: { trigger: "FWD", text: "erased" } },
    { at: 3, what: "trigger", facts: { trigger: "FWD", result: "rejected: erased is barred" } },
    lines[3],
    lines[4],
  ]);
  assert.equal(eraser.lines(left), left);
});

test("a short number is only erased where it stands alone", () => {
  const short = eraserOf("1234");
  assert.equal(short.address("1234"), "erased");
  assert.equal(short.words("err 1234"), "err 1234");
  assert.equal(short.words("1234"), "erased");
});

test("work that waits is emptied wherever it names the number or repeats a text", () => {
  const payload = {
    event: {
      id: "31612345678",
      from: "+31612345678",
      to: "1234",
      report: { messageId: "31612345678", text: "Hello" },
    },
  };
  assert.deepEqual(JSON.parse(eraser.payload(JSON.stringify(payload))), {
    event: {
      id: "31612345678",
      from: "erased",
      to: "1234",
      report: { messageId: "31612345678", text: "erased" },
    },
  });
});
