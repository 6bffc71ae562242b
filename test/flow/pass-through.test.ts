/**
 * What a script does not change goes through the whole gateway octet for octet: random data_coding,
 * esm_class, headers and optional parameters, both ways, over real sockets and a real database.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Sms } from "../../src/model/message.ts";
import { connectEsme } from "../../src/simulator/esme.ts";
import { smsOf } from "../../src/simulator/written.ts";
import { startGateway } from "../support/gateway.ts";

const messagesPerWay = 150;

const FREE = {
  "bind.ts": `import { onBind } from "signalbox";
    export const BIND = onBind({}, (bind) => bind.accept({ account: bind.systemId }));`,
  "free.ts": `import { onMessage } from "signalbox";
    export const OUT = onMessage({ channels: ["SMPP_SERVER1"] }, (m) => { m.accept(); m.forward({ channel: "SMPP1" }); });
    export const IN = onMessage({ channels: ["SMPP1"] }, (m) => m.forward({ channel: "SMPP_SERVER1", account: "Test1" }));`,
};

const octets = (maxLength: number) =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes));

const element = fc.tuple(fc.nat({ max: 255 }), octets(8));

/** Headers as they should be, joined or with ports or of ids that nobody knows, and such as are cut. */
const header = fc.oneof(
  fc.array(element, { maxLength: 4 }).map((elements) => {
    const body = elements.flatMap(([id, value]) => [Buffer.of(id, value.length), value]);
    const all = Buffer.concat(body);
    return Buffer.concat([Buffer.of(all.length), all]);
  }),
  // Its elements are cut, but it is there: one that is not is refused (0x43).
  fc
    .uint8Array({ minLength: 1, maxLength: 12 })
    .map((bytes) => Buffer.concat([Buffer.of(bytes.length), bytes])),
);

/** As long as SMPP v3.4 §5.3.2 says: user_message_reference and what speaks of parts. */
const standard = fc.constantFrom([0x0204, 2], [0x020c, 2], [0x020e, 1], [0x020f, 1]);

/** A vendor's own, of any length, and some that are known. */
const tlv = fc.oneof(
  fc.tuple(fc.integer({ min: 0x1400, max: 0x3fff }), octets(20)).map(([tag, value]) => ({
    tag,
    octets: value,
  })),
  standard.chain(([tag = 0, length = 0]) =>
    fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((bytes) => ({ tag, octets: Buffer.from(bytes) })),
  ),
);

const content = fc.record({
  dataCoding: fc.nat({ max: 255 }),
  protocolId: fc.nat({ max: 255 }),
  priority: fc.nat({ max: 3 }),
  serviceType: fc.constantFrom("", "CMT", "WAP"),
  udh: fc.option(header, { nil: undefined }),
  // Reply path (SMPP v3.4 §5.2.12); the bits of receipts are for reports.
  replyPath: fc.boolean(),
  body: fc.oneof(octets(140), octets(600)),
  tlvs: fc.array(tlv, { maxLength: 3 }),
});

/** The sender tells one from another, because a sink may get them in another order than they were made. */
function messages(): Sms[] {
  const base = smsOf({ from: "+31201234567", to: "+31201234567", text: "" });
  const seed = Number(process.env["SEED"] ?? 20_261_121);
  return fc.sample(content, { numRuns: messagesPerWay, seed }).map((one, at) => {
    const { udh, body, replyPath, ...rest } = one;
    const all = udh === undefined ? body : Buffer.concat([udh, body]);
    return {
      ...base,
      ...rest,
      from: { ton: 1, npi: 1, digits: String(31_600_000_000 + at) },
      esmClass: (udh === undefined ? 0 : 0x40) | (replyPath ? 0x80 : 0),
      registeredDelivery: 0,
      octets: all,
    };
  });
}

const bySender = (all: readonly Sms[]) =>
  all.toSorted((one, other) => Number(one.from.digits) - Number(other.from.digits));

for (const join of [false, true])
  test(`[A51] octets, header, coding and parameters come out as they went in, from customer and provider${join ? ", also where parts are joined and these are none" : ""}`, async () => {
    await using gateway = await startGateway({
      triggers: FREE,
      channels: { SMPP_SERVER1: { join, onUnhandled: "reject" }, SMPP1: { join } },
    });
    const { port } = gateway;
    const options = { host: "127.0.0.1", port, systemId: "Test1", password: "Pwd1" };
    await using esme = await connectEsme(options);
    const sent = join ? messages().filter(isNoPart) : messages();
    const answers = await Promise.all(sent.map((sms) => esme.submit(sms)));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [0]);
    const taken = await gateway.provider.received(sent.length);
    assert.deepEqual(bySender(taken.map(({ sms }) => sms)), sent);
    await Promise.all(sent.map((sms) => gateway.provider.inject(sms)));
    const delivered = await esme.delivered(sent.length);
    assert.deepEqual(bySender(delivered.map(({ sms }) => sms)), sent);
  });

/** Neither in its header nor in its parameters is anything that could speak of parts. */
function isNoPart({ tlvs, octets: all, esmClass }: Sms): boolean {
  const hasUdh = (esmClass & 0x40) !== 0;
  return (
    tlvs.every(({ tag }) => tag >= 0x1400 || tag === 0x0204) && !(hasUdh && all.includes(0x03))
  );
}
