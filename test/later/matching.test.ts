/**
 * Every row of the list of ids and reports that hurt somebody, over the whole gateway: a customer who
 * submits and hears, a provider who answers with the id of the row and reports with the other one.
 */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import type { Sms } from "../../src/model/message.ts";
import type { ChannelView, UnmatchedReportView } from "../../src/model/view.ts";
import { connectEsme, type Esme } from "../../src/simulator/esme.ts";
import { smsOf } from "../../src/simulator/written.ts";
import { askAdmin } from "../support/admin.ts";
import { type GatewayOptions, type TestGateway, startGateway } from "../support/gateway.ts";
import { until } from "../support/gateway-process.ts";
import { type Provider, type Submitted, startProvider } from "../support/provider.ts";

const from = "+31699887766";
const phone = "+31612345670";
const otherPhone = "+31612345671";
/** ms. Far more than anything takes here; a test that waits for it has failed. */
const patienceMs = 20_000;

interface Site extends AsyncDisposable {
  readonly gateway: TestGateway;
  readonly provider: Provider;
  readonly esme: Esme;
  /** Submits, and the provider takes it under this id; gives the customer's id. */
  taken(providerId: string, to?: string, registeredDelivery?: number): Promise<string>;
  /** Submits, and gives what the provider got, not answered yet. */
  submitted(to?: string, registeredDelivery?: number): Promise<readonly [string, Submitted]>;
  report(id: string, more?: Partial<Told>): Promise<void>;
  statusOf(id: string): Promise<string | undefined>;
  /** Reports that are kept become due at once instead of in a second and more. */
  hurry(): Promise<void>;
}

interface Told {
  readonly state: string;
  readonly phone: string;
  readonly on: string;
  readonly more: Partial<Sms>;
}

/** The shipped triggers, with some of them changed. */
function triggersWith(changed: Readonly<Record<string, string>>): Record<string, string> {
  const folder = join(import.meta.dirname, "../../triggers");
  const files = readdirSync(folder).filter((file) => file.endsWith(".ts"));
  const shipped = files.map((file) => [file, readFileSync(join(folder, file), "utf8")]);
  return { ...Object.fromEntries(shipped), ...changed };
}

/** As a provider writes it, YYMMDDhhmm of UTC: a report that is older than what is kept is told as such. */
function minuteNow(): string {
  return new Date().toISOString().replaceAll(/\D/g, "").slice(2, 12);
}

async function site(
  options: GatewayOptions & { reports?: object; group?: string } = {},
): Promise<Site> {
  await using opened = new AsyncDisposableStack();
  const provider = opened.use(await startProvider());
  const { port } = provider;
  const gateway = opened.use(
    await startGateway({
      ...options,
      channels: {
        ...options.channels,
        SMPP1: {
          port,
          ...(options.reports === undefined ? {} : { reports: options.reports }),
          ...(options.group === undefined ? {} : { group: options.group }),
        },
        ...(options.group === undefined
          ? {}
          : {
              SMPP2: {
                type: "smpp-client",
                host: "127.0.0.1",
                port,
                systemId: "second",
                password: "simulator",
                bindType: "receiver",
                group: options.group,
              },
            }),
      },
    }),
  );
  const connect = () =>
    connectEsme({
      host: "127.0.0.1",
      port: gateway.port,
      systemId: "Test1",
      password: "Pwd1",
      windowRequests: 50,
    });
  const esme = opened.use(await connect());
  const submitted = async (to = phone, registeredDelivery = 1) => {
    const { messageId } = await esme.submit({ from, to, text: "Hello", registeredDelivery });
    return [messageId, await provider.next()] as const;
  };
  const all = opened.move();
  return {
    gateway,
    provider,
    esme,
    submitted,
    async taken(providerId, to, registeredDelivery) {
      const [id, waiting] = await submitted(to, registeredDelivery);
      waiting.answer(providerId);
      const isSent = async () => (await gateway.running.admin.lives(id))[0]?.status === "SENT";
      assert.ok(await until(isSent, patienceMs));
      return id;
    },
    async report(id, { state = "DELIVRD", phone: told = phone, on, more = {} } = {}) {
      const text = `id:${id} sub:001 dlvrd:001 submit date:${minuteNow()} done date:${minuteNow()} stat:${state} err:000 text:Hello`;
      const sms = { ...smsOf({ from: told, to: from, text }), esmClass: 0x04, ...more };
      assert.equal(await provider.deliver(sms, on), 0);
    },
    statusOf: async (id) => (await gateway.running.admin.lives(id))[0]?.status,
    async hurry() {
      await gateway.query("update pending set due = now() where kind = 'match'");
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

const unmatched = async ({ gateway }: Site) =>
  (
    await askAdmin<UnmatchedReportView[]>(
      gateway.running.admin.socket,
      "GET",
      "/v1/reports/unmatched",
    )
  ).body;

/** The lines of JSON of a long answer. */
function flowOf({ gateway }: Site, path: string, body: unknown): Promise<unknown[]> {
  const { socket: socketPath } = gateway.running.admin;
  const headers = { "content-type": "application/json" };
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method: "POST", path, headers }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (more: string) => (text += more));
      answer.on("end", () => {
        const lines = text.split("\n").filter((line) => line !== "");
        resolve(lines.map((line): unknown => JSON.parse(line)));
      });
    });
    asked.on("error", reject);
    asked.end(JSON.stringify(body));
  });
}

