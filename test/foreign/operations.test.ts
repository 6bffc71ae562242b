// Net::SMPP, which we did not write, beside submit_sm and deliver_sm: as a customer who asks, takes back,
// changes and sends to many, and as a provider who alerts, delivers as data_sm and refuses what he does not
// know. `.ci/run` installs what it needs; elsewhere this says what is missing.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type GatewayProcess, freePort, startGatewayProcess } from "../support/gateway-process.ts";
import { type Smsc, startSmsc } from "../../src/simulator/smsc.ts";
import { openTestChannel } from "../channel/host.ts";
import { handOver, outgoing } from "../channel/messages.ts";
import { sms } from "../smpp/messages.ts";
import { type AskerSaw, type Step, asker, withoutPerl as skip } from "./asker.ts";

const resp = 0x8000_0000;
const from = { source_addr: "31699887766", source_addr_ton: 1, source_addr_npi: 1 };
const to = { destination_addr: "31612345670", dest_addr_ton: 1, dest_addr_npi: 1 };
const inAnHour = "000000010000000R";

let gateway: GatewayProcess;
let provider: Smsc;
let port = 0;

before(async () => {
  if (skip) return;
  port = await freePort();
  provider = await startSmsc({ host: "127.0.0.1", port: 0 });
  gateway = await startGatewayProcess({
    example: true,
    channels: {
      SMPP_SERVER1: { type: "smpp-server", address: ["127.0.0.1"], port },
      SMPP1: {
        type: "smpp-client",
        host: "127.0.0.1",
        port: provider.port,
        systemId: "signalbox",
        password: "simulator",
        reconnectMs: 100,
      },
    },
  });
  await gateway.untilUp();
});

after(async () => {
  if (skip) return;
  await gateway[Symbol.asyncDispose]();
  await provider.close();
});

const customer = (...steps: readonly Step[]): Promise<AskerSaw> =>
  asker(steps, "--port", String(port)).saw;

/** Command and status of each step's answer. */
const answers = ({ steps }: AskerSaw) => steps.map(({ command, status }) => [command, status]);

test(
  "[W08] [W09] a scheduled message of Net::SMPP is found, changed, and taken back",
  { skip },
  async () => {
    const about = { ...from, message_id: "$id" };
    const saw = await customer(
      ["submit_sm", { ...from, ...to, short_message: "Later", schedule_delivery_time: inAnHour }],
      ["query_sm", about],
      [
        "replace_sm",
        {
          ...about,
          short_message: "Changed",
          schedule_delivery_time: "",
          validity_period: "",
          registered_delivery: 0,
          sm_default_msg_id: 0,
        },
      ],
      ["cancel_sm", { ...about, ...to, service_type: "" }],
      ["query_sm", about],
      ["cancel_sm", { ...about, ...to, service_type: "" }],
    );
    assert.deepEqual(answers(saw), [
      [resp + 4, 0],
      [resp + 3, 0],
      [resp + 7, 0],
      [resp + 8, 0],
      [resp + 3, 0],
      [resp + 8, 0x11],
      [resp + 6, 0],
    ]);
    const [taken, before, , , after] = saw.steps;
    assert.equal(before?.["message_id"], taken?.["message_id"]);
    assert.ok([0, 1, 6].includes(Number(before?.["message_state"])));
    assert.equal(after?.["message_state"], 4);
    assert.match(String(after?.["final_date"]), /^\d{15}\+$/);
  },
);

test("[W09] what Net::SMPP does not own is unknown to it", { skip }, async () => {
  const about = { ...from, message_id: "7fffffff" };
  const saw = await customer(
    ["query_sm", about],
    ["cancel_sm", { ...about, ...to, service_type: "" }],
    [
      "replace_sm",
      {
        ...about,
        short_message: "x",
        schedule_delivery_time: "",
        validity_period: "",
        registered_delivery: 0,
        sm_default_msg_id: 0,
      },
    ],
  );
  for (const { command, status } of saw.steps.slice(0, 3))
    assert.notEqual(status, 0, String(command));
});

