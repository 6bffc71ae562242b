import assert from "node:assert/strict";
import { test } from "node:test";
import {
  changedOptions,
  keptText,
  messageIdFor,
  optionsFrom,
  shownOptions,
  standardOptions,
} from "../../src/model/account-options.ts";
import { GatewayError } from "../../src/model/error.ts";
import { firstIdAt, idFrom, idInForm } from "../../src/model/id.ts";

const set = (changes: Record<string, string>, fromMs = 0) =>
  changedOptions(standardOptions, changes, fromMs);

const faultOf = (changes: Record<string, string>): string => {
  try {
    set(changes);
  } catch (error) {
    assert.ok(error instanceof GatewayError);
    assert.equal(error.code, "bad_request");
    return error.message;
  }
  return assert.fail(`${JSON.stringify(changes)} was taken`);
};

test("options are set by name, kept as what differs from the standard, and read back", () => {
  const changes = { receiptDates: "second", receiptKeepMs: "3600000", receiptAs: "data_sm" };
  const options = set(changes);
  assert.deepEqual(
    { ...standardOptions, receiptDates: "second", receiptKeepMs: 3_600_000, receiptAs: "data_sm" },
    options,
  );
  const text = keptText(options);
  assert.deepEqual(JSON.parse(text), {
    receiptDates: "second",
    receiptAs: "data_sm",
    receiptKeepMs: 3_600_000,
  });
  assert.deepEqual(optionsFrom(text), options);
  assert.equal(keptText(standardOptions), "{}");
});

test("an empty value takes an option back to its standard", () => {
  const changed = set({ receiptTemplate: "{id} {stat}" });
  const back = changedOptions(changed, { receiptTemplate: "" }, 0);
  assert.deepEqual(back, standardOptions);
});

test("everything that cannot be is told at once, and nothing is set", () => {
  const fault = faultOf({
    receiptDates: "hour",
    nonsense: "1",
    receiptKeepMs: "5",
    receiptTlvs: "auto",
  });
  assert.match(fault, /receiptDates is one of minute, second, year4, unix, not "hour"\./);
  assert.match(fault, /There is no option nonsense; there are messageIdForm, /);
  assert.match(fault, /receiptKeepMs is a time in milliseconds from 60000 to 1209600000/);
  for (const lowBalance of ["-1", "0.00001", "1000000001", "1e3", "many"])
    assert.match(faultOf({ lowBalance }), /lowBalance/, lowBalance);
  for (const name of ["__proto__", "constructor", "idFormsBefore"])
    assert.match(faultOf({ [name]: "x" }), /There is no option/);
});

test("an id keeps the form in which it was given when the account's form changes", () => {
  const [old, between, late] = [1_000, 2_000, 3_000].map((ms) => firstIdAt(ms));
  assert.ok(old !== undefined && between !== undefined && late !== undefined);
  const hex = set({ messageIdForm: "hex32" }, 2_000);
  const decimal = changedOptions(hex, { messageIdForm: "decimal" }, 3_000);
  for (const options of [decimal, optionsFrom(keptText(decimal))]) {
    assert.equal(messageIdFor(old, options), old);
    assert.equal(messageIdFor(between, options), idInForm(between, "hex32"));
    assert.equal(messageIdFor(late, options), idInForm(late, "decimal"));
  }
  assert.ok(!("idFormsBefore" in shownOptions(decimal)));
});

test("forms that ids had before are remembered up to a number", () => {
  let options = standardOptions;
  for (let n = 1; n <= 50; n += 1)
    options = changedOptions(options, { messageIdForm: n % 2 === 0 ? "uuid" : "hex32" }, n);
  assert.equal(options.idFormsBefore.length, 20);
});

test("an id is read in every form that we hand out", () => {
  for (const id of [
    "0199a2b4-0000-7000-8000-000000000001",
    "ffffffff-ffff-7fff-bfff-ffffffffffff",
    "01000000-0000-7000-8000-000000000000",
  ])
    for (const form of ["uuid", "hex32", "decimal"] as const) {
      const given = idInForm(id, form);
      assert.ok(given.length <= 39);
      assert.equal(idFrom(given), id);
      assert.equal(idFrom(given.toUpperCase()), id);
    }
  assert.equal(idFrom("9".repeat(39)), undefined, "more than 128 bits");
});
