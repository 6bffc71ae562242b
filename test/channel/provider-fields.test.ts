// The fields by which a provider is configured, each as the provider sees it on the wire.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { test } from "node:test";
import { parse } from "yaml";
import { channelSettings } from "../../src/channel/catalog.ts";
import { placeIn, placeOf } from "../../src/channel/provider-place.ts";
import type { Sms } from "../../src/model/message.ts";
import { COMMAND } from "../../src/smpp/command.ts";
import { settingsSchema } from "../../src/settings.ts";
import { smsOf } from "../../src/simulator/written.ts";
import { startRecordingSmsc } from "../support/recording-smsc.ts";
import { openTestChannel } from "./host.ts";
import { outgoing, reportOut } from "./messages.ts";

const host = "127.0.0.1";

const hello = smsOf({ from: "+15550001111", to: "+15552223333", text: "Hello" });

function client(settings: Record<string, unknown>) {
  const base = { type: "smpp-client", host, systemId: "us", password: "x" };
  return openTestChannel({ ...base, reconnectMs: 60_000, reconnectMostMs: 60_000, ...settings });
}

/** What is wrong with the settings of a client, as `path text`. */
function faultsOf(settings: Record<string, unknown>): readonly string[] {
  const base = { type: "smpp-client", host, systemId: "us", password: "x" };
  const result = channelSettings.safeParse({ ...base, ...settings });
  return (result.error?.issues ?? []).map(({ path, message }) => `${path.join(".")} ${message}`);
}

test("[C18] the provider's address is a name or an address, with its port behind a colon", async () => {
  assert.deepEqual(placeIn("localhost:2800"), { host: "localhost", port: 2800, tls: false });
  assert.deepEqual(placeIn("::1"), { host: "::1", port: undefined, tls: false });
  assert.deepEqual(placeIn("tls:[fe80::1]:99"), { host: "fe80::1", port: 99, tls: true });
  await using smsc = await startRecordingSmsc({ host: "::" });
  for (const name of ["localhost", "127.0.0.1", "[::1]"]) {
    await using ours = await client({ host: `${name}:${smsc.port}` });
    await ours.room();
    assert.match(ours.channel.view().detail, new RegExp(`:${smsc.port}$`));
  }
});

test("[C18] an address that is none, or two ports, are refused with the reason", () => {
  for (const bad of ["a b", "[nine]:1", "host:0", "host:99999", "1:2:3", "user@host", "tls:", ":5"])
    assert.match(faultsOf({ host: bad }).join(), /^host /, bad);
  assert.deepEqual(faultsOf({ host: "a:1", port: 2 }), [
    "port must not be set where `host` names the port (1)",
  ]);
});

test("[C19] a missing port means 2775", async (t) => {
  assert.equal(placeOf({ host: "smpp.example.com" }).port, 2775);
  // On an address of its own, so that whatever else listens on this machine is not in the way.
  const other = "127.0.0.77";
  const server = createServer((socket) => socket.destroy()).listen(2775, other);
  t.after(() => server.close());
  const connected = once(server, "connection");
  await using _ours = await client({ host: other });
  await connected;
});

test("[C20] `tls:` before the address begins with a ClientHello, without it with a bind", async (t) => {
  const server = createServer().listen(0, host);
  t.after(() => server.close());
  await once(server, "listening");
  const at = server.address();
  const port = at !== null && typeof at === "object" ? at.port : 0;
  for (const [prefix, first] of [
    ["tls:", "16 03"],
    ["", "00 00"],
  ] as const) {
    const octets = new Promise<Buffer>((resolve) =>
      server.once("connection", (socket) => {
        socket
          .on("error", () => {})
          .once("data", (data: Buffer) => {
            resolve(data);
            socket.destroy();
          });
      }),
    );
    await using _ours = await client({ host: `${prefix}${host}:${port}` });
    assert.deepEqual(
      (await octets).subarray(0, 2),
      Buffer.from(first.replace(" ", ""), "hex"),
      prefix,
    );
  }
});

