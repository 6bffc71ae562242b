// What a provider's error codes mean: the tables that ship, a customer's own, and what he is told.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createReportReader } from "../../src/channel/report-reader.ts";
import { readCodeTable, shippedTables } from "../../src/channel/report-codes/table.ts";
import { inOurCodes } from "../../src/channel/report-codes/translate.ts";
import { reportSettings } from "../../src/channel/report-settings.ts";
import {
  deliveryError,
  deliveryErrorCodes,
  isReservedTpStatus,
} from "../../src/model/delivery-error.ts";
import { type ErrorEntry, ERRORS } from "../../src/model/error.ts";
import type { Report } from "../../src/model/report.ts";
import { startSmsc } from "../../src/simulator/smsc.ts";
import { receiptStates, statusOf } from "../../src/smpp/receipt-state.ts";
import { receiptSms } from "../../src/smpp/receipt.ts";
import { TAG } from "../../src/smpp/tlv.ts";
import { sms } from "../smpp/messages.ts";
import { openTestChannel, testFolder } from "./host.ts";

function tableOf(codes: string, base = "") {
  const table = readCodeTable(codes, base);
  if ("faults" in table) throw new Error(JSON.stringify(table.faults));
  return table;
}

const failed: Report = {
  messageId: "1",
  status: "NOTDELIVERED",
  state: "UNDELIV",
  error: "000",
  submittedMs: undefined,
  doneMs: undefined,
  text: "",
  networkError: undefined,
};

function told(codes: string, changes: Partial<Report>, intermediate = false) {
  const report = inOurCodes({ ...failed, ...changes }, tableOf(codes), intermediate);
  const { code, status, state, error, raw, networkError } = report;
  return { code, status, state, error, raw, network: networkError?.code };
}

test("each shipped table can be read and says what it is", () => {
  assert.deepEqual(shippedTables(), [
    "catalogue",
    "map-decimal",
    "map-names",
    "standard",
    "tp-status",
  ]);
  for (const name of shippedTables()) assert.ok(tableOf(name).errors !== undefined, name);
});

test("a code in decimal, with or without zeros, becomes ours, and what was said stays", () => {
  const absent = {
    code: 24,
    status: "NOTDELIVERED",
    state: "UNDELIV",
    error: "024",
    network: 0x62,
  } as const;
  assert.deepEqual(told("map-decimal", { error: "27" }), { ...absent, raw: "27" });
  assert.deepEqual(told("map-decimal", { error: "027" }), { ...absent, raw: "027" });
  const network = { type: 3, code: 27 };
  assert.deepEqual(told("map-decimal", { error: "", networkError: network }), {
    ...absent,
    raw: "3:27",
  });
  assert.deepEqual(told("map-decimal", { error: "1", networkError: network }), {
    ...absent,
    code: 11,
    error: "011",
    network: 0x43,
    raw: "1 3:27",
  });
});

test("a code in letters is known in any case", () => {
  assert.equal(told("map-names", { error: "Absent_Subscriber" }).code, 24);
  assert.equal(told("map-names", { error: "MWD_FULL" }).error, "023");
  assert.equal(told("map-names", { error: "XYZ" }).error, "006");
  assert.equal(told("map-names", { error: "XYZ" }).raw, "XYZ");
});

test("a TP-Status in err or in the TLV is understood", () => {
  assert.equal(told("tp-status", { error: "70" }).code, 26);
  assert.equal(told("tp-status", { error: "", networkError: { type: 3, code: 0x62 } }).code, 24);
  const retrying = told("tp-status", { status: "SENT", state: "ENROUTE", error: "34" });
  assert.deepEqual([retrying.code, retrying.status, retrying.network], [4, "SENT", undefined]);
});

test("the standard table leaves err as it came and only says what the TLV means", () => {
  assert.deepEqual(told("standard", { error: "034" }).error, "034");
  assert.deepEqual(told("standard", { error: "034" }).code, undefined);
  assert.deepEqual(told("standard", { error: "034", networkError: { type: 3, code: 0x46 } }), {
    code: 26,
    status: "NOTDELIVERED",
    state: "UNDELIV",
    error: "034",
    raw: undefined,
    network: 0x46,
  });
});

