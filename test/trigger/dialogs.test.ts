// The triggers of the template `dialogs` in the real sandbox, against a model, with a clock handed in.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import fc from "fast-check";
import { answered } from "../../cli/template-answers.ts";
import type { Ruling } from "../../src/model/decision.ts";
import { createChannelSettings } from "../../src/service/channel-settings.ts";
import type { HostFunctions } from "../../src/trigger/host-calls.ts";
import { openRehearsal, type Rehearsal } from "../../src/trigger/rehearsal.ts";
import { kvInMemory } from "../../src/trigger/script/test-kv.ts";
import { dialogs } from "../../src/trigger/templates/dialogs.ts";
import { type MessageParts, messageRequest, script } from "../support/run-trigger.ts";

const dialogMs = 2_000;
const alphabet = "abcdefghijklmnopqrstuvwxyz".split("");

let rehearsal: Rehearsal;
let nowMs = 1_700_000_000_000;
let kv = kvInMemory(() => nowMs);
/** What became of the messages that went out, by the id of their lives. */
const statuses = new Map<string, { readonly to: string; readonly status: string }>();

const calls: HostFunctions = {
  ...createChannelSettings({
    settingsOf: () => ({ type: "smpp-client", dialogs: true, dialogMs }),
    defaultChannel: () => undefined,
  }),
  ...Object.fromEntries(
    Object.keys(kv.calls).map((name) => [
      name,
      async (args: readonly unknown[]) => kv.calls[name]?.(args),
    ]),
  ),
  "messages.find": async ([search]) => {
    const root: unknown = Reflect.get(Object(search), "root");
    const found = statuses.get(String(root));
    return found === undefined ? [] : [{ direction: "out", ...found }];
  },
};

before(async () => {
  const options = { from: ["SMPP_SERVER1"], to: ["SMPP1"] };
  const base = { name: "DIALOGS", description: dialogs.description, order: dialogs.order };
  const channels = [
    { name: "SMPP_SERVER1", leads: "customers" },
    { name: "SMPP1", leads: "provider" },
  ] as const;
  const given = await answered(dialogs, options, base, { channels, dataSources: [] }, undefined);
  rehearsal = await openRehearsal({
    files: {
      "acknowledge.ts": script(
        'export const ACK = onMessage({ channels: ["SMPP_SERVER1"] }, (message) => message.accept());',
      ),
      "dialogs.ts": dialogs.write(given).script,
    },
    calls,
    clock: { nowMs: () => nowMs, tickMs: () => performance.now() },
  });
  assert.deepEqual(rehearsal.faults(), []);
});

after(() => rehearsal[Symbol.asyncDispose]());

beforeEach(forget);

function forget(): void {
  kv = kvInMemory(() => nowMs);
  statuses.clear();
}

let ids = 0;

async function decided(message: MessageParts): Promise<Ruling> {
  ids += 1;
  return rehearsal.decide(messageRequest({ id: `message-${ids}`, ...message }));
}

const phone = "+31612345678";

/** What the phone reads. */
async function reads(from: string, { to = phone, status = "SENT" } = {}): Promise<string> {
  const ruling = await decided({ from, to, text: "Hi" });
  assert.equal(ruling.verdict, "accept", JSON.stringify(ruling));
  statuses.set(`message-${ids}`, { to, status });
  return String(ruling.forwards[0]?.text);
}

/** Who gets the phone's answer and what of it; the command_status that refuses it. */
async function reaches(text: string, from = phone): Promise<string | number> {
  const ruling = await decided({ channel: "SMPP1", origin: "provider", from, text });
  if (ruling.verdict === "reject") return ruling.code;
  assert.equal(ruling.verdict, "accept", JSON.stringify(ruling));
  const [forward] = ruling.forwards;
  assert.equal(forward?.account, "Test1");
  return `${forward?.to}: ${forward?.text ?? text}`;
}

test("[C12] [C47] a letter that either side uses stays; one that nobody uses for dialogMs ends", async () => {
  assert.equal(await reads("ann"), "@a=ann Hi");
  nowMs += dialogMs / 2;
  assert.equal(await reads("ann"), "@a Hi");
  nowMs += dialogMs - 1;
  assert.equal(await reaches("Yes"), "ann: Yes");
  nowMs += dialogMs - 1;
  assert.equal(await reads("ann"), "@a Hi");
  nowMs += dialogMs;
  assert.equal(await reaches("Yes"), 0x66);
  assert.equal(await reads("ann"), "@a=ann Hi");
});

test("[C47] of two letters each ends at its own time, to the millisecond", async () => {
  await reads("ann");
  nowMs += dialogMs / 2;
  await reads("bob");
  nowMs += dialogMs / 2 - 1;
  assert.equal(await reaches("Yes"), 0x66);
  nowMs += 1;
  assert.equal(await reaches("@a Yes"), 0x66);
  assert.equal(await reaches("Yes"), "bob: Yes");
  assert.equal(await reads("ann"), "@a=ann Hi");
});