test(
  "[X13] submit_multi of Net::SMPP goes to each number, a list of it to nobody",
  { skip },
  async () => {
    const text = "To many";
    const saw = await customer(
      [
        "submit_multi",
        {
          ...from,
          destination_addr: ["31612345670", "31612345671", "friends"],
          dest_addr_ton: [1, 1, 0],
          dest_addr_npi: [1, 1, 0],
          dest_flag: [1, 1, 2],
          registered_delivery: 1,
          short_message: text,
        },
      ],
      ["wait", { command: 5, count: 2 }],
    );
    const [taken] = saw.steps;
    assert.deepEqual([taken?.["command"], taken?.["status"]], [resp + 0x21, 0]);
    assert.equal(taken?.["no_unsuccess"], 1);
    const sent = provider.messages.filter(({ sms: one }) => one.octets.toString() === text);
    assert.deepEqual(sent.map(({ sms: one }) => one.to.digits).sort(), [
      "31612345670",
      "31612345671",
    ]);
    const reports = saw.requests.filter(({ command }) => command === 5);
    assert.deepEqual(reports.map(({ source_addr }) => source_addr).sort(), [
      "31612345670",
      "31612345671",
    ]);
  },
);

test(
  "[X13] data_sm of Net::SMPP is taken, enquire_link answered, what is unknown nacked, a nack of nothing ignored",
  { skip },
  async () => {
    const saw = await customer(
      [
        "data_sm",
        {
          ...from,
          ...to,
          esm_class: 0,
          registered_delivery: 0,
          data_coding: 0,
          message_payload: "As data",
        },
      ],
      ["generic_nack", { seq: 99_999, status: 3 }],
      ["enquire_link", {}],
      ["unknown", {}],
      ["enquire_link", {}],
    );
    assert.deepEqual(answers(saw), [
      [resp + 0x103, 0],
      [undefined, undefined],
      [resp + 0x15, 0],
      [resp, 3],
      [resp + 0x15, 0],
      [resp + 6, 0],
    ]);
    assert.match(String(saw.steps[0]?.["message_id"]), /./);
  },
);

test(
  "[X13] Net::SMPP as provider: it takes a message, and delivers, alerts and asks as it likes",
  { skip },
  async () => {
    const phone = { source_addr: "31612345670", source_addr_ton: 1, source_addr_npi: 1 };
    const us = { destination_addr: "31699887766", dest_addr_ton: 1, dest_addr_npi: 1 };
    const perl = asker(
      [
        ["wait", { command: 4 }],
        ["deliver_sm", { ...phone, ...us, short_message: "Hello back" }],
        [
          "data_sm",
          {
            ...phone,
            ...us,
            esm_class: 0,
            registered_delivery: 0,
            data_coding: 0,
            message_payload: "As data",
          },
        ],
        [
          "alert_notification",
          { ...phone, esme_addr: "31699887766", esme_addr_ton: 1, esme_addr_npi: 1 },
        ],
        // Only before a bind, and on a connection of its own.
        ["outbind", { system_id: "perl", password: "secret" }],
        ["query_sm", { ...phone, message_id: "1" }],
        ["unknown", {}],
        ["generic_nack", { seq: 99_999, status: 3 }],
        ["enquire_link", {}],
        ["unbind", {}],
      ],
      "--role",
      "provider",
    );
    await using client = await openTestChannel({
      type: "smpp-client",
      host: "127.0.0.1",
      port: await perl.port,
      systemId: "us",
      password: "secret",
    });
    await client.room();
    const taken = await new Promise((done) =>
      handOver(client.channel, outgoing({ sms: sms({ octets: Buffer.alloc(200, 0x41) }) }), done),
    );
    assert.deepEqual(taken, { kind: "taken", providerId: "1" });
    while (client.events.message.length < 2 || client.events.alert.length < 1)
      await new Promise((turn) => setImmediate(turn));
    assert.deepEqual(
      client.events.message.map(({ message }) => message.sms?.octets.toString()),
      ["Hello back", "As data"],
    );
    const saw = await perl.saw;
    assert.deepEqual(answers(saw).slice(1), [
      [resp + 5, 0],
      [resp + 0x103, 0],
      [undefined, undefined],
      [resp, 4],
      [resp + 3, 4],
      [resp, 3],
      [undefined, undefined],
      [resp + 0x15, 0],
      [resp + 6, 0],
    ]);
    const [bind, submit] = saw.requests;
    assert.deepEqual(
      [bind?.["command"], bind?.["system_id"], bind?.["password"]],
      [9, "us", "secret"],
    );
    assert.equal(submit?.["short_message"], "A".repeat(200));
  },
);
