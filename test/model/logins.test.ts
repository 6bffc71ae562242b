import assert from "node:assert/strict";
import { test } from "node:test";
import { allowedSendersFrom } from "../../src/model/allowed-senders.ts";
import { GatewayError } from "../../src/model/error.ts";
import { type PasswordRules, checkedLogin } from "../../src/model/password-rules.ts";

function judged(id: string, password: string, rules: PasswordRules): string {
  try {
    return checkedLogin(id, password, rules).length === 0 ? "fine" : "warned";
  } catch (cause) {
    if (cause instanceof GatewayError) return cause.code;
    throw cause;
  }
}

test("[X05] long names and passwords are warned of up to 16 and 64 characters, refused beyond, never cut", () => {
  for (const [id, password, lenient, strict] of [
    ["Shop", "k7#vbQ2m", "fine", "fine"],
    ["Shop", "k7#vbQ2mX", "warned", "bad_request"],
    ["Shop", "k7#vbQ2m".repeat(8), "warned", "bad_request"],
    ["Shop", `${"k7#vbQ2m".repeat(8)}x`, "bad_request", "bad_request"],
    ["sixteen-letters!", "k7#vbQ2m", "warned", "bad_request"],
    ["seventeen-letters", "k7#vbQ2m", "bad_request", "bad_request"],
    ["", "k7#vbQ2m", "bad_request", "bad_request"],
    ["Shop", "", "bad_request", "bad_request"],
    ["Shop", "k7#\0bQ2m", "bad_request", "bad_request"],
    ["Shop", "k7#vbQé", "warned", "bad_request"],
    ["Shop", "abc", "warned", "bad_request"],
    ["Shop", "aaaaaaaa", "warned", "bad_request"],
    ["Shop", "myshop12", "warned", "bad_request"],
    ["Shop", "23456789", "warned", "bad_request"],
    ["Shop", "Password", "warned", "bad_request"],
  ] as const)
    assert.deepEqual(
      [judged(id, password, "lenient"), judged(id, password, "strict")],
      [lenient, strict],
      `${id} ${password}`,
    );
  assert.throws(() => checkedLogin("Shop", "x".repeat(65), "lenient"), /65 characters.*not cut/);
});

test("senders are named whole, by their beginning, or as any name", () => {
  const allows = allowedSendersFrom("+31201234567, +3197*, 4040, Shop, New Shop");
  for (const one of ["+31201234567", "+3197", "+31970000", "4040", "Shop", "New Shop"])
    assert.equal(allows(one), true, one);
  for (const one of ["", "+3120123456", "31970000", "40400", "shop", "Shopper", "alphanumeric"])
    assert.equal(allows(one), false, one);
  const names = allowedSendersFrom("alphanumeric");
  assert.deepEqual(["Shop", "Ünal", "4040", "+3120", ""].map(names), [
    true,
    true,
    false,
    false,
    false,
  ]);
  assert.equal(allowedSendersFrom(" ")("anyone"), true);
  assert.equal(allowedSendersFrom("*")("anyone"), true);
  for (const wrong of ["a,,b", "a*b", "**", "x".repeat(66), Array(102).join("a,")])
    assert.throws(() => allowedSendersFrom(wrong), { code: "bad_request" }, wrong);
});