test("[C42] a sender may be longer than SMPP allows, as those of a web form are", async () => {
  const from = "firstname.lastname@department.company.example";
  assert.equal(await reads(from), `@a=${from} Hi`);
  assert.equal(await reaches("@a Yes"), `${from}: Yes`);
});

test("[C44] [X10] the twenty-seventh sender gets the letter that was unused for longest, which is traced", async () => {
  for (const letter of alphabet) {
    nowMs += 1;
    assert.equal(await reads(`of ${letter}`), `@${letter}=of ${letter} Hi`);
  }
  nowMs += 1;
  assert.equal(await reaches("@a Yes"), "of a: Yes");
  nowMs += 1;
  const ruling = await decided({ from: "one more", to: phone, text: "Hi" });
  assert.equal(ruling.verdict === "accept" && ruling.forwards[0]?.text, "@b=one more Hi");
  assert.match(JSON.stringify(ruling.ran), /letter b was of of b until now/);
  assert.equal(await reaches("@b Yes"), "one more: Yes");
  nowMs += 1;
  assert.equal(await reads("of b"), "@c=of b Hi");
});

/** The rules again, as simply as can be. */
function createModel() {
  const all: { phone: string; letter: string; sender: string; usedMs: number; arrived: boolean }[] =
    [];
  const alive = (of: string) =>
    all.filter((one) => one.phone === of && nowMs - one.usedMs < dialogMs);
  return {
    reads(sender: string, to: string, arrives: boolean): string {
      const known = alive(to).find((one) => one.sender === sender);
      if (known !== undefined) {
        known.usedMs = nowMs;
        if (known.arrived) return `@${known.letter} Hi`;
        known.arrived = arrives;
        return `@${known.letter}=${sender} Hi`;
      }
      const taken = alive(to).toSorted((one, other) => one.usedMs - other.usedMs);
      const free = alphabet.find((letter) => taken.every((one) => one.letter !== letter));
      const letter = free ?? taken[0]?.letter ?? "";
      if (free === undefined && taken[0] !== undefined) taken[0].usedMs = 0;
      all.push({ phone: to, letter, sender, usedMs: nowMs, arrived: arrives });
      return `@${letter}=${sender} Hi`;
    },
    reaches(of: string, letter: string | undefined): string | number {
      const open = alive(of);
      const [only] = open;
      const meant =
        letter === undefined
          ? open.length === 1 && only
          : open.find((one) => one.letter === letter);
      if (meant === undefined || meant === false) return 0x66;
      meant.usedMs = nowMs;
      return `${meant.sender}: Yes`;
    },
  };
}

test("[C44] [C46a] [C46b] [C47] [X10] whatever is written and answered in whatever time, it is as the rules say", async () => {
  const phones = [phone, "+31612345679"];
  const step = fc.record({
    what: fc.constantFrom("write", "write", "answer", "answer to", "wait", "wait"),
    phone: fc.constantFrom(...phones),
    sender: fc.nat({ max: 29 }),
    letter: fc.constantFrom(...alphabet.slice(0, 8)),
    status: fc.constantFrom("SENT", "DELIVERED", "DELIVERED", "EXPIRED"),
    ms: fc.oneof(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: dialogMs / 4, max: dialogMs - 100 }),
      fc.integer({ min: 1, max: 2 * dialogMs }),
    ),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 30 })),
      fc.array(step, { minLength: 1, maxLength: 60, size: "max" }),
      async (senders, steps) => {
        forget();
        const model = createModel();
        // The letters of one phone are nearly all taken from the start where there are many senders.
        for (let at = 0; at < senders - 3; at += 1) {
          nowMs += 1;
          const expected = model.reads(`sender${at}`, phone, true);
          assert.equal(await reads(`sender${at}`, { status: "DELIVERED" }), expected);
        }
        for (const { what, phone: to, sender, letter, status, ms } of steps) {
          nowMs += what === "wait" ? ms : 1;
          if (what === "write") {
            const name = `sender${sender % senders}`;
            const expected = model.reads(name, to, status !== "EXPIRED");
            assert.equal(await reads(name, { to, status }), expected);
          } else if (what !== "wait") {
            const named = what === "answer" ? undefined : letter;
            const expected = model.reaches(to, named);
            assert.equal(
              await reaches(named === undefined ? "Yes" : `@${named}: Yes`, to),
              expected,
            );
          }
        }
      },
    ),
    { numRuns: 60, seed: 13 },
  );
});

test("messages of one phone that run at once each find what the others have kept", async () => {
  const senders = Array.from({ length: 20 }, (_, at) => `sender${at}`);
  const told = await Promise.all(
    senders.map(async (from, at) =>
      rehearsal.decide(messageRequest({ id: `at-once-${at}`, from, to: phone, text: "Hi" })),
    ),
  );
  const texts = told.map((ruling) =>
    ruling.verdict === "accept" ? (ruling.forwards[0]?.text ?? "") : ruling.verdict,
  );
  assert.equal(new Set(texts.map((text) => text.slice(0, 3))).size, senders.length);
  for (const [at, text] of texts.entries())
    assert.match(text, new RegExp(`^@[a-z]=sender${at} Hi$`));
});