test("[C13] a connection comes from the source address, or from where the system says", async () => {
  await using smsc = await startRecordingSmsc();
  await using _chosen = await client({ port: smsc.port, sourceAddress: "127.0.0.2" });
  await using _free = await client({ port: smsc.port, systemId: "free" });
  await smsc.until(({ binds }) => binds.length === 2);
  const from = new Map(smsc.binds.map(({ systemId, remote }) => [systemId, remote.split(":")[0]]));
  assert.deepEqual(Object.fromEntries(from), { us: "127.0.0.2", free: "127.0.0.1" });
});

test("[C13] a source address that is not on this host is told at the start", async () => {
  await assert.rejects(client({ sourceAddress: "192.0.2.1" }), {
    code: "bad_configuration",
    message: /sourceAddress 192\.0\.2\.1 is not an address of this host \(EADDRNOTAVAIL\)/,
  });
  assert.match(faultsOf({ sourceAddress: "eth0" }).join(), /^sourceAddress /);
});

test("[C16] [C21] each mode binds with its own command and the credentials", async () => {
  await using smsc = await startRecordingSmsc();
  for (const [bindType, command] of [
    ["transmitter", COMMAND.bind_transmitter],
    ["receiver", COMMAND.bind_receiver],
    ["transceiver", COMMAND.bind_transceiver],
  ] as const) {
    const before = smsc.pdus.length;
    await using ours = await client({ port: smsc.port, bindType, password: "secret1" });
    await smsc.until(({ bound }) => bound === 1);
    assert.equal(smsc.pdus[before]?.id, command);
    const { systemId, password } = smsc.binds.at(-1) ?? {};
    assert.deepEqual([systemId, password], ["us", "secret1"]);
    await ours.channel.close(1_000);
    await smsc.until(({ bound }) => bound === 0);
  }
});

test("[C22] [C23] what stands behind an @ in the system_id is the system_type, by default none", async () => {
  await using smsc = await startRecordingSmsc();
  for (const [settings, systemId, systemType] of [
    [{ systemId: "user1234" }, "user1234", ""],
    [{ systemId: "user1234@SMPP" }, "user1234", "SMPP"],
    [{ systemId: "a@b@VMA" }, "a@b", "VMA"],
    [{ systemId: "user1234", systemType: "CMT" }, "user1234", "CMT"],
    [{ systemId: "me@home", systemType: "" }, "me@home", ""],
  ] as const) {
    await using ours = await client({ port: smsc.port, ...settings });
    await ours.room();
    const bind = smsc.binds.at(-1);
    assert.deepEqual([bind?.systemId, bind?.systemType], [systemId, systemType]);
  }
});

test("[Y16] [Y17] lengths that SMPP has no room for are refused, and nothing is cut", async () => {
  const long = { systemId: "s".repeat(16), password: "p".repeat(64) };
  assert.deepEqual(faultsOf({ systemId: "" }), [
    "systemId Too small: expected string to have >=1 characters",
  ]);
  assert.deepEqual(faultsOf({ systemId: "s".repeat(17) }), [
    "systemId must have at most 16 characters",
  ]);
  assert.deepEqual(faultsOf({ systemId: `${"s".repeat(16)}@SMPP` }), []);
  assert.deepEqual(faultsOf({ systemId: `s@${"t".repeat(13)}` }), [
    "systemId must have at most 12 characters of system_type",
  ]);
  assert.deepEqual(faultsOf(long), []);
  assert.deepEqual(faultsOf({ ...long, longPasswords: false }), [
    "systemId must have at most 15 characters; `longPasswords: true` allows more",
    "password must have at most 8 characters; `longPasswords: true` allows more",
  ]);
  assert.match(faultsOf({ password: "" }).join(), /^password Too small/);
  assert.match(faultsOf({ password: "p".repeat(65) }).join(), /^password Too big/);
  await using smsc = await startRecordingSmsc();
  await using ours = await client({ port: smsc.port, ...long });
  await ours.room();
  const { systemId, password } = smsc.binds[0] ?? {};
  assert.deepEqual({ systemId, password }, long);
  assert.deepEqual(ours.channel.view().warnings, [
    "systemId has 16 characters, and SMPP has room for 15",
    "password has 64 characters, and SMPP has room for 8",
  ]);
});

