/** Optional parameters go into the sandbox and come out of it, each by its type. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { NamedTlv, TlvWishes } from "../../src/model/tlv.ts";
import type { EngineRequest } from "../../src/trigger/request.ts";
import {
  type RunningScripts,
  deliveredReport,
  messageRequest,
  openScripts,
  reportRequest,
  sentOf,
  statusRequest,
} from "../support/run-trigger.ts";

let scripts: RunningScripts;
before(async () => {
  scripts = await openScripts({
    "tlvs.ts": `
      import { onMessage, onReport, onStatus } from "signalbox";
      const shown = (tlvs) => JSON.stringify([...tlvs].map(({ tag, name, value, octets }) =>
        [tag, name ?? null, value instanceof Uint8Array ? [...value] : value ?? null, octets.length]));
      export const A = onMessage({ channels: ["READS"] }, (m) => {
        m.trace(shown(m.tlvs));
        m.trace(JSON.stringify([
          m.tlvs.size, m.tlvs.get("user_message_reference"), m.tlvs.get("billingCode"),
          [...m.tlvs.get(0x1555)], m.tlvs.getAll(0x1555).length, m.tlvs.get("nobody") ?? null,
          m.tlvs.get("source_port") ?? null,
        ]));
        m.accept();
      });
      export const B = onMessage({ channels: ["SETS"], order: 1 }, (m) => {
        m.forward({ channel: "SMPP1", tlvs: {
          user_message_reference: 7, billingCode: "A1", "0x1500": Uint8Array.of(0, 255),
          callback_num: [Uint8Array.of(1, 2, 3, 4), Uint8Array.of(5, 6, 7, 8)], note: null,
        } });
        m.accept();
      });
      export const C = onMessage({ channels: ["SETS"], order: 2 }, (m, { messages }) => {
        const [one] = m.decided[0].actions;
        const [first] = one.tlvs["0x1500"];
        m.trace([one.tlvs.user_message_reference[0], first.length, one.tlvs.note].join());
        messages.send({ channel: "SMPP1", from: "+1", to: "+2", text: "x", tlvs: { billingCode: "S" } });
      });
      export const D = onMessage({ channels: ["WRONG"] }, (m) => {
        m.accept();
        m.forward({ channel: "SMPP1", tlvs: { billingCode: { no: 1 } as never } });
      });
      export const R = onReport({ channels: ["READS"] }, (r) => r.trace(shown(r.tlvs)));
      export const S = onStatus({ channels: ["READS"] }, (m) => {
        m.trace(shown(m.report!.tlvs) + shown(m.root!.tlvs));
        m.root?.report({ tlvs: { message_state: 5 } });
      });`,
  });
});
after(() => scripts[Symbol.asyncDispose]());

const came: readonly NamedTlv[] = [
  [0x1555, null, "octets", "\u00ff\0"],
  [0x0204, "user_message_reference", "int16", "\x01\x02"],
  [0x1401, "billingCode", "cstring", "ABC\0"],
  [0x1555, null, "octets", "x"],
  [0x020a, "source_port", "int16", ""],
];

function messageOn(channel: string, tlvs: readonly NamedTlv[] = []): EngineRequest {
  const request = messageRequest({ channel });
  if (request.kind !== "message") throw new Error("it is a message");
  return { kind: "message", event: { ...request.event, ...(tlvs.length > 0 && { tlvs }) } };
}

async function actions(request: EngineRequest) {
  const ruling = await scripts.engine.decide(request);
  assert.equal(ruling.verdict, "accept", JSON.stringify(ruling));
  return ruling.ran.flatMap((one) => ("actions" in one ? one.actions : []));
}

const traced = async (request: EngineRequest): Promise<readonly string[]> =>
  (await actions(request)).flatMap((one) => (one.do === "trace" ? [one.text] : []));

test("[W13] [W05] a script reads parameters by name, by the channel's own names and by tag, repeats in order", async () => {
  const [all = "", some] = await traced(messageOn("READS", came));
  assert.deepEqual(JSON.parse(all), [
    [0x1555, null, [255, 0], 2],
    [0x0204, "user_message_reference", 258, 2],
    [0x1401, "billingCode", "ABC", 4],
    [0x1555, null, [120], 1],
    [0x020a, "source_port", null, 0],
  ]);
  assert.equal(some, JSON.stringify([5, 258, "ABC", [255, 0], 2, null, null]));
});

test("[W04] what a script wants is told by name and value, also to the triggers after it", async () => {
  const done = await actions(messageOn("SETS"));
  const wanted = done.flatMap((one) => (one.do === "forward" ? [one.tlvs] : []));
  const wishes: TlvWishes = {
    user_message_reference: [7],
    billingCode: ["A1"],
    "0x1500": [Buffer.of(0, 255)],
    callback_num: [Buffer.of(1, 2, 3, 4), Buffer.of(5, 6, 7, 8)],
    note: null,
  };
  assert.deepEqual(wanted, [wishes]);
  assert.deepEqual(
    done.flatMap((one) => (one.do === "trace" ? [one.text] : [])),
    ["7,2,"],
  );
  assert.deepEqual(
    done.flatMap((one) => (one.do === "send" ? [one.tlvs] : [])),
    [{ billingCode: ["S"] }],
  );
});

test("a wish of no possible form is the trigger's fault", async () => {
  const ruling = await scripts.engine.decide(messageOn("WRONG"));
  assert.equal(ruling.verdict, "undecided");
  assert.match(ruling.text, /forward takes tlvs that are numbers, texts, Uint8Arrays/);
});

test("[W13] a report shows what its provider says besides, a status that and what the original had", async () => {
  const tlvs: readonly NamedTlv[] = [[0x1403, "mccmnc", "string", "20404"]];
  const report = { ...deliveredReport, tlvs };
  const mccmnc = '[[5123,"mccmnc","20404",5]]';
  assert.deepEqual(await traced(reportRequest({ channel: "READS", report })), [mccmnc]);
  const { message, original } = sentOf({ channel: "READS" });
  const octets = Buffer.of(0, 9);
  const sms = original.sms && { ...original.sms, tlvs: [{ tag: 0x0204, octets }] };
  const sent = { message, original: { ...original, sms } };
  const [trace, told] = await actions(statusRequest({ sent, report }));
  const text = `${mccmnc}[[516,"user_message_reference",9,2]]`;
  assert.deepEqual(trace, { do: "trace", text });
  assert.deepEqual(told, { do: "report", tlvs: { message_state: [5] } });
});