test("the state decides; the code only where the state says nothing", () => {
  const delivered = { status: "DELIVERED", state: "DELIVRD" } as const;
  assert.equal(told("catalogue", { ...delivered, error: "006" }).status, "DELIVERED");
  assert.equal(told("catalogue", { ...delivered, error: "006" }).code, undefined);
  const unknown = { status: "NOREPORT", state: "UNKNOWN" } as const;
  assert.deepEqual(told("catalogue", { ...unknown, error: "016" }), {
    code: 16,
    status: "NOTDELIVERED",
    state: "EXPIRED",
    error: "016",
    raw: "016",
    network: 0x46,
  });
  assert.equal(told("catalogue", { ...unknown, error: "004" }).status, "SENT");
  assert.equal(told("catalogue", { ...unknown, error: "005" }).status, "DELIVERED");
  assert.equal(told("catalogue", { ...unknown, error: "099" }).status, "NOREPORT");
  assert.equal(told("catalogue", { ...unknown, error: "555" }).status, "NOREPORT");
  // What says of itself that it is not final is not, whatever its code.
  const on = told("catalogue", { status: "SENT", state: "UNKNOWN", error: "016" }, true);
  assert.deepEqual([on.status, on.code], ["SENT", 16]);
});

// What is known elsewhere of each code: its words, what it makes of the message, who has to act, and whether to try again.
const CODES = [
  ["I70", 2, "Delivered to Network (final)", "DELIVERED", "nobody", "never"],
  ["I71", 3, "Delivered to Network (Intermediate)", "SENT", "nobody", "never"],
  ["I72", 4, "Operator is Retrying Message", "SENT", "nobody", "never"],
  ["I73", 5, "Delivered to Phone", "DELIVERED", "nobody", "never"],
  ["I74", 6, "Failed @ operator", "NOTDELIVERED", "network", "never"],
  ["I75", 10, "Formatting Error SMS too long", "NOTDELIVERED", "sender", "never"],
  ["I76", 11, "Unknown Subscriber", "NOTDELIVERED", "sender", "never"],
  ["I77", 12, "Insufficient Credit", "NOTDELIVERED", "sender", "never"],
  ["I78", 13, "Subscriber Barred", "NOTDELIVERED", "receiver", "never"],
  ["I79", 14, "Incorrect Billing C2", "NOTDELIVERED", "sender", "never"],
  ["I80", 15, "Invalid Originator", "NOTDELIVERED", "sender", "never"],
  ["I81", 16, "Message Expired @ Gateway", "NOTDELIVERED EXPIRED", "us", "never"],
  ["I82", 17, "Invalid Expiry Value", "NOTDELIVERED", "sender", "never"],
  ["I83", 18, "Duplicate Message", "NOTDELIVERED", "sender", "never"],
  [
    "I84",
    19,
    "Out of Credit. Billing system busy or prepay message already in pipe",
    "NOTDELIVERED",
    "sender",
    "later",
  ],
  ["I85", 20, "Zero length data", "NOTDELIVERED", "sender", "never"],
  ["I86", 21, "Binary too long", "NOTDELIVERED", "sender", "never"],
  ["I87", 22, "Binary incorrect format", "NOTDELIVERED", "sender", "never"],
  ["I88", 23, "Sim full", "NOTDELIVERED", "receiver", "later"],
  ["I89", 24, "Absent subscriber", "NOTDELIVERED", "receiver", "later"],
  ["I90", 25, "Error in delivery to operator", "NOTDELIVERED", "network", "later"],
  ["I91", 26, "Message expired @ operator", "NOTDELIVERED EXPIRED", "network", "never"],
  ["I92", 27, "Not defined - status unknown", "NOREPORT", "network", "later"],
  ["I93", 99, "SMS delivery receipt timeout", "NOREPORT", "network", "later"],
  [
    "I94",
    101,
    "Multipart delivered to Network - Partial success",
    "NOTDELIVERED",
    "network",
    "later",
  ],
  [
    "I95",
    102,
    "Multipart Delivered to Network - Total Failure",
    "NOTDELIVERED",
    "network",
    "later",
  ],
] as const;

for (const [id, code, text, means, fault, retry] of CODES)
  test(`[${id}] ${code} is ${text}`, () => {
    const error = String(code).padStart(3, "0");
    const report = told("catalogue", { status: "NOREPORT", state: "UNKNOWN", error });
    const [status, state = report.state] = means.split(" ");
    assert.deepEqual([report.code, report.error], [code, error]);
    assert.deepEqual([report.status, report.state], [status, state]);
    const entry = deliveryError(code);
    assert.deepEqual([entry?.text, entry?.fault ?? "nobody", entry?.retry], [text, fault, retry]);
  });

test("there is no code beside these", () => {
  assert.deepEqual(
    deliveryErrorCodes,
    CODES.map(([, code]) => code),
  );
});

