// What conditions cost that are looked at outside the sandbox: a message past a hundred triggers whose
// conditions it does not meet, by their kind; on the main thread, without an engine around it.
// `npm run bench conditions short` takes a twentieth of the messages.
import { argv, stdout } from "node:process";
import { eventConditionsOf } from "../src/trigger/conditions.ts";
import { sieveOf } from "../src/trigger/sieve.ts";
import { messageRequest } from "../test/support/run-trigger.ts";
import { machine } from "./machine.ts";

/** Triggers of each kind. */
const triggers = 100;

const messages = 1_000_000;

/** One condition for each trigger; the message meets none of them. */
const KINDS: Readonly<Record<string, (n: number) => Record<string, unknown>>> = {
  "beginnings of numbers": (n) => ({ to: `+49${n}*` }),
  "ranges of numbers": (n) => ({ to: `+4915${n}0000000-+4915${n}5499999` }),
  "100 numbers each": (n) => ({
    to: Array.from({ length: 100 }, (_, m) => `+49${n}55512${m}`),
  }),
  accounts: (n) => ({ accounts: [`Nobody${n}`] }),
  "first words": (n) => ({ text: { keyword: `WORD${n}` } }),
  "beginnings of texts": (n) => ({ text: { startsWith: `Word${n}` } }),
  "patterns that begin with a letter": (n) => ({ text: { matches: pattern(n, "") } }),
  "patterns without case": (n) => ({ text: { matches: pattern(n, "i") } }),
};

const texts = [
  "Hello, your parcel will come today between two and four. Reply to this text to change it.",
  "Ваш заказ готов, его можно забрать до восьми часов вечера.",
];

/** Prints a table; false when a message met a condition. */
export async function triggerConditions(): Promise<boolean> {
  const count = messages / (argv[3] === "short" ? 20 : 1);
  const requests = Array.from({ length: 1_000 }, (_, n) => {
    const to = `+316${String(n * 7_919).padStart(8, "0")}`;
    return messageRequest({ to, text: texts[n % texts.length] });
  });
  stdout.write(
    `${JSON.stringify(machine())}\n${triggers} triggers, ${count} messages that meet no condition\n\n`,
  );
  let isRight = true;
  for (const [name, conditionOf] of Object.entries(KINDS)) {
    const conditions = Array.from({ length: triggers }, (_, n) => {
      const found = eventConditionsOf(conditionOf(n), `T${n}`);
      if (typeof found === "string") throw new Error(found);
      return found;
    });
    const sieve = sieveOf(conditions);
    for (const request of requests) isRight &&= sieve.met(request).length === 0;
    // What takes longer needs fewer to be measured.
    const rounds = name.startsWith("patterns") ? count / 50 : count;
    const before = process.cpuUsage();
    for (let n = 0; n < rounds; n++) {
      const request = requests[n % requests.length];
      if (request !== undefined) sieve.met(request);
    }
    const { user, system } = process.cpuUsage(before);
    const us = (user + system) / rounds;
    stdout.write(`${name.padEnd(36)}${us.toFixed(2).padStart(8)} µs of processor a message\n`);
  }
  return isRight;
}

/** As it crosses out of an isolate. */
function pattern(n: number, flags: string): object {
  return { regexp: `\\bcode[: ]*${n}\\b`, flags };
}
