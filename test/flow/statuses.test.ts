/** Every command_status that a customer can provoke, over a socket: broken PDUs, values, triggers. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ERRORS, type ErrorEntry } from "../../src/model/error.ts";
import type { Sms } from "../../src/model/message.ts";
import { connectEsme } from "../../src/simulator/esme.ts";
import { smsOf } from "../../src/simulator/written.ts";
import { encodeShortMessage } from "../../src/smpp/short-message.ts";
import { connectPeer, frame, header } from "../smpp/peer.ts";
import { type TestGateway, startGateway } from "../support/gateway.ts";

const to = "+31612345678";
const from = "+31201234567";
const submit = 0x04;
const submitAnswer = 0x8000_0004;
const nack = 0x8000_0000;

let gateway: TestGateway;
before(async () => {
  gateway = await startGateway({
    channels: {
      SMPP_SERVER1: {
        onUnhandled: "reject",
        tlvs: [{ name: "billingCode", tag: 0x1401, type: "string", octetsMax: 8 }],
      },
    },
    triggers: {
      "all.ts": `
        import { onBind, onMessage } from "signalbox";
        const code = (text) => Number.isNaN(Number(text)) ? text : Number(text);
        export const BIND = onBind({}, async (bind, { accounts }) => {
          if (bind.systemType !== "") return bind.reject(code(bind.systemType));
          const check = await accounts.verify(bind);
          if (check.ok) bind.accept({ account: check.account });
          else bind.reject(check.reason);
        });
        export const SUBMIT = onMessage({ channels: ["SMPP_SERVER1"] }, (m) => {
          if (m.text === "throws") throw new Error("no");
          if (m.text === "taken") return m.accept();
          m.reject(code(m.text));
        });`,
    },
  });
});
after(() => gateway[Symbol.asyncDispose]());

const bindFrame = (password = "Pwd1", systemId = "Test1", systemType = "") => {
  const text = (value: string) => `${Buffer.from(value, "latin1").toString("hex")}00`;
  const names = `${text(systemId)} ${text(password)} ${text(systemType)}`;
  return frame(`${header(9, { sequence: 1 })} ${names} 34 00 00 00`);
};

function submitFrame(changes: Partial<Sms> = {}): Buffer {
  const sms = { ...smsOf({ from, to, text: "taken" }), ...changes };
  return encodeShortMessage("submit_sm", sms, { sequence: 7, tlvs: true, pduOctetsMax: 65_536 });
}

/** The body of a submit_sm with its service_type, its sm_default_msg_id and its end as they are given. */
function bodyFrame({ serviceType = "00", canned = "00", end = "03 414243" }): Buffer {
  const body = `${serviceType} 0101 3331 00 0101 3331 00 00 00 00 00 00 00 00 00 ${canned} ${end}`;
  return frame(`${header(submit, { sequence: 7 })} ${body}`);
}

const address = (ton: number, npi: number, digits = "31612345678") => ({ ton, npi, digits });
const tlvs = (tag: number, octets: number) => [{ tag, octets: Buffer.alloc(octets) }];

