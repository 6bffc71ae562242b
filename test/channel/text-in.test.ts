// A provider brings a text in each coding: what the client channel tells the gateway that it says.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startSmsc } from "../../src/simulator/smsc.ts";
import { smsOf } from "../../src/simulator/written.ts";
import { fillBitsBehind, pack } from "../../src/sms/packed.ts";
import { toGsm7 } from "../../src/sms/gsm7.ts";
import { openTestChannel } from "./host.ts";

const host = "127.0.0.1";
const text = "Hello, 5 @ home";

/** Part 1 of 1, so that a header stands before the text (3GPP TS 23.040 §9.2.3.24.1). */
const header = Buffer.from("050003070101", "hex");

const packedBehind = (before: Buffer): Buffer =>
  Buffer.concat([before, pack(toGsm7(text) ?? Buffer.alloc(0), fillBitsBehind(before.length))]);

const FORMS = [
  ["packed septets", { defaultAlphabet: "gsm7-packed" }, 0, 0, packedBehind(Buffer.alloc(0))],
  [
    "packed septets behind a header",
    { defaultAlphabet: "gsm7-packed" },
    0,
    0x40,
    packedBehind(header),
  ],
  ["ASCII", {}, 1, 0, Buffer.from(text, "latin1")],
  ["UTF-8", { codings: { "0xF5": "utf8" } }, 0xf5, 0, Buffer.from(text, "utf8")],
] as const;

for (const [name, settings, dataCoding, esmClass, octets] of FORMS)
  test(`[Y30] a text in ${name} is the same text for the triggers, and keeps its octets`, async () => {
    await using smsc = await startSmsc({ host, port: 0 });
    await using ours = await openTestChannel({
      type: "smpp-client",
      host,
      port: smsc.port,
      systemId: "us",
      password: "x",
      ...settings,
    });
    await ours.room();
    const sms = smsOf({ from: "+15552223333", to: "+15550001111", text: "" });
    await smsc.inject({ ...sms, dataCoding, esmClass, octets });
    const [event] = ours.events.message;
    assert.equal(event?.text, text);
    assert.deepEqual(event.message.sms?.octets, octets);
  });
