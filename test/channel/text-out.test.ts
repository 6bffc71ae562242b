// How the text of a script goes over the wire: its octets in each coding, and in parts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { channelSettings } from "../../src/channel/catalog.ts";
import type { Channel } from "../../src/channel/channel.ts";
import type { Message, Sms } from "../../src/model/message.ts";
import { smsOf } from "../../src/simulator/written.ts";
import { type Smsc, startSmsc } from "../../src/simulator/smsc.ts";
import { decode } from "../../src/sms/data-coding.ts";
import { openTestChannel } from "./host.ts";
import { outgoing } from "./messages.ts";

const host = "127.0.0.1";

/** A message whose text a script wrote. */
function written(text: string, sms: Partial<Sms> = {}, id?: string): Message {
  const empty = { ...smsOf({ from: "+15550001111", to: "+15552223333", text: "" }), ...sms };
  const message = outgoing({ sms: { ...empty, octets: Buffer.alloc(0), text } });
  return id === undefined ? message : { ...message, id };
}

/** What a provider gets of this message over a channel with these settings. */
async function sentWith(
  settings: Readonly<Record<string, unknown>>,
  message: Message,
): Promise<readonly Sms[]> {
  await using smsc = await startSmsc({ host, port: 0 });
  await using ours = await open(smsc, settings);
  await ours.room();
  const { requests } = requestsOf(ours.channel, message);
  await Promise.all(
    requests.map((request) => {
      const { promise, resolve } = Promise.withResolvers<unknown>();
      ours.channel.send(message, request, resolve);
      return promise;
    }),
  );
  return (await smsc.received(requests.length)).map(({ sms }) => sms);
}

function open(smsc: Smsc, settings: Readonly<Record<string, unknown>>) {
  const { port } = smsc;
  return openTestChannel({
    type: "smpp-client",
    host,
    port,
    systemId: "a",
    password: "b",
    ...settings,
  });
}

function requestsOf(channel: Channel, message: Message) {
  const wire = channel.write(message);
  assert.ok("requests" in wire, JSON.stringify(wire));
  return wire;
}

const CODED = [
  ["gsm7 of itself", {}, "@£€", 0x00, "00011b65"],
  ["[C33] what the preferred cannot say", {}, "Ж", 0x08, "0416"],
  ["latin1", { encodings: ["latin1"] }, "ê", 0x03, "ea"],
  ["the second of the preferred", { encodings: ["gsm7", "latin1"] }, "ê", 0x03, "ea"],
  ["ascii", { encodings: ["ascii"] }, "$", 0x01, "24"],
  ["cyrillic", { encodings: ["cyrillic"] }, "Ж", 0x06, "b6"],
  ["hebrew", { encodings: ["hebrew"] }, "א", 0x07, "e0"],
  ["ucs2 always", { encodings: ["ucs2"] }, "A🌍", 0x08, "0041d83cdf0d"],
  ["a default alphabet of latin1", { defaultAlphabet: "latin1" }, "ê€"[0], 0x00, "ea"],
  ["packed", { defaultAlphabet: "gsm7-packed" }, "hello", 0x00, "e8329bfd06"],
  [
    "a number of the vendor's",
    { codings: { "0xF5": "utf8" }, encodings: ["utf8"] },
    "ê",
    0xf5,
    "c3aa",
  ],
  ["typographic quotes", { transliterate: true }, "“a”", 0x00, "226122"],
] as const;

for (const [name, settings, text, dataCoding, hex] of CODED)
  test(`[W07] [Y31] ${name}: data_coding and octets on the wire`, async () => {
    const [sms, ...others] = await sentWith(settings, written(text ?? ""));
    assert.deepEqual(others, []);
    assert.equal(sms?.dataCoding, dataCoding);
    assert.equal(sms.octets.toString("hex"), hex);
    assert.equal(sms.esmClass, 0);
  });

const ASKED = [
  [{}, 0x03, "ê", "ea"],
  [{}, 0x08, "A", "0041"],
  [{ encodings: ["ucs2"] }, 0xf1, "@", "00"],
  [{ codings: { "0xF5": "utf8" } }, 0xf5, "ê", "c3aa"],
  [{ transliterate: true }, 0x01, "“a”", "226122"],
] as const;