/** What the provider answered, and what it reports. */
const VECTORS: readonly (readonly [test: string, answered: string, reported: string])[] = [
  ["[D01] a leading zero is lost", "04062581461565934000241", "4062581461565934000241"],
  ["[D02] the report's id is padded with zeros", "24", "000024"],
  ["[D03] a zero at the front stays, and is no number's", "0913121205", "0913121205"],
  ["[D04] the report writes the id in upper case", "1d6a811", "1D6A811"],
  [
    "[D05] a UUID that begins with a zero is no number",
    "0e999f21-81ef-4974-a414-3de98174e3c7",
    "0E999F21-81EF-4974-A414-3DE98174E3C7",
  ],
  ["[D06] an id with hyphens, in another case", "1101C1-C9D03D-F000", "1101c1-c9d03d-f000"],
  [
    "[D07] hex in the answer, decimal above 2^53 in the report",
    "812FC7470000001B",
    "9308878062554710043",
  ],
  ["[D07] decimal in the answer, hex in the report", "9308878062554710043", "812fc7470000001b"],
  ["[D15] an id with an underscore", "1_14839433040000", "1_14839433040000"],
];

test("[D01] [D02] [D03] [D04] [D05] [D06] [D07] [D15] the report's id in every form finds its message, from memory and after a restart", async (t) => {
  await using one = await site();
  for (const [name, answered, reported] of VECTORS)
    await t.test(`${name}: ${answered} is reported as ${reported}`, async () => {
      const id = await one.taken(answered);
      // The same id but for a last digit, which no form of it may be taken for.
      const near = await one.taken(`${answered}9`);
      const heard = one.esme.deliveries.length;
      await one.report(reported);
      const told = (await one.esme.delivered(heard + 1)).at(-1);
      assert.equal(told?.receipt?.messageId, id);
      assert.equal(await one.statusOf(near), "SENT");
    });
});

test("[D01] [D02] [D03] [D04] [D05] [D06] [D07] [D15] the same when memory has been lost by a restart", async () => {
  await using one = await site();
  const ids: string[] = [];
  for (const [, answered] of VECTORS.slice(0, 7)) ids.push(await one.taken(answered));
  await one.gateway.restart();
  await one.provider.bound("signalbox");
  for (const [, , reported] of VECTORS.slice(0, 7)) await one.report(reported);
  for (const [n, id] of ids.entries())
    assert.equal(await one.statusOf(id), "DELIVERED", VECTORS[n]?.[0] ?? id);
});

test("[D08] a provider that answers in short hex and reports in decimal is understood after three reports, and what came before is matched then", async () => {
  await using one = await site();
  const first = 0x1d6a8;
  const ids: string[] = [];
  for (let n = 0; n < 5; n += 1) ids.push(await one.taken((first + n).toString(16)));
  for (let n = 0; n < 5; n += 1) await one.report(`${first + n}`);
  await one.hurry();
  const receipts = await one.esme.delivered(5);
  assert.deepEqual(receipts.map(({ receipt }) => receipt?.messageId).toSorted(), ids.toSorted());
  const [channel] = one.gateway.running.admin.channels().filter(({ name }) => name === "SMPP1");
  assert.deepEqual(channel?.idBase, { base: "hexToDecimal", by: "learnt" });
  const lines = one.gateway.log.lines.filter(({ idBase }) => idBase === "hexToDecimal");
  assert.equal(lines.length, 1, "told once");
  // It is known after a restart, too.
  await one.gateway.restart();
  await one.provider.bound("signalbox");
  const { body: channels } = await askAdmin<ChannelView[]>(
    one.gateway.running.admin.socket,
    "GET",
    "/v1/channels",
  );
  assert.equal(channels.find(({ name }) => name === "SMPP1")?.idBase?.base, "hexToDecimal");
});

