// Wireshark's dissector, which we did not write, over every kind of PDU that we emit: each PDU is a TCP
// segment of its own, none may be malformed or marked, and the fields must be as they were meant. `.ci/run`
// installs tshark where Debian has it; elsewhere this says what is missing.
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { checkConformance } from "../../src/conformance/run.ts";
import { type BindFields, encodeBind, encodeBindAnswer } from "../../src/smpp/bind.ts";
import { COMMAND, commandName, isResponse } from "../../src/smpp/command.ts";
import { createFramer } from "../../src/smpp/framing.ts";
import { headerOctets, newPdu } from "../../src/smpp/pdu.ts";
import { encodeRare } from "../../src/smpp/rare.ts";
import { receiptSms } from "../../src/smpp/receipt.ts";
import { encodeShortMessage, encodeShortMessageAnswer } from "../../src/smpp/short-message.ts";
import { startSmsc } from "../../src/simulator/smsc.ts";
import { openTestChannel } from "../channel/host.ts";
import { handOver, outgoing } from "../channel/messages.ts";
import { sms } from "../smpp/messages.ts";
import { type Sent, smscPort, writeCapture } from "./pcap.ts";

const isThere = spawnSync("tshark", ["--version"], { timeout: 60_000 }).error === undefined;
const skip = !isThere && "tshark is missing: apt-get install tshark";

const written = { sequence: 7, tlvs: true, pduOctetsMax: 65_536 };
const bind: BindFields = {
  bindType: "transceiver",
  systemId: "Test1",
  password: "Pwd1",
  systemType: "SMPP",
  version: 0x34,
  addressRange: "^31",
  addressTon: 1,
  addressNpi: 1,
};
const receipt = {
  messageId: "0199a2b400007000800000000000000a",
  status: "DELIVERED",
  state: "DELIVRD",
  error: "000",
  submittedMs: Date.UTC(2026, 10, 20, 12),
  doneMs: Date.UTC(2026, 10, 20, 13),
  text: "Hello",
  networkError: undefined,
} as const;
const number = { ton: 1, npi: 1, digits: "31699887766" };
const about = { message_id: "A1", source_addr_ton: 1, source_addr_npi: 1, source_addr: "15550001" };