test("what a receipt says of an error of ours is a code that a receipt has", () => {
  for (const [code, { receipt }] of Object.entries<ErrorEntry>(ERRORS))
    if (receipt !== undefined) assert.ok(deliveryError(receipt) !== undefined, code);
});

test("[Y32] [Y33] [X14] whatever a table makes of a report, the customer never gets a reserved TP-Status", () => {
  const assigned = [
    0x00, 0x01, 0x02, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46,
    0x47, 0x48, 0x49, 0x60, 0x61, 0x62, 0x63, 0x64, 0x65,
  ];
  // 3GPP TS 23.040 §9.2.3.15: 0x10-0x1F of each group are the service centre's own.
  for (let value = 0; value < 0x200; value += 1) {
    const own = value < 0x80 && (value & 0x10) !== 0;
    assert.equal(isReservedTpStatus(value), !own && !assigned.includes(value), value.toString(16));
  }
  const way = { from: sms().from, to: sms().to, serviceType: "" };
  for (const name of shippedTables()) {
    const table = tableOf(name);
    const errors = ["", "000", "xyz", ...table.errors.keys()];
    const networks = [undefined, 0, 1, 0x0f, 0x27, 0x43, 0x4a, 0x66, 0x80, 0x102, 0xffff];
    for (const state of receiptStates)
      for (const error of errors)
        for (const code of networks) {
          const networkError = code === undefined ? undefined : { type: 3, code };
          const seen = { ...failed, state, status: statusOf(state), error, networkError };
          const report = inOurCodes(seen, table, false);
          const octets = receiptSms(report, way).tlvs.find(
            ({ tag }) => tag === TAG.network_error_code,
          )?.octets;
          const where = `${name} ${state} ${error} ${code}`;
          if (report.status === "NOTDELIVERED") assert.equal(octets?.[0], 3, where);
          if (octets !== undefined) assert.ok(!isReservedTpStatus(octets.readUInt16BE(1)), where);
        }
  }
});

test("a table of one's own is a file beside the settings, its faults are told with their place", async (t) => {
  const folder = await testFolder();
  const write = (text: string) => writeFile(join(folder, "codes.yaml"), text);
  await write('errors: { "0x11": 11, E7: 24 }\notherwise: 6\ncustomer:\n  24: A24\n');
  const read = createReportReader(reportSettings.parse({ codes: "./codes.yaml" }), {
    name: "SMPP1",
    base: folder,
  });
  const report = read(sms({ esmClass: 4, octets: Buffer.from("id:1 stat:UNDELIV err:e7") }));
  assert.deepEqual([report?.code, report?.error, report?.raw], [24, "A24", "e7"]);

  await write("errors:\n  7: 7\nother: 6\ncustomer: { 24: TOOLONG }\n");
  const table = readCodeTable("./codes.yaml", folder);
  const faults = "faults" in table ? table.faults : [];
  assert.deepEqual(
    faults.map(({ line, column, path }) => `${line}:${column} ${path}`),
    ["2:6 errors.7", "3:1 other", "4:17 customer.24"],
  );
  const base = folder;
  for (const [codes, why] of [
    [
      "./codes.yaml",
      /channels.SMPP1.reports.codes: .*codes.yaml:2:6: errors.7 must be a code of our/,
    ],
    ["./none.yaml", /none.yaml/],
    ["none", /is no table of codes; shipped are catalogue, map-decimal/],
  ] as const)
    assert.throws(
      () => createReportReader(reportSettings.parse({ codes }), { name: "SMPP1", base }),
      {
        code: "bad_configuration",
        message: why,
      },
    );
  t.diagnostic(faults.map(({ text }) => text).join("; "));
});

test("[D16] a receipt without its flag is a report where the channel says so, else a message", async () => {
  const text =
    "id:41 sub:001 dlvrd:001 submit date:2601020304 done date:2601020305 stat:DELIVRD err:000 text:Hi";
  for (const flagless of [true, false]) {
    await using smsc = await startSmsc({ host: "127.0.0.1", port: 0 });
    await using ours = await openTestChannel({
      type: "smpp-client",
      host: "127.0.0.1",
      port: smsc.port,
      systemId: "us",
      password: "x",
      reports: { flagless },
    });
    await ours.room();
    assert.equal(await smsc.inject({ from: "+1444", to: "+1555", text }), 0);
    assert.equal(await smsc.inject({ from: "+1444", to: "+1555", text: `Look: ${text}` }), 0);
    const counts = [ours.events.report.length, ours.events.message.length];
    assert.deepEqual(counts, flagless ? [1, 1] : [0, 2]);
    assert.equal(ours.events.report[0]?.report.messageId, flagless ? "41" : undefined);
  }
});
