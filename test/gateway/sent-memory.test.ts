import assert from "node:assert/strict";
import { test } from "node:test";
import { createSentMemory, sentRemembered } from "../../src/gateway/sent-memory.ts";
import { sentOf } from "../support/sent.ts";

test("[W03] a report finds its message by the id of the answer, whatever its case, zeros or base", () => {
  const memory = createSentMemory();
  const hex = sentOf("1");
  memory.put("SMPP1", "812FC7470000001B", hex);
  for (const id of ["812fc7470000001b", "00812FC7470000001B", "9308878062554710043"])
    assert.equal(memory.find("SMPP1", id)?.sent, hex, id);
  assert.equal(memory.find("SMPP2", "812FC7470000001B"), undefined, "ids are a provider's own");
  assert.equal(memory.find("SMPP1", ""), undefined);
});

test("an id that a provider gives again is the newer message's", () => {
  const memory = createSentMemory();
  memory.put("SMPP1", "7", sentOf("old"));
  const newer = sentOf("new");
  memory.put("SMPP1", "7", newer);
  assert.equal(memory.find("SMPP1", "7")?.sent, newer);
});

test("memory holds a bounded number of messages; the oldest are left to the database", () => {
  const memory = createSentMemory();
  const sent = sentOf("any");
  for (let id = 0; id <= sentRemembered; id += 1) memory.put("SMPP1", `x${id}`, sent);
  assert.equal(memory.find("SMPP1", "x0"), undefined);
  assert.ok(memory.find("SMPP1", "x1"));
  assert.ok(memory.find("SMPP1", `x${sentRemembered}`));
});
