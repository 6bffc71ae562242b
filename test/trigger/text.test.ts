/** What a script sees of the text of a message, and what it can ask about a text, in the real sandbox. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ruling } from "../../src/model/decision.ts";
import { measure } from "../../src/sms/measure.ts";
import type { measure as told } from "../../src/trigger/script/measure.ts";
import { type MessageParts, messageRequest, openScripts, script } from "../support/run-trigger.ts";

/** What authors are told of it is what it does. */
const asTold: typeof told = measure;

async function tracesOf(body: string, parts: MessageParts): Promise<string[]> {
  await using running = await openScripts({
    "a.ts": script(`export const A = onMessage({}, (m) => { ${body} m.accept(); });`),
  });
  return traced(await running.engine.decide(messageRequest(parts)));
}

function traced(ruling: Ruling): string[] {
  return ruling.ran.flatMap((one) => {
    if ("fault" in one) return [`${one.fault}: ${one.text}`];
    return one.actions.flatMap((action) => (action.do === "trace" ? [action.text] : []));
  });
}

test("a script sees every octet of a message, and what it does to its copy changes nothing", async () => {
  const octets = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
  const found = await tracesOf(
    `m.octets.fill(0); m.trace([...m.octets].join(" ")); m.trace(String(m.octets instanceof Uint8Array));`,
    { sms: { octets, dataCoding: 4 }, encoding: "binary", text: undefined },
  );
  assert.deepEqual(found, [[...octets].join(" "), "true"]);
});

test("a script sees the encoding, the part and the elements of the header", async () => {
  const octets = Buffer.from("0b000307030105040b8423f0deadbeef", "hex");
  const found = await tracesOf(
    `m.trace(JSON.stringify([m.encoding, m.part, m.headers.map(({ id, octets }) => [id, ...octets])]));`,
    {
      sms: { octets, dataCoding: 4, esmClass: 0x40 },
      encoding: "binary",
      part: { by: "udh8", reference: 7, number: 1, total: 3 },
      text: undefined,
    },
  );
  assert.deepEqual(JSON.parse(found[0] ?? ""), [
    "binary",
    { by: "udh8", reference: 7, number: 1, total: 3 },
    [
      [0, 7, 3, 1],
      [5, 11, 132, 35, 240],
    ],
  ]);
});

test("a message without a header, without a part, in an unknown coding has none of them", async () => {
  const found = await tracesOf(
    `m.trace(JSON.stringify([m.encoding ?? null, m.part ?? null, m.headers]));`,
    { sms: { dataCoding: 0x0d } },
  );
  assert.deepEqual(found, ["[null,null,[]]"]);
});

test("a header that is cut has no elements, and is no fault of the script", async () => {
  for (const hex of ["", "05", "0500037f", "0300", "ff00"]) {
    const sms = { octets: Buffer.from(hex, "hex"), esmClass: 0x40 };
    assert.deepEqual(await tracesOf(`m.trace(String(m.headers.length));`, { sms }), ["0"], hex);
  }
});

test("sms.measure tells parts, what is left, and what forces Unicode, without leaving the sandbox", async () => {
  const found = await tracesOf(
    `const of = (text, wishes) => { const { coding, parts, left, forcing } = sms.measure(text, wishes);
       return [coding, parts, left, forcing.map(({ character }) => character).join("")]; };
     m.trace(JSON.stringify([of("a".repeat(161)), of("€".repeat(80)), of("Привет"), of("It’s", { transliterate: true })]));`,
    {},
  );
  assert.deepEqual(JSON.parse(found[0] ?? ""), [
    ["gsm7", 2, 145, ""],
    ["gsm7", 1, 0, ""],
    ["ucs2", 1, 64, "Привет"],
    ["gsm7", 1, 156, ""],
  ]);
  assert.deepEqual(JSON.parse(found[0] ?? "")[1], [
    "gsm7",
    asTold("€".repeat(80)).parts,
    asTold("€".repeat(80)).left,
    "",
  ]);
});
