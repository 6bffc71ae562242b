import assert from "node:assert/strict";
import { test } from "node:test";
import { createSentMemory, sentRemembered } from "../../src/gateway/sent-memory.ts";
import { sentOf } from "../support/sent.ts";

test("[W03] a message is found by the canonical id of the answer, within its provider", () => {
  const memory = createSentMemory();
  const hex = sentOf("1");
  memory.put("SMPP1", "00812FC7470000001B", hex);
  assert.equal(memory.find("SMPP1", "812fc7470000001b")?.sent.message.id, hex.message.id);
  assert.equal(memory.find("SMPP2", "812fc7470000001b"), undefined, "ids are a provider's own");
  memory.put("SMPP1", "", sentOf("2"));
  assert.equal(memory.find("SMPP1", ""), undefined);
});

test("two ids that are the same but for zeros are left to the database", () => {
  const memory = createSentMemory();
  memory.put("SMPP1", "07", sentOf("1"));
  memory.put("SMPP1", "007", sentOf("2"));
  assert.equal(memory.find("SMPP1", "7"), undefined);
});

test("an id that a provider gives again is the newer message's", () => {
  const memory = createSentMemory();
  memory.put("SMPP1", "7", sentOf("old"));
  const newer = sentOf("new");
  memory.put("SMPP1", "7", newer);
  assert.equal(memory.find("SMPP1", "7")?.sent.message.id, newer.message.id);
});

test("memory holds a bounded number of messages; the oldest are left to the database", () => {
  const memory = createSentMemory();
  const sent = sentOf("any");
  for (let id = 0; id <= sentRemembered; id += 1) memory.put("SMPP1", `x${id}`, sent);
  assert.equal(memory.find("SMPP1", "x0"), undefined);
  assert.ok(memory.find("SMPP1", "x1"));
  assert.ok(memory.find("SMPP1", `x${sentRemembered}`));
});

test("a message whose final report is committed is forgotten, and no newer one in its place", () => {
  const memory = createSentMemory();
  const [old, newer] = [sentOf("old"), sentOf("new")];
  memory.put("SMPP1", "7", old);
  memory.put("SMPP1", "7", newer);
  memory.settled("SMPP1", "7", old.message.id);
  assert.ok(memory.find("SMPP1", "7"), "the newer one is still awaited");
  memory.settled("SMPP1", "07", newer.message.id);
  assert.equal(memory.find("SMPP1", "7"), undefined);
});