test("[D08] a base that the channel's setting names holds from the first report on", async () => {
  await using one = await site({ reports: { idBase: "decimalToHex" } });
  const id = await one.taken("120488");
  await one.report("1D6A8");
  assert.equal((await one.esme.delivered(1))[0]?.receipt?.messageId, id);
});

test("[D09] a report that comes before the answer is held, and matched once when the answer is there", async () => {
  await using one = await site();
  const [id, waiting] = await one.submitted();
  await one.report("early1");
  await one.hurry();
  assert.notEqual(await one.statusOf(id), "DELIVERED");
  waiting.answer("early1");
  const [told] = await one.esme.delivered(1);
  assert.equal(told?.receipt?.messageId, id);
  await one.gateway.running.settled();
  assert.equal(one.esme.deliveries.length, 1);
});

test("[D11] ENROUTE, DELIVRD, DELIVRD, ENROUTE, UNDELIV: one outcome, over a restart", async () => {
  await using one = await site();
  const id = await one.taken("77");
  for (const state of ["ENROUTE", "DELIVRD", "DELIVRD"]) await one.report("77", { state });
  await one.esme.delivered(1);
  await one.gateway.restart();
  await one.provider.bound("signalbox");
  for (const state of ["ENROUTE", "UNDELIV", "DELIVRD"]) await one.report("77", { state });
  await one.gateway.running.settled();
  assert.equal(one.esme.deliveries.length, 1);
  assert.equal(await one.statusOf(id), "DELIVERED");
});

test("[D12] the id is that of the TLV, and that of the text where there is no TLV; by setting the other way round", async () => {
  const tlvs = [{ tag: 0x001e, octets: Buffer.from("full-id-1\0") }];
  for (const [reports, text, more] of [
    [{}, "full-id", { tlvs }],
    [{}, "full-id-1", {}],
    [{ idFrom: "text" }, "full-id-1", { tlvs: [{ tag: 0x001e, octets: Buffer.from("x\0") }] }],
  ] as const) {
    await using one = await site({ reports });
    const id = await one.taken("full-id-1");
    await one.report(text, { more });
    assert.equal((await one.esme.delivered(1))[0]?.receipt?.messageId, id);
  }
});

const applyBoth = triggersWith({
  "apply-report.ts": `import { onReport } from "signalbox";
    export const APPLYDLR = onReport({ channels: ["SMPP1", "SMPP2"] }, (report) => report.apply());`,
});

test("[D13] a report that comes on the other bind of the provider group finds its message", async () => {
  await using one = await site({ group: "ACME", triggers: applyBoth });
  const id = await one.taken("0013");
  await one.provider.bound("second");
  await one.report("13", { on: "second" });
  assert.equal((await one.esme.delivered(1))[0]?.receipt?.messageId, id);
  // And from the database.
  const next = await one.taken("0014");
  await one.gateway.restart();
  await one.provider.bound("second");
  await one.report("14", { on: "second" });
  assert.equal(await one.statusOf(next), "DELIVERED");
});

test("[D14] an id that is used again is the newest message's, whose answer may still be under way", async () => {
  await using one = await site();
  const old = await one.taken("7");
  await one.report("7");
  await one.esme.delivered(1);
  // The provider has wrapped; its report overtakes its answer.
  const [newer, waiting] = await one.submitted();
  await one.report("7", { state: "UNDELIV" });
  assert.equal(await one.statusOf(old), "DELIVERED");
  waiting.answer("7");
  const isThere = async () => (await one.statusOf(newer)) === "SENT";
  assert.ok(await until(isThere, patienceMs));
  await one.hurry();
  const told = (await one.esme.delivered(2)).at(-1);
  assert.deepEqual([told?.receipt?.messageId, told?.receipt?.state], [newer, "UNDELIV"]);
  const [life] = await one.gateway.running.admin.lives(old);
  const reports = life?.entries.filter(
    ({ kind, direction }) => kind === "report" && direction === "in",
  );
  assert.equal(reports?.length, 1, "nothing was told of the old one");
});