test("[W07] a text goes in the data_coding that a script has named, by what that means on the channel", async () => {
  for (const [settings, dataCoding, text, hex] of ASKED) {
    const [sms] = await sentWith(settings, written(text, { dataCoding, codingAsked: true }));
    assert.deepEqual([sms?.dataCoding, sms?.octets.toString("hex")], [dataCoding, hex]);
  }
  const all = await sentWith({}, written(long, { dataCoding: 0x08, codingAsked: true }));
  assert.deepEqual([...new Set(all.map(({ dataCoding }) => dataCoding))], [0x08]);
  assert.equal(all.map(({ octets }) => decode(octets, 0x08, true)).join(""), long);
});

test("[W07] a text that the data_coding a script has named cannot hold is not sent", async () => {
  await using smsc = await startSmsc({ host, port: 0 });
  await using ours = await open(smsc, { defaultAlphabet: "gsm7-packed" });
  for (const [dataCoding, text, coding] of [
    [0x03, "Ж", "latin1"],
    [0x03, "Ж".repeat(2_000), "latin1"],
    [0xf1, "Ж", "gsm7"],
    [0x00, "Ж", "gsm7-packed"],
    [0x04, "A", "binary"],
    [0x05, "A", "which is not written here"],
  ] as const)
    assert.deepEqual(ours.channel.write(written(text, { dataCoding, codingAsked: true })), {
      code: "bad_data_coding",
      text: `data_coding ${dataCoding} (${coding}) cannot hold the text`,
    });
  const { requests } = requestsOf(ours.channel, written("Ж", { dataCoding: 0x03 }));
  assert.equal(requests[0]?.dataCoding, 0x08, "that it came in another one binds nobody");
});

/** 3 parts of 153; the escape pair of `€` would stand across the first boundary. */
const long = `${"a".repeat(152)}€${"b".repeat(250)}`;

for (const [split, header] of [
  ["udh8", /^050003..03(01|02|03)$/],
  ["udh16", /^060804....03(01|02|03)$/],
] as const)
  test(`[I18] [I21] ${split}: three parts, each with its header, and no escape pair is cut`, async () => {
    const parts = await sentWith({ split }, written(long));
    assert.equal(parts.length, 3);
    for (const { octets, esmClass } of parts) {
      assert.equal(esmClass & 0x40, 0x40);
      assert.match(octets.subarray(0, 1 + (octets[0] ?? 0)).toString("hex"), header);
    }
    assert.equal(parts.map(({ octets }) => decode(octets, 0, true)).join(""), long);
  });

test("sar: three parts joined by the TLVs, without a header", async () => {
  const old = { tag: 0x020e, octets: Buffer.of(9) };
  const parts = await sentWith({ split: "sar" }, written(long, { tlvs: [old], esmClass: 0x40 }));
  assert.equal(parts.map(({ octets }) => decode(octets, 0, false)).join(""), long);
  for (const [at, { tlvs, esmClass }] of parts.entries()) {
    assert.equal(esmClass, 0);
    assert.deepEqual(
      tlvs.map(({ tag }) => tag),
      [0x020c, 0x020e, 0x020f],
    );
    assert.deepEqual([tlvs[1]?.octets[0], tlvs[2]?.octets[0]], [3, at + 1]);
  }
});

test("payload: whole as message_payload, also where short_message would have held its octets", async () => {
  await using smsc = await startSmsc({ host, port: 0 });
  await using ours = await open(smsc, { split: "payload" });
  for (const text of [long, "c".repeat(161), "Ж".repeat(71)]) {
    const { requests } = requestsOf(ours.channel, written(text));
    assert.deepEqual(
      requests.map(({ octets, tlvs }) => [octets.length, tlvs.map(({ tag }) => tag)]),
      [[0, [0x0424]]],
    );
    const [sms] = await sentWith({ split: "payload" }, written(text));
    assert.equal(decode(sms?.octets ?? Buffer.alloc(0), sms?.dataCoding ?? -1, false), text);
  }
  const { requests } = requestsOf(ours.channel, written("c".repeat(160)));
  assert.deepEqual([requests[0]?.octets.length, requests[0]?.tlvs], [160, []]);
});

