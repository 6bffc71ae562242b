import assert from "node:assert/strict";
import { test } from "node:test";
import type { Channel } from "../../src/channel/channel.ts";
import type { AlertEvent } from "../../src/model/event.ts";
import { alertAnswerer } from "../../src/gateway/alert.ts";
import { recorderLog } from "../support/log.ts";

const alert: AlertEvent = {
  channel: "SMPP1",
  session: "s",
  phone: { ton: 1, npi: 1, digits: "31612345670" },
  sender: { ton: 0, npi: 1, digits: "31699887766" },
  availability: 0,
};

test("an alert goes to the owner of the sender's number, once, and to nobody else", async () => {
  const told: string[] = [];
  const channel = (name: string, reaches: boolean): Pick<Channel, "name" | "alert"> => ({
    name,
    alert(account) {
      told.push(`${name} ${account}`);
      return reaches;
    },
  });
  const opened = [{ name: "SMPP1" }, channel("A", false), channel("B", true), channel("C", true)];
  const answer = alertAnswerer({
    ownerOf: (number) => Promise.resolve(number === "+31699887766" ? { id: "Test1" } : undefined),
    channels: () => opened,
    log: recorderLog(),
  });
  assert.deepEqual(await answer(alert), { kind: "noted" });
  assert.deepEqual(told, ["A Test1", "B Test1"]);
  await answer({ ...alert, sender: { ton: 5, npi: 0, digits: "ACME" } });
  assert.equal(told.length, 2);
});