test("[D14] of two open messages with one id each gets the report that names its number", async () => {
  await using one = await site();
  const old = await one.taken("8", phone);
  const newer = await one.taken("8", otherPhone);
  await one.report("8", { phone, state: "UNDELIV" });
  await one.report("8", { phone: otherPhone });
  await one.esme.delivered(2);
  assert.equal(await one.statusOf(old), "NOTDELIVERED");
  assert.equal(await one.statusOf(newer), "DELIVERED");
});

test("[D14] an id that was used more often than is looked at still finds the message that waits", async () => {
  await using one = await site();
  const open = await one.taken("9", otherPhone);
  for (let n = 0; n < 6; n += 1) {
    await one.taken("9", phone);
    await one.report("9", { phone });
    await one.esme.delivered(n + 1);
  }
  await one.gateway.restart();
  await one.provider.bound("signalbox");
  await one.report("9", { phone: otherPhone });
  assert.equal(await one.statusOf(open), "DELIVERED");
});

test("a report for a message of five days ago finds it", async () => {
  await using one = await site();
  const id = await one.taken("1001");
  await one.gateway.restart();
  // Ids carry their time, so the life is moved by giving it other ids.
  const shift = (column: string) =>
    `(lpad(to_hex(('x' || lpad(replace(substr(${column}::text, 1, 13), '-', ''), 16, '0'))::bit(64)::bigint
      - 432000000), 12, '0') || substr(replace(${column}::text, '-', ''), 13))::uuid`;
  for (const [table, columns] of [
    ["message", ["id", "root", "parent"]],
    ["attempt", ["id", "root"]],
    ["state", ["id", "root"]],
    ["trace", ["root"]],
  ] as const)
    await one.gateway.query(
      `update ${table} set ${columns.map((column) => `${column} = ${shift(column)}`).join(", ")}`,
    );
  const [moved] = await one.gateway.query<{ id: string }>(`select ${shift(`'${id}'`)} as id`);
  await one.provider.bound("signalbox");
  await one.report("1001");
  assert.equal(await one.statusOf(moved?.id ?? ""), "DELIVERED");
});

test("[D16] a message without the flag that looks like a receipt is one by setting, and else a message", async () => {
  for (const flagless of [true, false]) {
    await using one = await site({ reports: { flagless } });
    const id = await one.taken("16");
    await one.report("16", { more: { esmClass: 0 } });
    await one.gateway.running.settled();
    assert.equal(await one.statusOf(id), flagless ? "DELIVERED" : "SENT");
  }
});

const asking = triggersWith({
  "forward.ts": `import { onMessage } from "signalbox";
    export const FWD = onMessage({ channels: ["SMPP_SERVER1"], order: 20 }, (message) =>
      message.forward({ channel: "SMPP1", ...(message.text?.startsWith("track") === true ? { report: true as const } : {}) }));`,
});

test("[D17] a report is asked for on the wire when the customer did, or a trigger wants it, and else not", async () => {
  await using one = await site({ triggers: asking });
  const asked = async (text: string, registeredDelivery: number) => {
    const { messageId } = await one.esme.submit({ from, to: phone, text, registeredDelivery });
    const waiting = await one.provider.next();
    waiting.answer(`${text}-${registeredDelivery}`);
    return [messageId, waiting.sms.registeredDelivery] as const;
  };
  assert.equal((await asked("plain", 0))[1], 0);
  assert.equal((await asked("plain", 1))[1], 1);
  assert.equal((await asked("plain", 2))[1], 2);
  assert.equal((await asked("track", 0x10))[1], 0x11, "the other bits stay");
  assert.equal((await asked("track", 2))[1], 1);
  const [id, bits] = await asked("track", 0);
  assert.equal(bits, 1);
  await one.report("track-0");
  await one.gateway.running.settled();
  assert.equal(await one.statusOf(id), "DELIVERED");
  assert.equal(one.esme.deliveries.length, 0, "the customer did not ask");
});

test("[A59] a report after NOREPORT corrects it once, flagged, and nothing after that", async () => {
  await using one = await site({ reports: { waitMs: 100 } });
  const id = await one.taken("59");
  await one.esme.delivered(1);
  assert.equal(await one.statusOf(id), "NOREPORT");
  await one.report("59", { state: "UNKNOWN" });
  await one.report("59");
  await one.esme.delivered(2);
  await one.report("59", { state: "UNDELIV" });
  await one.gateway.running.settled();
  assert.equal(await one.statusOf(id), "DELIVERED");
  assert.equal(one.esme.deliveries.length, 2);
  const [life] = await one.gateway.running.admin.lives(id);
  const lines = life?.entries.flatMap(({ log }) => log).filter(({ what }) => what === "reported");
  const late = lines?.filter(({ facts }) => facts["late"] === true);
  assert.equal(late?.length, 1);
  assert.equal(late[0]?.facts["state"], "DELIVRD");
});