/** Each kind that our encoders can write, and what the dissector must read in it. */
const PDUS: readonly (Sent & { readonly reads: Readonly<Record<string, string>> })[] = [
  ...(["receiver", "transmitter", "transceiver"] as const).flatMap((bindType) => [
    {
      from: "esme" as const,
      pdu: encodeBind({ ...bind, bindType }, 7),
      reads: {
        "smpp.system_id": "Test1",
        "smpp.password": "Pwd1",
        "smpp.system_type": "SMPP",
        "smpp.interface_version": "52",
        "smpp.addr_ton": "0x01",
        "smpp.addr_npi": "0x01",
        "smpp.address_range": "^31",
      },
    },
    {
      from: "smsc" as const,
      pdu: encodeBindAnswer({ ...bind, bindType, sequence: 7 }, { status: 0, systemId: "us" }),
      reads: { "smpp.system_id": "us", "smpp.SC_interface_version": "52" },
    },
    {
      from: "smsc" as const,
      pdu: encodeBindAnswer({ ...bind, bindType, sequence: 7 }, { status: 0x0e, systemId: "" }),
      reads: { "smpp.command_status": "0x0000000e" },
    },
  ]),
  {
    from: "smsc",
    pdu: encodeRare("outbind", { sequence: 7, fields: { system_id: "us", password: "Pwd1" } }),
    reads: { "smpp.system_id": "us", "smpp.password": "Pwd1" },
  },
  bare("esme", COMMAND.unbind),
  bare("smsc", COMMAND.unbind + 0x8000_0000),
  bare("esme", COMMAND.enquire_link),
  bare("smsc", COMMAND.enquire_link + 0x8000_0000),
  bare("smsc", 0x8000_0000, 0x03),
  {
    from: "esme",
    pdu: encodeShortMessage(
      "submit_sm",
      sms({
        serviceType: "CMT",
        esmClass: 0x43,
        protocolId: 1,
        priority: 3,
        scheduleTime: "261120120000004+",
        validityPeriod: "000001000000000R",
        registeredDelivery: 0x11,
        replaceIfPresent: 1,
        dataCoding: 8,
        octets: Buffer.from("050003a10201004100", "hex"),
        tlvs: [{ tag: 0x0204, octets: Buffer.of(1, 2) }],
      }),
      written,
    ),
    reads: {
      "smpp.service_type": "CMT",
      "smpp.source_addr_ton": "0x05",
      "smpp.source_addr": "ACME",
      "smpp.dest_addr_ton": "0x01",
      "smpp.dest_addr_npi": "0x01",
      "smpp.destination_addr": "31699887766",
      "smpp.esm.submit.msg_mode": "0x03",
      "smpp.esm.submit.features": "0x01",
      "smpp.protocol_id": "0x01",
      "smpp.priority_flag": "0x03",
      "smpp.schedule_delivery_time": "Nov 20, 2026 11:00:00.000000000 UTC",
      "smpp.validity_period_r": "86400.000000000",
      "smpp.regdel.receipt": "0x01",
      "smpp.regdel.notif": "0x01",
      "smpp.replace_if_present_flag": "0x01",
      "smpp.data_coding": "0x08",
      "smpp.sm_length": "9",
      "smpp.user_message_reference": "0x0102",
    },
  },
  {
    from: "esme",
    pdu: encodeShortMessage("submit_sm", sms({ octets: Buffer.alloc(300, 0x41) }), written),
    reads: { "smpp.sm_length": "0", "smpp.opt_param_tag": "0x0424", "smpp.opt_param_len": "300" },
  },
  {
    from: "smsc",
    pdu: encodeShortMessageAnswer("submit_sm", { sequence: 7, status: 0, messageId: "A1" }),
    reads: { "smpp.message_id": "A1" },
  },
  {
    from: "smsc",
    pdu: encodeShortMessageAnswer("submit_sm", { sequence: 7, status: 0x58, messageId: "" }),
    reads: { "smpp.command_status": "0x00000058" },
  },
  {
    from: "smsc",
    pdu: encodeShortMessage(
      "deliver_sm",
      receiptSms(receipt, { from: number, to: number, serviceType: "" }),
      written,
    ),
    reads: {
      "smpp.esm.submit.msg_type": "0x01",
      "smpp.receipted_message_id": receipt.messageId,
      "smpp.message_state": "2",
    },
  },
  {
    from: "esme",
    pdu: encodeShortMessageAnswer("deliver_sm", { sequence: 7, status: 0, messageId: "" }),
    reads: { "smpp.message_id": "" },
  },
  {
    from: "esme",
    pdu: encodeShortMessage("data_sm", sms(), written),
    reads: { "smpp.destination_addr": "31699887766", "smpp.opt_param_tag": "0x0424" },
  },
  {
    from: "smsc",
    pdu: encodeShortMessageAnswer("data_sm", { sequence: 7, status: 0, messageId: "A1" }),
    reads: { "smpp.message_id": "A1" },
  },
  {
    from: "esme",
    pdu: encodeRare("submit_multi", {
      sequence: 7,
      fields: {
        source_addr: "15550001",
        dest_address: [number, { list: "friends" }],
        short_message: Buffer.from("Hello"),
      },
    }),
    reads: {
      "smpp.destination_addr": "31699887766",
      "smpp.dl_name": "friends",
      "smpp.sm_length": "5",
    },
  },
  {
    from: "smsc",
    pdu: encodeRare("submit_multi_resp", {
      sequence: 7,
      fields: { message_id: "A1", unsuccess_sme: [{ ...number, status: 0x0b }] },
    }),
    reads: {
      "smpp.message_id": "A1",
      "smpp.error_status_code": "0x0000000b",
    },
  },
  {
    from: "esme",
    pdu: encodeRare("query_sm", { sequence: 7, fields: about }),
    reads: { "smpp.message_id": "A1", "smpp.source_addr": "15550001" },
  },
  {
    from: "smsc",
    pdu: encodeRare("query_sm_resp", {
      sequence: 7,
      fields: { message_id: "A1", final_date: "261120120000000+", message_state: 5, error_code: 6 },
    }),
    reads: {
      "smpp.message_id": "A1",
      "smpp.final_date": "Nov 20, 2026 12:00:00.000000000 UTC",
      "smpp.message_state": "5",
      "smpp.error_code": "6",
    },
  },
  {
    from: "esme",
    pdu: encodeRare("cancel_sm", {
      sequence: 7,
      fields: { ...about, dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: "31699887766" },
    }),
    reads: { "smpp.message_id": "A1", "smpp.destination_addr": "31699887766" },
  },
  bare("smsc", COMMAND.cancel_sm + 0x8000_0000, 0x11),
  {
    from: "esme",
    pdu: encodeRare("replace_sm", {
      sequence: 7,
      fields: { ...about, validity_period: "000001000000000R", short_message: Buffer.from("New") },
    }),
    reads: {
      "smpp.message_id": "A1",
      "smpp.sm_length": "3",
      "smpp.validity_period_r": "86400.000000000",
    },
  },
  bare("smsc", COMMAND.replace_sm + 0x8000_0000),
  {
    from: "smsc",
    pdu: encodeRare("alert_notification", {
      sequence: 7,
      fields: {
        source_addr_ton: 1,
        source_addr_npi: 1,
        source_addr: "31699887766",
        esme_addr_ton: 1,
        esme_addr_npi: 1,
        esme_addr: "15550001",
      },
      tlvs: [{ tag: 0x0422, octets: Buffer.of(0) }],
    }),
    reads: {
      "smpp.source_addr": "31699887766",
      "smpp.esme_addr": "15550001",
      "smpp.ms_availability_status": "0",
    },
  },
  bare("smsc", COMMAND.broadcast_sm + 0x8000_0000, 0x03),
  bare("smsc", COMMAND.query_broadcast_sm + 0x8000_0000, 0x03),
  bare("smsc", COMMAND.cancel_broadcast_sm + 0x8000_0000, 0x03),
];