for (const [most, settings] of [
  [1, { split: "none" }],
  [2, { maxParts: 2 }],
  [2, { maxParts: 2, split: "payload" }],
] as const)
  test(`a text of three parts is message_too_long with ${JSON.stringify(settings)}`, async () => {
    await using smsc = await startSmsc({ host, port: 0 });
    await using ours = await open(smsc, settings);
    assert.deepEqual(ours.channel.write(written(long)), {
      code: "message_too_long",
      text: `3 parts, ${most} at most`,
    });
    assert.equal(requestsOf(ours.channel, written("short")).requests.length, 1);
  });

test("the reference is the message's own: the same again, another for another message or another way", async () => {
  await using smsc = await startSmsc({ host, port: 0 });
  await using ours = await open(smsc, { split: "udh16" });
  await using again = await open(smsc, { split: "udh16" });
  await using other = await open(smsc, { split: "udh16", encodings: ["ucs2"], maxParts: 20 });
  const message = written(long);
  const { reference, requests } = requestsOf(ours.channel, message);
  assert.deepEqual(requestsOf(again.channel, message), { reference, requests });
  assert.equal(requests[0]?.octets.readUInt16BE(3), reference);
  assert.notEqual(requestsOf(other.channel, message).reference, reference);
  const ids = Array.from({ length: 2_000 }, (_, n) =>
    message.id.replace(/.{4}$/, String(n + 1e4).slice(1)),
  );
  const low = ids.map((id) => requestsOf(ours.channel, { ...message, id }).reference & 0xff);
  // The 8 bits of a short reference are spread evenly: 256 values, about 8 of each.
  const counts = [...Map.groupBy(low, (one) => one).values()].map((some) => some.length);
  assert.ok(
    counts.length > 250 && Math.max(...counts) < 30,
    `${counts.length}, ${Math.max(...counts)}`,
  );
});

test("[Y31] what came over a wire keeps its octets, however long and strange they are", async () => {
  for (const sms of [
    { octets: Buffer.alloc(300, 7), dataCoding: 0x04, esmClass: 0x40 },
    { octets: Buffer.from("050003050201ff", "hex"), dataCoding: 0x0d, esmClass: 0x43 },
  ]) {
    const message = outgoing({
      sms: { ...smsOf({ from: "+1555", to: "+1666", text: "" }), ...sms },
    });
    const [got, ...others] = await sentWith({ split: "udh16", encodings: ["latin1"] }, message);
    assert.deepEqual(others, []);
    assert.deepEqual({ ...got }, { ...message.sms });
  }
});

test("a flash message stays one in another coding; UCS-2 of the sender does not hold for a new text", async () => {
  const [flash] = await sentWith({}, written("Ж", { dataCoding: 0x10 }));
  assert.equal(flash?.dataCoding, 0x18);
  const [plain] = await sentWith({}, written("plain", { dataCoding: 0x08, esmClass: 0x40 }));
  assert.deepEqual([plain?.dataCoding, plain?.esmClass], [0, 0]);
});

test("national tables are used only where they are allowed", async () => {
  const [as] = await sentWith({ languages: ["turkish"] }, written("ığ"));
  assert.equal(as?.dataCoding, 0);
  assert.equal(decode(as.octets, 0, true), "ığ");
  const [unicode] = await sentWith({}, written("ığ"));
  assert.equal(unicode?.dataCoding, 8);
});

test("settings that would make text unreadable are refused", () => {
  const base = { type: "smpp-client", host, systemId: "a", password: "b" };
  for (const [settings, words] of [
    [{ codings: { "8": "latin1" } }, /UCS-2 everywhere/],
    [{ codings: { "0x00": "latin1" } }, /defaultAlphabet/],
    [{ codings: { "300": "latin1" } }, /0 to 255/],
    [{ maxParts: 256 }, /255/],
    [{ version: "3.3", split: "sar" }, /3\.3/],
    [{ version: "3.3", split: "payload" }, /3\.3/],
  ] as const) {
    const { error } = channelSettings.safeParse({ ...base, ...settings });
    assert.match(error?.message ?? "", words, JSON.stringify(settings));
  }
});