test("[C14] each of the ten fields that such a record has elsewhere is a setting", () => {
  const { data, error } = settingsSchema.safeParse({
    channels: {
      NAME: {
        type: "smpp-client",
        bindType: "receiver",
        host: "tls:smpp.example.org:2776",
        systemId: "us@SMPP",
        password: "x",
        sender: "+*",
        recipient: "+4930111",
        dialogs: true,
        encodings: ["gsm7", "ucs2"],
        enquireLinkMs: 60_000,
      },
    },
  });
  assert.equal(error, undefined);
  const { NAME } = data?.channels ?? {};
  assert.ok(NAME?.type === "smpp-client");
  assert.deepEqual([NAME.dialogs, NAME.recipient, NAME.default], [true, "+4930111", false]);
});

test("[A48] [X17] no channel connects anywhere by itself: it must be told where, in the example to the simulator", async () => {
  assert.deepEqual(settingsSchema.parse({ channels: {} }).channels, {});
  const told = { type: "smpp-client", host, systemId: "us", password: "x" };
  const { host: _host, ...nowhere } = told;
  assert.ok(channelSettings.safeParse(told).success);
  assert.ok(!channelSettings.safeParse(nowhere).success);
  const shipped = new URL("../../signalbox.yaml", import.meta.url);
  const { channels, simulator } = parse(await readFile(shipped, "utf8"));
  assert.deepEqual([channels.SMPP1.host, channels.SMPP1.port], ["127.0.0.1", 2785]);
  assert.equal(simulator.port, 2785);
  const provider = settingsSchema.parse({ channels: {}, simulator: {} }).simulator;
  assert.equal(provider?.port, 2785);
});

test("[C12] [C48] how long a dialog lasts is a setting, and beside it stands what too short and too long cost", async () => {
  assert.deepEqual(faultsOf({ dialogMs: 2_000 }), []);
  assert.match(faultsOf({ dialogMs: 999 }).join(), /^dialogMs /);
  assert.match(faultsOf({ dialogMs: 31 * 24 * 3_600_000 }).join(), /^dialogMs /);
  assert.match(faultsOf({ dialogMs: "1 day" }).join(), /^dialogMs /);
  for (const file of ["docs/configuration.md", "docs/signalbox.schema.json"]) {
    const line = (await readFile(file, "utf8"))
      .split("\n")
      .find((one) => one.includes("how long a letter stands"));
    assert.match(
      line ?? "",
      /Too short, and an answer finds nobody.*too long, and many letters/,
      file,
    );
  }
});

test("[C14] a field that nobody knows is refused", () => {
  assert.match(faultsOf({ dialog: true }).join(), /dialog/);
  assert.match(faultsOf({ pingPeriod: 1 }).join(), /pingPeriod/);
});

/** How a sender goes out, as `ton npi digits`. */
async function sentAs(
  settings: Record<string, unknown>,
  froms: readonly string[],
): Promise<readonly string[]> {
  await using smsc = await startRecordingSmsc();
  await using ours = await client({ port: smsc.port, ...settings });
  await ours.room();
  for (const from of froms) {
    const message = outgoing({ from });
    const written = ours.channel.write(message);
    if ("code" in written) return [`${written.code}: ${written.text}`];
    for (const request of written.requests) ours.channel.send(message, request, () => {});
  }
  await smsc.until(({ messages }) => messages.length === froms.length);
  return smsc.messages.map(({ from: { ton, npi, digits } }) => `${ton} ${npi} ${digits}`);
}