/** What a bound customer sends, and the status that he hears. */
const SENT: readonly (readonly [what: string, pdu: Buffer, status: number])[] = [
  ["[I40] a sound message", submitFrame(), 0x00],
  ["[I41] sm_length 255", bodyFrame({ end: `ff ${"41".repeat(255)}` }), 0x01],
  ["[I42] sm_length above what is there", bodyFrame({ end: "09 414243" }), 0x02],
  ["[I42] no body", frame(header(submit, { sequence: 7 })), 0x02],
  ["[I43] a command that nobody knows", frame(header(0x77, { sequence: 7 })), 0x03],
  ["[I44] what only a provider may send", frame(`${header(5, { sequence: 7 })} 00`), 0x04],
  ["[I45] a second bind", bindFrame(), 0x05],
  ["[I46] priority_flag 9", submitFrame({ priority: 9 }), 0x06],
  ["[I47] registered_delivery 3 before v5.0", submitFrame({ registeredDelivery: 3 }), 0x07],
  ["[I47] registered_delivery 0xFF", submitFrame({ registeredDelivery: 0xff }), 0x07],
  ["[I48] a trigger throws", submitFrame({ octets: Buffer.from("throws") }), 0x08],
  ["[I50] letters in the destination", submitFrame({ to: address(1, 1, "3161CALLME") }), 0x0b],
  ["[I50] no destination", submitFrame({ to: address(1, 1, "") }), 0x0b],
  ["service_type of 6 characters", bodyFrame({ serviceType: "414243444546 00" }), 0x15],
  ["[I55] esm_class 0x3F", submitFrame({ esmClass: 0x3f }), 0x43],
  ["[I55] a header that is not there", submitFrame({ esmClass: 0x40 }), 0x43],
  ["source_addr_ton 7", submitFrame({ from: address(7, 1) }), 0x48],
  ["source_addr_npi 19", submitFrame({ from: address(1, 19) }), 0x49],
  ["dest_addr_ton 9", submitFrame({ to: address(9, 1) }), 0x50],
  ["dest_addr_npi 255", submitFrame({ to: address(1, 255) }), 0x51],
  ["replace_if_present_flag 2", submitFrame({ replaceIfPresent: 2 }), 0x54],
  ["[I57] a time that is none", submitFrame({ scheduleTime: "tomorrow" }), 0x61],
  ["[I58] a validity that is none", submitFrame({ validityPeriod: "261332000000000+" }), 0x62],
  ["a text that is not kept here", bodyFrame({ canned: "05", end: "00" }), 0x63],
  ["[I59] a TLV header cut short", bodyFrame({ end: "01 41 0204 00" }), 0xc0],
  ["[I59] a TLV longer than the PDU", bodyFrame({ end: "01 41 0204 0002 00" }), 0xc0],
  ["[I59] text twice", bodyFrame({ end: "01 41 0424 0001 42" }), 0xc0],
  ["[I60] user_message_reference of 1 octet", submitFrame({ tlvs: tlvs(0x0204, 1) }), 0xc2],
  ["[I60] a billing code that is too long", submitFrame({ tlvs: tlvs(0x1401, 9) }), 0xc2],
  ["[W05] a billing code of the length agreed on", submitFrame({ tlvs: tlvs(0x1401, 8) }), 0x00],
];

test("[X02] [I40] [I41] [I42] [I43] [I44] [I45] [I46] [I47] [I48] [I50] [I55] [I57] [I58] [I59] [I60] each fault of a PDU has its own status, and the session goes on", async () => {
  using peer = await connectPeer(gateway.port);
  peer.write(submitFrame());
  const early = await peer.next();
  assert.deepEqual([early.id, early.status], [submitAnswer, 0x04], "[I44] before the bind");
  peer.write(bindFrame());
  assert.equal((await peer.next()).status, 0);
  for (const [what, pdu, status] of SENT) {
    peer.write(pdu);
    const answer = await peer.next();
    assert.equal(answer.status, status, `${what}: 0x${answer.status.toString(16)}`);
    const asked = pdu.readUInt32BE(4);
    assert.equal(answer.id, asked === 0x77 ? nack : (asked | 0x8000_0000) >>> 0, what);
    assert.equal(answer.sequence, pdu.readUInt32BE(12), what);
  }
  peer.write("0000000f 00000015 00000000");
  const broken = await peer.next();
  assert.deepEqual([broken.id, broken.status], [nack, 0x02], "[I42] command_length 15");
  await peer.ended;
});

test("[I51] [I52] [I53] a bind is refused by what is wrong with it, by a trigger's name or by its number", async () => {
  const refused = async (...fields: Parameters<typeof bindFrame>): Promise<number> => {
    using peer = await connectPeer(gateway.port);
    peer.write(bindFrame(...fields));
    const { status } = await peer.next();
    await peer.ended;
    return status;
  };
  assert.equal(await refused("Pwd2"), 0x0e);
  assert.equal(await refused("Pwd1", "Nobody"), 0x0f);
  assert.equal(await refused("Pwd1", "Test1", "bind_refused"), 0x0d);
  assert.equal(await refused("Pwd1", "Test1", "throttled"), 0x58);
  assert.equal(await refused("Pwd1", "Test1", "0x455"), 0x455);
  assert.equal(await refused("Pwd1", "Test1", "1279"), 0x4ff);
});

test("[X02] [I49] [I50] [I54] [I56] [I61] [I62] a trigger refuses a message with any code of the catalogue, by its name or by its number", async () => {
  await using esme = await connectEsme({
    host: "127.0.0.1",
    port: gateway.port,
    systemId: "Test1",
    password: "Pwd1",
  });
  const status = async (text: string) => (await esme.submit({ from, to, text })).status;
  for (const [code, { smpp }] of Object.entries<ErrorEntry>(ERRORS))
    if (smpp !== undefined) assert.equal(await status(code), smpp, code);
  for (const number of [0x01, 0x45, 0x400, 0x4ff, 0xffff_ffff])
    assert.equal(await status(`0x${number.toString(16)}`), number);
  assert.equal(await status("nonsense"), 0x08, "no code at all is the trigger's fault");
  assert.equal(await status("taken"), 0);
});
