/** STOP before the triggers: which text is one, and what happens when it cannot be written down. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bareSms } from "../../src/model/bare-sms.ts";
import { addressOf } from "../../src/model/address.ts";
import type { Clock } from "../../src/model/clock.ts";
import { systemClock } from "../../src/model/clock.ts";
import type { MessageEvent } from "../../src/model/event.ts";
import { withOptOuts } from "../../src/gateway/opt-out-gate.ts";
import { type OptOutSettings, optOutSettings } from "../../src/route/opt-out-settings.ts";
import { silentLog } from "../support/database.ts";

const english = optOutSettings.parse({
  languages: { en: { stop: ["STOP", "arrêt"], stopAnswer: "Bye.", helpAnswer: "Shop" } },
});

function gate(first: OptOutSettings | undefined) {
  const world = {
    settings: first,
    nowMs: Date.UTC(2026, 0, 1, 23),
    stopped: [] as string[],
    isDown: false,
    asked: 0,
  };
  const clock: Clock = { ...systemClock, nowMs: () => world.nowMs };
  const { decide } = withOptOuts({
    engine: {
      async decide() {
        world.asked += 1;
        const none = { account: undefined, forwards: [], reports: [], sends: [], ran: [] };
        return { verdict: "accept", charge: 0, applied: false, failed: undefined, ...none };
      },
    },
    optOuts: {
      has: () => false,
      async stop(number) {
        if (world.isDown) throw new Error("no database");
        world.stopped.push(number);
      },
      remove: async () => true,
    },
    inbound: {
      ownersOf: async () => ["Test1"],
      ownerByKeyword: (_number, word) => (word === "WIN" ? "Test2" : undefined),
    },
    optOutSettings: () => world.settings,
    queueFor: () => ({ queue: "SMPP1" }),
    clock,
    log: silentLog,
  });
  return {
    world,
    /** What is answered to a text; undefined for nothing. */
    async say(text: string | undefined) {
      const ruling = await decide({ kind: "message", event: eventOf(text) });
      return ruling.verdict === "accept" ? ruling.sends[0]?.action.text : ruling.verdict;
    },
  };
}

function eventOf(text: string | undefined): MessageEvent {
  const [from, to] = ["+31612345678", "1234"];
  return {
    message: {
      id: "a",
      root: "a",
      parent: undefined,
      kind: "sms",
      direction: "in",
      channel: "SMPP1",
      account: undefined,
      from,
      to,
      sms: bareSms(addressOf(from), addressOf(to)),
      report: undefined,
      sameAsParent: false,
      hops: 0,
      log: [],
    },
    text,
    parts: 1,
    session: undefined,
    expiresMs: 0,
    origin: "provider",
    isOpen: () => true,
  };
}

test("only a text that is nothing but the word, or the word and a keyword of that number, is a STOP", async () => {
  const { world, say } = gate(english);
  for (const text of [
    "please stop",
    "do not stop",
    "STOPS",
    "",
    undefined,
    `stop${" !".repeat(40)}`,
  ])
    assert.equal(await say(text), undefined, text ?? "no text");
  assert.deepEqual(world.stopped, []);
  for (const text of ["STOP", " « Arret ! » ", "win stop", "Stop, win"]) await say(text);
  assert.equal(world.stopped.length, 4);
});

test("an answer is given once a day, and words that are changed count from the next message on", async () => {
  const { world, say } = gate(undefined);
  assert.equal(await say("stop"), undefined);
  world.settings = english;
  assert.equal(await say("stop"), "Bye.");
  assert.equal(await say("help"), "Shop");
  assert.equal(await say("stop"), undefined);
  world.nowMs += 2 * 3_600_000;
  assert.equal(await say("stop"), "Bye.");
  assert.equal(world.stopped.length, 3);
  world.settings = optOutSettings.parse({ languages: { nl: { stop: ["AFMELDEN"] } } });
  await say("stop");
  assert.equal(world.stopped.length, 3);
});

test("a STOP that cannot be written down is left to the provider, who brings it again, and no trigger is asked", async () => {
  const { world, say } = gate(english);
  world.isDown = true;
  assert.equal(await say("stop"), "undecided");
  assert.equal(world.asked, 0);
  world.isDown = false;
  assert.equal(await say("stop"), "Bye.");
});

test("one word cannot mean two things", () => {
  const both = { en: { stop: ["END"] }, nl: { start: ["end"] } };
  const result = optOutSettings.safeParse({ languages: both });
  assert.match(String(result.error?.issues[0]?.message), /means stop already/);
  assert.equal(optOutSettings.safeParse({ languages: {} }).success, false);
});