function bare(from: Sent["from"], id: number, status = 0) {
  // The dissector shows the status of answers only.
  const reads: Readonly<Record<string, string>> = isResponse(id)
    ? { "smpp.command_status": `0x${status.toString(16).padStart(8, "0")}` }
    : {};
  return { from, pdu: newPdu(headerOctets, id, status, 7), reads };
}

test("every kind of PDU that we write is read as it was meant", { skip }, async () => {
  const read = await dissected(PDUS);
  for (const [at, { pdu, reads }] of PDUS.entries()) {
    const name = commandName(pdu.readUInt32BE(4));
    const fields = read[at] ?? {};
    assert.equal(fields["smpp.command_length"], String(pdu.length), name);
    assert.equal(fields["smpp.sequence_number"], "7", name);
    for (const [field, value] of Object.entries(reads)) {
      if (value === "" && fields[field] === undefined) continue;
      assert.equal(fields[field], value, `${field} of ${name}: ${JSON.stringify(fields)}`);
    }
  }
});

test("all that our server says to `signalbox conformance` is sound", { skip }, async () => {
  await using channel = await openTestChannel({
    type: "smpp-server",
    address: ["127.0.0.1"],
    port: 0,
    enquireLinkMs: 1_000,
    responseTimeoutMs: 1_000,
  });
  await using tap = await tapped(channel.channel.ports()[0] ?? 0);
  await checkConformance({
    host: "127.0.0.1",
    port: tap.port,
    systemId: "Test1",
    password: "Pwd1",
    from: "+31699887766",
    to: "+31612345670",
    patienceMs: 10_000,
  });
  const ours = tap.sent.filter(({ from }) => from === "smsc");
  assert.ok(ours.length > 100);
  await dissected(ours);
});