test("[D11] whatever reports come in which order, the customer hears one outcome, and it never goes back", async () => {
  await using one = await site();
  const states = fc.array(
    fc.constantFrom("ENROUTE", "ACCEPTD", "DELIVRD", "UNDELIV", "EXPIRED", "REJECTD", "UNKNOWN"),
    { minLength: 1, maxLength: 6 },
  );
  let number = 500;
  await fc.assert(
    fc.asyncProperty(states, async (sequence) => {
      number += 1;
      const before = one.esme.deliveries.length;
      const id = await one.taken(`${number}`);
      for (const state of sequence) await one.report(`${number}`, { state });
      await one.gateway.running.settled();
      const status = await one.statusOf(id);
      const finals = sequence.filter((state) => state !== "ENROUTE" && state !== "ACCEPTD");
      const isGood = (state: string | undefined) =>
        state === "DELIVRD" ? "DELIVERED" : "NOTDELIVERED";
      // UNKNOWN is NOREPORT, which one later final report may correct.
      const first = finals[0];
      const correction = finals.find((state) => state !== "UNKNOWN");
      const expected =
        first === undefined ? "SENT" : correction === undefined ? "NOREPORT" : isGood(correction);
      assert.equal(status, expected, sequence.join(" "));
      const told = one.esme.deliveries.length - before;
      const outcomes =
        (first === undefined ? 0 : 1) + (first === "UNKNOWN" && correction !== undefined ? 1 : 0);
      assert.equal(told, outcomes, sequence.join(" "));
    }),
    { numRuns: 15 },
  );
});

test("unmatched reports are listed with the nearest messages and why, and are matched when the setting is mended", async () => {
  await using one = await site({ reports: { idBase: "same" } });
  const hex = await one.taken("1d6a8");
  await one.report("120488");
  await one.report("404404", { phone: "+4915112345678" });
  await one.report("1d6a", { phone });
  const { admin } = one.gateway.running;
  const isDead = async () => {
    await one.hurry();
    return (await admin.deadLetters()).length === 3;
  };
  assert.ok(await until(isDead, patienceMs), "all are given up");
  const told = (await unmatched(one)).toSorted((a, b) => (a.messageId < b.messageId ? -1 : 1));
  assert.deepEqual(
    told.map(({ messageId, reason }) => [messageId, reason]),
    [
      ["120488", "id_in_other_base"],
      ["1d6a", "id_cut"],
      ["404404", "unknown_number"],
    ],
  );
  const [base] = told;
  assert.match(base?.why ?? "", /1d6a8.*reports\.idBase: hexToDecimal.*SMPP1/);
  assert.deepEqual(
    base?.candidates.map(({ root, providerId, status }) => [root, providerId, status]),
    [[hex, "1d6a8", "SENT"]],
  );
});

test("what was given up is matched again by the mended setting, counted and told step by step", async () => {
  await using one = await site({ reports: { idBase: "same" } });
  const id = await one.taken("1d6a8");
  await one.report("120488");
  await one.report("404404", { phone: "+4915112345678" });
  const isDead = async () => {
    await one.hurry();
    return (await one.gateway.running.admin.deadLetters()).length === 2;
  };
  assert.ok(await until(isDead, patienceMs));
  // The setting is mended here by what the gateway then learns and keeps.
  await one.gateway.query("update attempt set provider_id = '120488'");
  const lines = await flowOf(one, "/v1/reports/rematch", {});
  assert.deepEqual(lines, [
    { done: 0, total: 2 },
    { done: 2, total: 2 },
    { rematched: { matched: 1, unknown: 1, refused: 0 } },
  ]);
  assert.equal((await one.esme.delivered(1))[0]?.receipt?.messageId, id);
  const [left] = await one.gateway.running.admin.deadLetters();
  assert.equal((await one.gateway.running.admin.deadLetters()).length, 1);
  const nobody = await askAdmin(one.gateway.running.admin.socket, "POST", "/v1/reports/rematch", {
    ids: ["01a1fc1e-8a98-7000-a98f-000000000001"],
  });
  assert.equal(nobody.status, 404);
  assert.match(left?.payload ?? "", /404404/);
});
