/** Which conditions an event meets, and what is no condition; the sandbox is not needed for it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { registrationsOf } from "../../src/trigger/registration.ts";
import type { EngineRequest } from "../../src/trigger/request.ts";
import { sieveOf } from "../../src/trigger/sieve.ts";
import {
  bindRequest,
  messageRequest,
  reportRequest,
  sentOf,
  sessionRequest,
  statusRequest,
} from "../support/run-trigger.ts";

/** As a script's runtime writes them. */
function register(conditions: object, event = "message"): ReturnType<typeof registrationsOf> {
  const asData = (_name: string, value: unknown): unknown =>
    value instanceof RegExp ? { regexp: value.source, flags: value.flags } : value;
  return registrationsOf(
    JSON.stringify([{ event, conditions, handler: "function", exported: "A" }], asData),
  );
}

function isMet(conditions: object, request: EngineRequest): boolean {
  const registrations = register(conditions, request.kind);
  if (typeof registrations === "string") assert.fail(registrations);
  const [registration] = registrations;
  assert.ok(registration !== undefined);
  return sieveOf([undefined, registration.conditions]).met(request).length > 0;
}

const faultOf = (conditions: object, event?: string): unknown => {
  const found = register(conditions, event);
  return typeof found === "string" ? found : "none";
};

test("a number is met exactly, by its beginning or by a range", () => {
  const to = (condition: unknown, number: string): boolean =>
    isMet({ to: condition }, messageRequest({ to: number }));
  assert.ok(to("+31612345678", "+31612345678"));
  assert.ok(!to("+31612345678", "+316123456789"));
  assert.ok(!to("+31612345678", "31612345678"));
  assert.ok(to("+31*", "+31"));
  assert.ok(to("+31*", "+31612345678"));
  assert.ok(!to("+31*", "+32612345678"));
  assert.ok(to("*", ""));
  assert.ok(to(["+32*", "1234"], "1234"));
  assert.ok(!to(["+32*", "1234"], "12345"));
  const range = "+31612340000-+31612349999";
  for (const [number, inside] of [
    ["+31612340000", true],
    ["+31612345678", true],
    ["+31612349999", true],
    ["+31612339999", false],
    ["+31612350000", false],
    ["+3161234000", false],
    ["+316123400000", false],
  ] as const)
    assert.equal(to(range, number), inside, number);
});

test("a range holds what lies between its ends, whatever they are", () => {
  for (const [low, high] of [
    [0, 999],
    [7, 7],
    [95, 105],
    [123, 877],
    [199, 200],
    [1, 998],
  ] as const) {
    const digits = (number: number): string => String(number).padStart(3, "0");
    const [registration] = register({ from: `${digits(low)}-${digits(high)}` });
    assert.ok(typeof registration === "object");
    const sieve = sieveOf([registration.conditions]);
    for (let number = 0; number <= 999; number++) {
      const met = sieve.met(messageRequest({ from: digits(number) })).length > 0;
      assert.equal(met, number >= low && number <= high, `${number} in ${low}-${high}`);
    }
  }
});

test("of a message to many, one number is enough", () => {
  const request = messageRequest({ to: "+32470000000" });
  assert.ok(request.kind === "message");
  const destinations = ["+32470000000", "+31612345678"];
  const many: EngineRequest = { kind: "message", event: { ...request.event, destinations } };
  assert.ok(isMet({ to: "+31*" }, many));
  assert.ok(isMet({ to: "+32*" }, many));
  assert.ok(!isMet({ to: "+33*" }, many));
});

