// The text in which customers are told what became of their messages: what may stand in a template.
import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../src/model/error.ts";
import {
  receiptOctetsMax,
  standardTemplate,
  TEMPLATE_FIELDS,
  templateFrom,
} from "../../src/model/receipt-template.ts";
import type { Report } from "../../src/model/report.ts";
import { receiptOctets } from "../../src/smpp/receipt-template.ts";

const faultOf = (template: string): string => {
  try {
    templateFrom(template);
  } catch (error) {
    assert.ok(error instanceof GatewayError);
    assert.equal(error.code, "bad_request");
    return error.message;
  }
  return assert.fail(`${template} was taken`);
};

test("a fault of a template names the character and what may stand there", () => {
  for (const [template, fault] of [
    ["{id} {stat} {state}", /there is no field \{state\} \(character 13\); there are id, sub, /],
    ["{id} {stat} {", /the "\{" at character 13 stands alone; a brace itself is written twice/],
    ["}{id} {stat}", /the "\}" at character 1 stands alone/],
    ["{id} {stat} { err }", /the "\{" at character 13 stands alone/],
    ["{id} {}", /there is no field \{\}/],
    ["{stat}", /it has no \{id\}/],
    ["id:{id}", /it has no \{stat\}/],
    ["", /it has no \{id\}/],
    ["{id} {stat} é", /character 13 is none of ASCII/],
    ["{id} {stat}\n", /character 12 is none of ASCII/],
    ["{constructor} {id} {stat}", /there is no field \{constructor\}/],
  ] as const)
    assert.match(faultOf(template), fault, template);
});

test("a receipt can never become longer than one deliver_sm carries", () => {
  const room = receiptOctetsMax - TEMPLATE_FIELDS.id - TEMPLATE_FIELDS.stat;
  const most = `{id}{stat}${"x".repeat(room)}`;
  templateFrom(most);
  assert.match(faultOf(`${most}x`), /could take 255 octets; one deliver_sm carries 254/);
  const long: Report = {
    messageId: "9".repeat(39),
    status: "NOTDELIVERED",
    state: "UNDELIVERABLE",
    error: "ABSENT_SUBSCRIBER",
    submittedMs: 0,
    doneMs: 8_640_000_000_000,
    text: "€".repeat(200),
    networkError: undefined,
  };
  const every = Object.keys(TEMPLATE_FIELDS).map((field) => `{${field}}`);
  const address = { ton: 1, npi: 1, digits: "1".repeat(20) };
  const template = every.join("");
  const told = { report: long, state: long.state, delivered: true };
  const octets = receiptOctets(
    { ...told, way: { from: address, to: address } },
    { template, dates: "year4", tlvs: true },
  );
  const sum = Object.values(TEMPLATE_FIELDS).reduce((all, one) => all + one, 0);
  assert.equal(octets.length, sum);
});

test("dates of a receipt have minutes, seconds, a year of four digits or are seconds since 1970; zeros where nobody knows", () => {
  const report: Report = {
    messageId: "1",
    status: "DELIVERED",
    state: "DELIVRD",
    error: "0",
    submittedMs: undefined,
    doneMs: Date.UTC(2026, 8, 7, 6, 5, 4, 321),
    text: "",
    networkError: undefined,
  };
  const address = { ton: 1, npi: 1, digits: "1" };
  const told = { report, state: "DELIVRD", delivered: true, way: { from: address, to: address } };
  const written = (["minute", "second", "year4", "unix"] as const).map((dates) =>
    receiptOctets(told, { template: "{id} {stat} {submit} {done}", dates, tlvs: true }).toString(
      "latin1",
    ),
  );
  assert.deepEqual(written, [
    "1 DELIVRD 0000000000 2609070605",
    "1 DELIVRD 000000000000 260907060504",
    "1 DELIVRD 00000000000000 20260907060504",
    "1 DELIVRD 0 1788761104",
  ]);
});

test("each receipt has its own dates, whatever the one before said", () => {
  const address = { ton: 1, npi: 1, digits: "1" };
  const way = { from: address, to: address };
  const nothing = {
    messageId: "1",
    state: "DELIVRD",
    error: "0",
    text: "",
    networkError: undefined,
  };
  const written = (submittedMs: number, doneMs: number, dates: "minute" | "second"): string => {
    const report = { ...nothing, status: "DELIVERED", submittedMs, doneMs } as const;
    const told = { report, state: "DELIVRD", delivered: true, way };
    return receiptOctets(told, {
      template: "{id} {stat} {submit} {done}",
      dates,
      tlvs: true,
    }).toString("latin1");
  };
  const at = Date.UTC(2026, 8, 7, 6, 5, 59, 999);
  assert.equal(written(at - 1_000, at, "minute"), "1 DELIVRD 2609070605 2609070605");
  assert.equal(written(at - 1_000, at, "second"), "1 DELIVRD 260907060558 260907060559");
  assert.equal(written(at, at + 1, "minute"), "1 DELIVRD 2609070605 2609070606");
  assert.equal(written(at, at + 1, "second"), "1 DELIVRD 260907060559 260907060600");
});

test("the standard form and doubled braces are read as they are meant", () => {
  assert.equal(templateFrom(standardTemplate).filter(({ field }) => field !== undefined).length, 8);
  assert.deepEqual(templateFrom("{{{id}}} {stat}"), [
    { words: "{" },
    { field: "id" },
    { words: "}" },
    { words: " " },
    { field: "stat" },
  ]);
});
