import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { addressOf, canonical, type Numbers } from "../../src/model/address.ts";

const of = (ton: number, digits: string, numbers: Numbers = "asReceived") =>
  canonical({ ton, npi: 1, digits }, numbers);

test("a number of type 1 is stored with a plus", () => {
  assert.equal(of(1, "74992713154"), "+74992713154");
  assert.equal(of(1, "+74992713154"), "+74992713154");
});

test("a number whose type says nothing gets its plus where the channel's numbers are international", () => {
  assert.equal(of(0, "46701234567"), "46701234567");
  assert.equal(of(0, "46701234567", "international"), "+46701234567");
  assert.equal(of(2, "0701234567", "international"), "0701234567");
  assert.equal(of(0, "12345", "international"), "12345", "a short code has no country");
});

test("what is no number stays as it was received", () => {
  assert.equal(of(5, "ACME"), "ACME");
  assert.equal(of(1, "ACME"), "ACME");
  assert.equal(of(0, "ACME 2", "international"), "ACME 2");
  assert.equal(of(1, ""), "");
  assert.equal(of(1, "12"), "12", "shorter than any number");
  assert.equal(of(1, "1".repeat(21)), "1".repeat(21), "longer than the field");
});

test("a plus that somebody wrote becomes the international type and is taken off", () => {
  assert.deepEqual(addressOf("+74992713154"), { ton: 1, npi: 1, digits: "74992713154" });
});

test("a word is an alphanumeric address, bare digits have no type", () => {
  assert.deepEqual(addressOf("ACME"), { ton: 5, npi: 0, digits: "ACME" });
  assert.deepEqual(addressOf("12345"), { ton: 0, npi: 1, digits: "12345" });
  assert.deepEqual(addressOf(""), { ton: 5, npi: 0, digits: "" });
});

test("a canonical form becomes an address and the same canonical form again", () => {
  const digits = fc.stringMatching(/^[1-9][0-9]{2,19}$/);
  const word = fc.stringMatching(/^[A-Za-z][A-Za-z0-9 ]{0,10}$/);
  const form = fc.oneof(
    digits,
    word,
    digits.map((number) => `+${number}`),
  );
  fc.assert(
    fc.property(form, (text) => {
      assert.equal(canonical(addressOf(text), "asReceived"), text);
    }),
  );
});
