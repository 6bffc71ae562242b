import assert from "node:assert/strict";
import { test } from "node:test";
import { createBus } from "../../src/bus/bus.ts";
import type { AlertEvent } from "../../src/model/event.ts";

const address = { ton: 1, npi: 1, digits: "31612345678" };
const alert: AlertEvent = {
  channel: "SMPP1",
  session: "s1",
  phone: address,
  sender: address,
  availability: 0,
};

test("[W18] an event reaches the one who answers its kind, and its watchers hear of the answer afterwards", async () => {
  const bus = createBus();
  const heard: unknown[] = [];
  const answered = Promise.withResolvers<void>();
  bus.answer("alert", async (event) => {
    heard.push(["asked", event]);
    await answered.promise;
    return { kind: "noted" };
  });
  bus.watch("alert", (event, answer) => void heard.push(["first", event, answer]));
  bus.watch("alert", (event, answer) => void heard.push(["second", event, answer]));
  const emitted = bus.emit("alert", alert);
  assert.deepEqual(heard, [["asked", alert]], "the very event, at once: it is a call");
  answered.resolve();
  const answer = await emitted;
  assert.deepEqual(answer, { kind: "noted" });
  assert.deepEqual(heard.slice(1), [
    ["first", alert, answer],
    ["second", alert, answer],
  ]);
});

test("a kind has one answerer; without one, or when it fails, whoever emits hears that and watchers nothing", async () => {
  const bus = createBus();
  let watched = 0;
  bus.watch("alert", () => void (watched += 1));
  await assert.rejects(bus.emit("alert", alert), /nobody answers the event "alert"/);
  bus.answer("alert", () => Promise.reject(new Error("the database is away")));
  await assert.rejects(bus.emit("alert", alert), /the database is away/);
  const careless = createBus();
  careless.answer("alert", () => {
    throw new Error("a fault of ours");
  });
  await assert.rejects(careless.emit("alert", alert), /a fault of ours/);
  assert.throws(
    () => bus.answer("alert", () => Promise.resolve({ kind: "noted" })),
    /has an answerer already/,
  );
  assert.equal(watched, 0);
});
