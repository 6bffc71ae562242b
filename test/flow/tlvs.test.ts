/** Optional parameters on their way through: what comes in, what triggers see and set, what goes out. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Sms, Tlv } from "../../src/model/message.ts";
import { connectEsme } from "../../src/simulator/esme.ts";
import { smsOf } from "../../src/simulator/written.ts";
import { type TestGateway, startGateway } from "../support/gateway.ts";
import { type Provider, startProvider } from "../support/provider.ts";

const to = "+31612345678";
const from = "+31201234567";

let provider: Provider;
let gateway: TestGateway;

before(async () => {
  provider = await startProvider();
  const client = { type: "smpp-client", host: "127.0.0.1", port: provider.port, password: "x" };
  gateway = await startGateway({
    channels: {
      SMPP_SERVER1: {
        onUnhandled: "reject",
        tlvs: [
          { name: "billingCode", tag: 0x1401, type: "string", octetsMax: 8 },
          { name: "network", tag: 0x1402, type: "int32" },
        ],
      },
      SMPP1: {
        port: provider.port,
        tlvs: [
          { name: "billingCode", tag: 0x1501, type: "cstring", octetsMax: 20 },
          { name: "mccmnc", tag: 0x1502, type: "string" },
        ],
      },
      OLD: { ...client, systemId: "old", version: "3.3" },
      BARE: { ...client, systemId: "bare", passTlvs: "none" },
    },
    triggers: {
      "all.ts": `
        import { onBind, onMessage, onReport, onStatus } from "signalbox";
        export const BIND = onBind({}, (b) => b.accept());
        export const OUT = onMessage({ channels: ["SMPP_SERVER1"] }, (m) => {
          m.accept();
          const code = m.tlvs.get("billingCode");
          if (m.text === "plain") m.forward({ channel: "SMPP1" });
          if (m.text === "bill")
            m.forward({ channel: "SMPP1", tlvs: { billingCode: code + "!", "0x1401": null } });
          if (m.text === "old") m.forward({ channel: "OLD", tlvs: { user_message_reference: 1 } });
          if (m.text === "bare") m.forward({ channel: "BARE", tlvs: { user_message_reference: 1 } });
          if (m.text === "wrong") m.forward({ channel: "SMPP1", tlvs: { mccmnc: 5 } });
        });
        export const IN = onMessage({ channels: ["SMPP1"] }, (m) => {
          m.forward({ channel: "SMPP_SERVER1", account: "Test1" });
        });
        export const REPORT = onReport({}, (r) => r.apply());
        export const STATUS = onStatus({}, (m) => {
          const network = m.report?.tlvs.get("mccmnc");
          m.root?.report({ tlvs: {
            network: Number(network),
            user_message_reference: m.root.tlvs.get("user_message_reference") ?? null,
          } });
        });`,
    },
  });
  for (const systemId of ["signalbox", "old", "bare"]) await provider.bound(systemId);
});
after(async () => {
  await gateway[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
});

const customer = () =>
  connectEsme({ host: "127.0.0.1", port: gateway.port, systemId: "Test1", password: "Pwd1" });

const tlv = (tag: number, text: string): Tlv => ({ tag, octets: Buffer.from(text, "latin1") });

/** A reference, one that nobody knows, twice, and the billing code between them. */
const came = [
  tlv(0x0204, "\0\x07"),
  tlv(0x1555, "a"),
  tlv(0x1401, "B1"),
  tlv(0x1555, ""),
  tlv(0x3fff, "\xff\0"),
];

const written = (text: string, more: Partial<Sms> = {}): Sms => ({
  ...smsOf({ from, to, text }),
  tlvs: came,
  ...more,
});

test("[W05] [W13] parameters go through unharmed both ways, unknown ones and repeats in their order", async () => {
  await using esme = await customer();
  const answer = esme.submit(written("plain"));
  const taken = await provider.next();
  assert.deepEqual(taken.sms.tlvs, came);
  taken.answer("p-1");
  assert.equal((await answer).status, 0);
  assert.equal(await provider.deliver(written("hello"), "signalbox"), 0);
  const [delivered] = await esme.delivered(1);
  assert.deepEqual(delivered?.sms.tlvs, came);
});

test("[W04] [W05] a script reads a billing code by its name and sets it as the other provider calls it", async () => {
  await using esme = await customer();
  const answer = esme.submit(written("bill"));
  const taken = await provider.next();
  const others = came.filter(({ tag }) => tag !== 0x1401);
  assert.deepEqual(taken.sms.tlvs, [...others, tlv(0x1501, "B1!\0")]);
  taken.answer("p-2");
  assert.equal((await answer).status, 0);
});

test("[W05] [Y02] a provider of version 3.3 gets none at all; passTlvs none lets only a script's own through", async () => {
  await using esme = await customer();
  const old = esme.submit(written("old"));
  const toOld = await provider.next();
  assert.deepEqual([toOld.systemId, toOld.sms.tlvs], ["old", []]);
  toOld.answer("p-3");
  assert.equal((await old).status, 0);
  const bare = esme.submit(written("bare"));
  const toBare = await provider.next();
  assert.deepEqual([toBare.systemId, toBare.sms.tlvs], ["bare", [tlv(0x0204, "\0\x01")]]);
  toBare.answer("p-4");
  assert.equal((await bare).status, 0);
});

test("[W04] [W13] a provider's own word in a report reaches the customer under the name of his channel", async () => {
  await using esme = await customer();
  const answer = esme.submit(written("plain", { registeredDelivery: 1 }));
  (await provider.next()).answer("p-5");
  assert.equal((await answer).status, 0);
  const text =
    "id:p-5 sub:001 dlvrd:001 submit date:2608010000 done date:2608010000 stat:DELIVRD err:000 text:";
  const receipt = {
    ...smsOf({ from: to, to: from, text }),
    esmClass: 0x04,
    tlvs: [tlv(0x001e, "p-5\0"), tlv(0x1502, "20404")],
  };
  assert.equal(await provider.deliver(receipt, "signalbox"), 0);
  const [told] = await esme.delivered(1);
  assert.equal(told?.receipt?.status, "DELIVERED");
  const own = told.sms.tlvs.filter(({ tag }) => tag === 0x0204 || tag >= 0x1400);
  assert.deepEqual(own, [tlv(0x1402, "\0\0\x4f\xb4"), tlv(0x0204, "\0\x07")]);
});

test("[W05] a value that the channel has no room for is the script's fault: 0x08, and the trace says why", async () => {
  await using esme = await customer();
  assert.equal((await esme.submit(written("wrong"))).status, 0x08);
  const [row] = await gateway.running.store.messages.list({
    all: false,
    limit: 1,
    status: "FAILED",
  });
  const why = row?.message.log.at(-1)?.facts["reason"];
  assert.equal(why, "forward to SMPP1: mccmnc takes a text of Latin-1 characters");
});