test("all that our client says to a provider is sound", { skip }, async () => {
  await using smsc = await startSmsc({ host: "127.0.0.1", port: 0 });
  await using tap = await tapped(smsc.port);
  const client = await openTestChannel({
    type: "smpp-client",
    host: "127.0.0.1",
    port: tap.port,
    systemId: "us",
    password: "secret",
    enquireLinkMs: 1_000,
  });
  await client.room();
  const sent = [
    sms({ registeredDelivery: 1 }),
    sms({ octets: Buffer.alloc(400, 0x41), registeredDelivery: 1 }),
    sms({ esmClass: 0x40, octets: Buffer.from("050003a1020141", "hex") }),
    sms({ dataCoding: 8, octets: Buffer.from("4f6076f4", "hex") }),
    sms({ tlvs: [{ tag: 0x1401, octets: Buffer.from("A1") }] }),
  ];
  for (const message of sent)
    await new Promise((done) => handOver(client.channel, outgoing({ sms: message }), done));
  await smsc.until("reported", 2);
  await client[Symbol.asyncDispose]();
  const ours = tap.sent.filter(({ from }) => from === "esme");
  const names = new Set(ours.map(({ pdu }) => commandName(pdu.readUInt32BE(4))));
  assert.deepEqual([...names].filter((name) => name !== "enquire_link").sort(), [
    "bind_transceiver",
    "deliver_sm_resp",
    "submit_sm",
    "unbind",
  ]);
  await dissected(ours);
});

type Read = Readonly<Record<string, string>>;

/** Lets tshark read them; each must be SMPP, not malformed, with nothing that its experts remark. */
async function dissected(sent: readonly Sent[]): Promise<readonly Read[]> {
  const folder = mkdtempSync(join(tmpdir(), "signalbox-tshark-"));
  try {
    const file = join(folder, "sent.pcap");
    writeCapture(file, sent);
    const options = ["-r", file, "-d", `tcp.port==${smscPort},smpp`];
    const run = async (...more: string[]) => {
      const told = await promisify(execFile)("tshark", [...options, ...more], {
        maxBuffer: 67_108_864,
        timeout: 120_000,
      });
      return told.stdout;
    };
    const remarks = ["-e", "frame.number", "-e", "_ws.expert.message", "-e", "_ws.malformed"];
    const marked = await run("-Y", "_ws.malformed || _ws.expert", "-T", "fields", ...remarks);
    const told = marked
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => `${line}: ${sent[Number.parseInt(line, 10) - 1]?.pdu.toString("hex")}`);
    assert.deepEqual(told, []);
    const packets: unknown = JSON.parse(
      await run("-T", "json", "-J", "smpp", "--no-duplicate-keys"),
    );
    assert.ok(Array.isArray(packets));
    assert.equal(packets.length, sent.length);
    return packets.map((packet: unknown, at) => {
      const fields = new Map<string, string>();
      collect(packet, fields);
      const id = sent[at]?.pdu.readUInt32BE(4) ?? 0;
      assert.equal(fields.get("smpp.command_id"), `0x${id.toString(16).padStart(8, "0")}`);
      return Object.fromEntries(fields);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Every field by its name, however deep it lies; of several the last. */
function collect(value: unknown, fields: Map<string, string>): void {
  if (typeof value !== "object" || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    if (typeof inner === "string") fields.set(name, inner);
    else collect(inner, fields);
  }
}

interface Tap extends AsyncDisposable {
  readonly port: number;
  /** What went through, each PDU by itself. */
  readonly sent: readonly Sent[];
}

/** A port that leads to that one and notes what goes through; octets that are no PDU end the noting. */
async function tapped(port: number): Promise<Tap> {
  const sent: Sent[] = [];
  const sockets: Socket[] = [];
  const noted = (from: Sent["from"]) => {
    const framer = createFramer(1_048_576);
    let isSound = true;
    return (chunk: Buffer): void => {
      if (!isSound) return;
      try {
        framer.push(chunk);
        for (let pdu = framer.next(); pdu !== undefined; pdu = framer.next())
          sent.push({ from, pdu: Buffer.from(pdu) });
      } catch {
        // A length that cannot be, as the checks send some.
        isSound = false;
      }
    };
  };
  const server = createServer((near) => {
    const far = connect({ port, host: "127.0.0.1" });
    sockets.push(near, far);
    for (const socket of [near, far]) socket.on("error", () => {});
    near.on("data", noted("esme")).pipe(far);
    far.on("data", noted("smsc")).pipe(near);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  // A server that listens on TCP has an AddressInfo, which the type cannot know.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const address = server.address() as AddressInfo;
  return {
    port: address.port,
    sent,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