test("[C24] [C27] a sender with a plus goes without it as an international number", async () => {
  assert.deepEqual(await sentAs({ sender: "+74992713154" }, ["+1555"]), ["1 1 74992713154"]);
});

test("[C25] [C26] an asterisk, or nothing, stands for the message's own sender", async () => {
  const froms = ["+491701234567@telnum", "ann@null", "+491701234567", "Shop"];
  const own = ["1 1 491701234567", "5 0 ann", "1 1 491701234567", "5 0 Shop"];
  assert.deepEqual(await sentAs({ sender: "*" }, froms), own);
  assert.deepEqual(await sentAs({ sender: "" }, froms), own);
  assert.deepEqual(await sentAs({ sender: "99*" }, ["12345", "ann@null"]), [
    "2 1 9912345",
    "0 1 99ann",
  ]);
});

test("[C28] [X08] what begins with a digit is local, all else letters", async () => {
  assert.deepEqual(await sentAs({ sender: "*" }, ["12345", "0301234567", "ACME"]), [
    "0 1 12345",
    "2 1 0301234567",
    "5 0 ACME",
  ]);
  assert.deepEqual(await sentAs({ sender: "*", senderLocalTon: 3 }, ["12345"]), ["3 1 12345"]);
});

test("a sender that is too long is refused and not cut; without the setting it goes as it came", async () => {
  assert.deepEqual(await sentAs({ sender: `*${"x".repeat(18)}` }, ["abc"]), [
    "bad_source: the sender has 21 characters, 20 at most",
  ]);
  const { ton, npi, digits } = hello.from;
  assert.deepEqual(await sentAs({}, ["whatever"]), [`${ton} ${npi} ${digits}`]);
});

test("[C02] [W02] with a recipient all that the provider brings is for it, without for its own number", async () => {
  for (const [recipient, to] of [
    ["+4930111", "+4930111"],
    ["", "15550002"],
    [undefined, "15550002"],
  ] as const) {
    await using smsc = await startRecordingSmsc();
    await using ours = await client({
      port: smsc.port,
      ...(recipient !== undefined && { recipient }),
    });
    await ours.room();
    const sms: Sms = { ...hello, to: { ton: 0, npi: 1, digits: "15550002" } };
    assert.equal(await smsc.deliver(sms), 0);
    const [event] = ours.events.message;
    assert.equal(event?.message.to, to);
    if (recipient !== "+4930111") continue;
    assert.deepEqual(event?.message.sms?.to, { ton: 1, npi: 1, digits: "4930111" });
    assert.deepEqual(event?.message.log.at(-1)?.facts, { to, was: "15550002" });
  }
});

test("[C07] what is no short message is refused with the reason", async () => {
  await using ours = await client({ port: 1 });
  assert.deepEqual(ours.channel.write(reportOut("Test1")), {
    code: "bad_request",
    text: "a report is for a customer",
  });
});

test("[C05] [C34] an enquire_link comes only when nothing was said for the time of keep alive", async () => {
  await using smsc = await startRecordingSmsc();
  await using ours = await client({ port: smsc.port, enquireLinkMs: 300 });
  await ours.room();
  const asked = () => smsc.pdus.filter(({ id }) => id === COMMAND.enquire_link);
  const message = outgoing();
  // Busy for twice that time, one message each tenth of it.
  const startMs = performance.now();
  while (performance.now() - startMs < 600) {
    const answered = new Promise<void>((resolve) =>
      ours.channel.send(message, hello, () => resolve()),
    );
    await answered;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.equal(asked().length, 0);
  await smsc.until(() => asked().length === 3);
  const [first, , third] = asked();
  const twoMs = (third?.atMs ?? 0) - (first?.atMs ?? 0);
  assert.ok(twoMs >= 550, `two periods in ${Math.round(twoMs)} ms`);
});