test("a keyword is the first word, whatever its case, accents and alphabet are", () => {
  const says = (keyword: string | string[], text: string | undefined): boolean =>
    isMet({ text: { keyword } }, messageRequest({ text }));
  for (const text of [
    "STOP",
    "stop",
    " Stop all of it",
    "«Stop!»",
    "stop.",
    "ＳＴＯＰ",
    "\nstop\n",
  ])
    assert.ok(says("STOP", text), text);
  for (const text of ["STOPP", "please stop", "", "!?", "stop1", undefined])
    assert.ok(!says("STOP", text), String(text));
  assert.ok(says("ARRET", "Arrêt."));
  assert.ok(says("Arrêt", "ARRET"));
  assert.ok(says("СТОП", "Стоп, пожалуйста"));
  assert.ok(says("ΔΙΑΚΟΠΗ", "διακοπή"));
  assert.ok(says("ΟΔΟΣ", "οδος"));
  assert.ok(says("STRASSE", "Straße 1"));
  assert.ok(says("קף", "קָף"));
  assert.ok(says("قف", "قِفْ"));
  assert.ok(says("停止", "停止"));
  assert.ok(says("रोको", "रोको अब"));
  // Another vowel is another word.
  assert.ok(!says("कल", "कुल"));
  assert.ok(says(["STOP", "END"], "end"));
});

test("a beginning goes by the same letters, and a pattern by its own", () => {
  const says = (condition: object, text: string | undefined): boolean =>
    isMet({ text: condition }, messageRequest({ text }));
  assert.ok(says({ startsWith: "Réf " }, "  REF 12"));
  assert.ok(!says({ startsWith: "ref " }, "my ref 12"));
  assert.ok(says({ startsWith: ["x", "#"] }, "#1"));
  assert.ok(says({ matches: /\bcode[: ]*(\d{4,6})\b/i }, "Your CODE: 12345"));
  assert.ok(!says({ matches: /\bcode[: ]*(\d{4,6})\b/ }, "Your CODE: 12345"));
  assert.ok(says({ matches: [/^a$/, /^b$/] }, "b"));
  assert.ok(!says({ matches: /^/ }, undefined));
  // The first 2,000 characters are looked at.
  assert.ok(says({ matches: /end/ }, `${"x".repeat(1_997)}end`));
  assert.ok(!says({ matches: /end/ }, `${"x".repeat(1_998)}end`));
});

test("accounts, from and to are those of each kind of event", () => {
  assert.ok(isMet({ accounts: ["Test1"] }, bindRequest({ systemId: "Test1" })));
  assert.ok(!isMet({ accounts: ["Test1"] }, bindRequest({ systemId: "Test2" })));
  assert.ok(isMet({ accounts: ["Test1"] }, messageRequest()));
  assert.ok(!isMet({ accounts: ["Test1"] }, messageRequest({ origin: "provider" })));
  assert.ok(isMet({ accounts: ["Test1"] }, sessionRequest({ account: "Test1" })));
  assert.ok(!isMet({ accounts: ["Test1"] }, sessionRequest({ account: "Test2" })));
  // A report and a status belong to who sent the original.
  assert.ok(isMet({ accounts: ["Test1"] }, reportRequest()));
  assert.ok(!isMet({ accounts: ["Test1"] }, reportRequest({ sent: undefined })));
  assert.ok(isMet({ from: "+31600000002", to: "+31600000001" }, reportRequest()));
  assert.ok(isMet({ accounts: ["Test1"] }, statusRequest()));
  assert.ok(isMet({ to: "+41*" }, statusRequest({ sent: sentOf({ to: "+41790000000" }) })));
  assert.ok(!isMet({ to: "+31*" }, statusRequest({ sent: sentOf({ to: "+41790000000" }) })));
});

