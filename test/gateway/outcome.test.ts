import assert from "node:assert/strict";
import { test } from "node:test";
import { type Outcome, outcomeOf } from "../../src/gateway/outcome.ts";

const given = { tries: 0, expiresMs: 1_000_000, nowMs: 0, taken: "SENT" } as const;
const refused = (status: number) => ({ kind: "refused", status, text: "said so" }) as const;

test("0x08, 0x14, 0x58, 0x64, 0xFE and 0xFF are tried again, every other refusal is final", () => {
  for (let status = 1; status <= 0x4ff; status += 1) {
    const outcome = outcomeOf(refused(status), given);
    const retried = [0x08, 0x14, 0x58, 0x64, 0xfe, 0xff].includes(status);
    assert.equal(outcome.do, retried ? "again" : "finish", status.toString(16));
    if (outcome.do === "finish") assert.equal(outcome.status, "FAILED");
  }
});

test("the pause starts at a second, doubles with each try and stays at a minute", () => {
  const pauses = Array.from({ length: 9 }, (_, tries) => {
    const outcome: Outcome = outcomeOf(refused(0x58), { ...given, tries });
    return outcome.do === "again" ? outcome.waitMs / 1_000 : undefined;
  });
  assert.deepEqual(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
});

test("what could only be tried again after its validity expires at once, with the refusal as reason", () => {
  const outcome = outcomeOf(refused(0x58), { ...given, expiresMs: 900 });
  assert.deepEqual(outcome, {
    do: "finish",
    status: "EXPIRED",
    error: "said so",
    providerId: undefined,
  });
});

test("no answer means that the peer may have it; a message that cannot be written fails for good", () => {
  const silent = outcomeOf({ kind: "uncertain", why: "response_timeout" }, given);
  assert.ok(silent.do === "again" && silent.uncertain);
  const never = outcomeOf({ kind: "impossible", code: "message_too_long", text: "long" }, given);
  assert.ok(never.do === "finish" && never.status === "FAILED");
});
