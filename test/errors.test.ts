import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PAGES } from "../docs/generate.ts";
import {
  commandStatusOf,
  ERRORS,
  GatewayError,
  RETRIED_STATUSES,
  type ErrorEntry,
} from "../src/model/error.ts";

const entries = Object.entries<ErrorEntry>(ERRORS);

for (const page of PAGES) {
  test(`docs/${page.file} says what the code says (else run \`npm run docs\`)`, () => {
    const file = join(import.meta.dirname, "..", "docs", page.file);
    assert.equal(readFileSync(file, "utf8"), page.text());
  });
}

test("each error says what to do in one whole sentence", () => {
  for (const [code, { advice }] of entries) {
    assert.match(code, /^[a-z]+(_[a-z]+)*$/);
    assert.match(advice, /^[A-Za-z][^\n|]+\.$/, code);
  }
});

test("each error has numbers that its protocols know", () => {
  for (const [code, { smpp, http, receipt }] of entries) {
    if (smpp !== undefined) assert.ok(smpp > 0 && smpp <= 0x4ff, code);
    if (http !== undefined) assert.ok(http >= 400 && http <= 599, code);
    if (receipt !== undefined) assert.ok(receipt > 0 && receipt <= 999, code);
  }
});

test("what a peer may try again later, he is told so by a status that he tries again on", () => {
  // These two have a status of their own in SMPP, which says more than that.
  const otherwise = new Set(["too_many_binds", "query_failed"]);
  for (const [code, { smpp, retry }] of entries) {
    if (smpp === undefined || otherwise.has(code)) continue;
    assert.equal(RETRIED_STATUSES.has(smpp), retry === "later", code);
  }
});

test("a refusal goes to a peer by its number, a number as it stands, and one without as 0x08", () => {
  assert.equal(commandStatusOf("bad_password"), 0x0e);
  assert.equal(commandStatusOf(0x0455), 0x0455);
  assert.equal(commandStatusOf("bad_configuration"), 0x08);
});

test("an expected refusal carries its code, its entry, its cause and its own words", () => {
  const cause = new Error("ECONNREFUSED");
  const error = new GatewayError("database_unreachable", "nobody at 127.0.0.1:5432", { cause });
  assert.equal(error.code, "database_unreachable");
  assert.equal(error.entry, ERRORS.database_unreachable);
  assert.equal(error.message, "nobody at 127.0.0.1:5432");
  assert.equal(error.cause, cause);
  assert.equal(error.name, "GatewayError");
  assert.equal(new GatewayError("no_credit").message, ERRORS.no_credit.advice);
});