test("all conditions of a trigger must hold, and each trigger is found once and in its place", () => {
  const all = { from: "+316*", to: ["+31*", "+3160*"], accounts: ["Test1"] };
  const stop = { text: { keyword: "STOP" } };
  assert.ok(isMet({ ...all, ...stop }, messageRequest({ text: "stop" })));
  assert.ok(!isMet({ ...all, ...stop }, messageRequest({ text: "go" })));
  assert.ok(!isMet({ ...all, from: "+32*" }, messageRequest()));
  assert.ok(!isMet({ ...all, accounts: ["Test2"] }, messageRequest()));
  const conditions = [stop, all, { from: "+31*" }, { accounts: ["Test1"] }, { to: "+32*" }].map(
    (one) => {
      const [registration] = register(one);
      assert.ok(typeof registration === "object");
      return registration.conditions;
    },
  );
  assert.deepEqual(sieveOf(conditions).met(messageRequest({ text: "stop" })), [0, 1, 2, 3]);
  assert.deepEqual(sieveOf(conditions).met(messageRequest({ text: "go" })), [1, 2, 3]);
});

test("a wrong condition is a fault that names its place", () => {
  const list = "1-1000 numbers, as texts";
  assert.equal(faultOf({ to: 31 }), `to of A is neither a number nor a list of ${list}`);
  assert.equal(faultOf({ to: [] }), `to of A is neither a number nor a list of ${list}`);
  assert.equal(
    faultOf({ from: ["+31*", ""] }),
    `from of A is neither a number nor a list of ${list}`,
  );
  assert.equal(faultOf({ to: "+31*6" }), 'to of A is "+31*6"; * stands at the end');
  const length = "the two ends of a range have the same length";
  assert.equal(faultOf({ to: ["1", "+31-+3199"] }), `to[1] of A is "+31-+3199"; ${length}`);
  const order = "a range goes from the smaller to the larger number";
  assert.equal(faultOf({ to: "+3199-+3100" }), `to of A is "+3199-+3100"; ${order}`);
  assert.match(String(faultOf({ to: "9".repeat(65) })), /which is too long$/);
  assert.equal(faultOf({ accounts: "Test1" }), "accounts of A is not a list of 1-1000 names");
  const forms = "{ keyword: ... }, { startsWith: ... }, { matches: ... }";
  assert.equal(faultOf({ text: "STOP" }), `text of A is none of ${forms}`);
  assert.equal(faultOf({ text: /STOP/ }), `text of A is none of ${forms}`);
  assert.equal(
    faultOf({ text: { begins: "x" } }),
    "text of A has begins, which is unknown; there are keyword, startsWith, matches",
  );
  assert.equal(
    faultOf({ text: { keyword: "a", startsWith: "b" } }),
    "text of A has keyword and startsWith; it takes one of them",
  );
  const word = "which is not one word of letters and digits";
  assert.equal(
    faultOf({ text: { keyword: ["STOP", "STOP ALL"] } }),
    `text.keyword[1] of A is "STOP ALL", ${word}`,
  );
  assert.equal(faultOf({ text: { startsWith: "  " } }), "text.startsWith of A is empty");
  assert.equal(
    faultOf({ text: { matches: [/a/, /(?<=a)b/i] } }),
    "text.matches[1] of A is /(?<=a)b/i: (?<= is a look-behind, which no pattern here can do",
  );
  assert.equal(
    faultOf({ text: { matches: "STOP" } }),
    "text.matches of A is neither a pattern such as /stop/i nor a list of them",
  );
  const known = "there are accounts, channels, order, name, onFault";
  assert.equal(faultOf({ to: "1" }, "bind"), `the condition to is unknown for a bind; ${known}`);
  assert.match(String(faultOf({ text: { keyword: "a" } }, "report")), /^the condition text is/);
  assert.match(String(faultOf({}, "schedule")), /^cron of A is not there/);
  assert.equal(
    faultOf({ cron: "0 9 * *" }, "schedule"),
    'schedule of A: cron is "0 9 * *"; it has five fields: minute, hour, day of the month, month, day of the week',
  );
  assert.match(String(faultOf({ cron: "0 9 * * *", zone: 1 }, "schedule")), /^zone of A/);
  assert.match(
    String(faultOf({ cron: "0 9 * * *", channels: ["A"] }, "schedule")),
    /^the condition/,
  );
});
