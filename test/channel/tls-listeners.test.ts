// What a listener shows, to whom and whom it takes: several ports, a certificate for each name, files
// that change, and customers with certificates of their own.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { connect as connectTls } from "node:tls";
import { channelSettings } from "../../src/channel/catalog.ts";
import { listenersOf } from "../../src/channel/listening.ts";
import { selfSigned } from "../../src/http/self-signed.ts";
import { systemClock } from "../../src/model/clock.ts";
import { connectEsme } from "../../src/simulator/esme.ts";
import { openTestChannel, type TestChannel } from "./host.ts";
import { customer, files, folderOf, host, own, portOf, server, tlsPort } from "./tls-peers.ts";

/** The common name of the certificate that is shown to who asks for this name. */
async function shownFor(channel: TestChannel, servername?: string): Promise<string> {
  const socket = connectTls({
    host,
    port: tlsPort(channel),
    rejectUnauthorized: false,
    ...(servername !== undefined && { servername }),
  });
  await once(socket, "secureConnect");
  const { subject } = socket.getPeerX509Certificate() ?? {};
  socket.destroy();
  return subject ?? "";
}

/** A file with key and certificate for this name. */
async function both(folder: string, file: string, name: string): Promise<void> {
  const made = await selfSigned([name], systemClock.nowMs(), { commonName: name });
  await writeFile(join(folder, file), made.key + made.certificate, { mode: 0o600 });
}

function plain(port: number) {
  return connectEsme({ host, port, systemId: "Test1", password: "Pwd1" });
}

function faults(settings: object): string[] {
  const parsed = channelSettings.safeParse({ type: "smpp-server", ...settings });
  return parsed.error?.issues.map(({ path, message }) => `${path.join(".")} ${message}`) ?? [];
}

test("[Y06] several listeners take binds, each with its own port, and one that is off is closed", async (t) => {
  const folder = await folderOf(t);
  const free = createServer().listen(0, host);
  await once(free, "listening");
  const off = portOf(free);
  free.close();
  await once(free, "close");
  const listeners = [
    { port: 0 },
    { port: off, enabled: false },
    { port: 0, address: [host] },
    { port: 0, tls: {} },
  ];
  await using ours = await openTestChannel(
    { type: "smpp-server", address: [host], listeners },
    { folder },
  );
  const [first = 0, second = 0, secure = 0, ...more] = ours.channel.ports();
  assert.deepEqual(more, []);
  const words = `listens on ${host}:${first}, ${host}:${second}, with TLS on ${host}:${secure}`;
  assert.equal(ours.channel.view().detail, words);
  for (const port of [first, second]) {
    await using esme = await plain(port);
    assert.equal(esme.bindStatus, 0);
  }
  await using esme = await customer(secure, { rejectUnauthorized: false });
  assert.equal(esme.bindStatus, 0);
  await assert.rejects(plain(off), /nobody listens there/);
});

test("[Y06] [Y07] a listener that names no port is on 2775, with TLS on 2776, short form or list", () => {
  const asked = (settings: object) => {
    const parsed = channelSettings.parse({ type: "smpp-server", address: [host], ...settings });
    assert.ok(parsed.type === "smpp-server");
    return listenersOf(parsed).map(({ address, port, tls }) => [
      address[0],
      port,
      tls !== undefined,
    ]);
  };
  assert.deepEqual(asked({}), [[host, 2775, false]]);
  const two = [
    [host, 2775, false],
    [host, 2776, true],
  ];
  assert.deepEqual(asked({ tls: {} }), two);
  assert.deepEqual(asked({ listeners: [{}, { tls: {} }] }), two);
  assert.deepEqual(asked({ listeners: [{ enabled: false }, { address: ["::"], tls: {} }] }), [
    ["::", 2776, true],
  ]);
});

test("[Y06] the list stands in place of the short form, and something in it is on", () => {
  const beside = "must stand in one of `listeners` where these are set";
  assert.deepEqual(faults({ listeners: [{}], tls: {}, port: 1 }), [
    `tls ${beside}`,
    `port ${beside}`,
  ]);
  assert.match(faults({ listeners: [{ enabled: false }] })[0] ?? "", /one that is enabled/);
  const context = { domains: ["a.example"], certificate: "a.pem" };
  assert.deepEqual(faults({ tls: { contexts: [context, context] } }), [
    "tls.contexts name a domain twice",
  ]);
  assert.match(faults({ tls: { contexts: [{ ...context, domains: ["A"] }] } })[0] ?? "", /lower/);
});

test("[Y11] each name has its certificate, the others see the default one", async (t) => {
  const { folder } = await files(t);
  await both(folder, "a.pem", "a.example");
  await both(folder, "b.pem", "*.b.example");
  const contexts = [
    { domains: ["a.example"], certificate: "a.pem" },
    { domains: ["*.b.example", "c.example"], certificate: "b.pem" },
  ];
  await using ours = await server({ ...own, contexts }, {}, { folder });
  for (const [name, subject] of [
    ["a.example", "CN=a.example"],
    ["A.Example", "CN=a.example"],
    ["one.b.example", "CN=*.b.example"],
    ["c.example", "CN=*.b.example"],
    ["b.example", "CN=signalbox"],
    ["two.one.b.example", "CN=signalbox"],
    ["else.example", "CN=signalbox"],
    [undefined, "CN=signalbox"],
  ] as const)
    assert.equal(await shownFor(ours, name), subject, name ?? "no name");
  const ca = await readFile(join(folder, "a.pem"), "utf8");
  await using esme = await customer(tlsPort(ours), { ca, servername: "a.example" });
  assert.equal(esme.bindStatus, 0);
  // Nobody who checks would take it for that name.
  assert.deepEqual(ours.channel.view().warnings, [
    `the certificate ${join(folder, "b.pem")} is shown for c.example and does not name it`,
  ]);
});

test("[Y08] changed certificates are shown to new connections, bound ones stay, broken ones are not taken", async (t) => {
  const { folder } = await files(t);
  await both(folder, "us.pem", "first.example");
  await both(folder, "a.pem", "a.example");
  const contexts = [{ domains: ["a.example"], certificate: "a.pem" }];
  await using ours = await server({ certificate: "us.pem", contexts }, {}, { folder });
  await using esme = await customer(tlsPort(ours), { rejectUnauthorized: false });
  assert.equal(await shownFor(ours), "CN=first.example");

  await writeFile(join(folder, "us.pem"), "half a file");
  const { facts, level } = await ours.logged(
    "changed certificate files cannot be used; those before stay",
  );
  const why = `channel CHANNEL1: tls.certificate: ${join(folder, "us.pem")} holds no certificate in PEM form`;
  assert.deepEqual([level, facts["why"]], ["error", why]);
  assert.equal(ours.channel.view().certificates?.[0]?.refused, why);
  assert.equal(await shownFor(ours), "CN=first.example");

  await both(folder, "us.pem", "second.example");
  await both(folder, "a.pem", "*.a.example");
  await ours.logged("changed certificate files are in use");
  assert.equal(await shownFor(ours), "CN=second.example");
  assert.equal(await shownFor(ours, "a.example"), "CN=*.a.example");
  assert.equal(ours.channel.view().certificates?.[0]?.refused, undefined);
  assert.equal((await esme.submit({ from: "+1", to: "+1666", text: "x" })).status, 0);
});

/** Why handshakes failed; each is told before its connection is cut. */
function refusals({ lines }: TestChannel): string[] {
  return lines
    .filter(({ text }) => text === "a TLS handshake failed")
    .map(({ facts }) => String(facts["why"]));
}

/** A listener that asks customers for a certificate, and one that it trusts. */
async function asking(t: TestContext, clients: object = {}) {
  const { folder, certificate: cert, key } = await files(t);
  const known = await selfSigned(["shop"], systemClock.nowMs(), { commonName: "Shop, Ltd" });
  await writeFile(join(folder, "customers.pem"), known.certificate);
  const contexts = [{ domains: ["a.example"], certificate: "us.pem", key: "us.key" }];
  const tls = { ...own, contexts, clients: { ca: "customers.pem", ...clients } };
  const ours = await server(tls, {}, { folder });
  const shop = { cert: known.certificate, key: known.key, rejectUnauthorized: false };
  return { ours, shop, stranger: { cert, key, rejectUnauthorized: false } };
}

test("[Y08] where customers need a certificate, triggers see whose it is, and others are cut off and told of", async (t) => {
  const { ours, shop, stranger } = await asking(t);
  await using _ours = ours;
  await using esme = await customer(tlsPort(ours), shop);
  assert.equal(esme.bindStatus, 0);
  // RFC 4514 §2.4: a comma in a name is escaped, so that nobody names himself into another's place.
  assert.equal(ours.events.bind[0]?.tlsSubject, String.raw`CN=Shop\, Ltd`);
  await assert.rejects(customer(tlsPort(ours), { rejectUnauthorized: false }));
  await assert.rejects(customer(tlsPort(ours), stranger));
  const [none, strange, ...more] = refusals(ours);
  assert.equal(none, "it showed no certificate, and tls.clients wants one");
  assert.deepEqual(more, []);
  assert.match(String(strange), /^its certificate was signed by nobody in tls\.clients\.ca/);
  assert.equal(ours.events.bind.length, 1);
  // The same under a name that has a certificate of its own.
  const servername = "a.example";
  await using named = await customer(tlsPort(ours), { ...shop, servername });
  assert.equal(named.bindStatus, 0);
  await assert.rejects(customer(tlsPort(ours), { ...stranger, servername }));
  await assert.rejects(customer(tlsPort(ours), { rejectUnauthorized: false, servername }));
  assert.equal(ours.events.bind[1]?.tlsSubject, String.raw`CN=Shop\, Ltd`);
  assert.equal(refusals(ours).length, 4);
});

test("where a certificate is only asked for, triggers see those that are trusted, and all may come", async (t) => {
  const { ours, shop, stranger } = await asking(t, { require: false });
  await using _ours = ours;
  for (const tls of [shop, stranger, { rejectUnauthorized: false }]) {
    await using esme = await customer(tlsPort(ours), tls);
    assert.equal(esme.bindStatus, 0);
  }
  assert.deepEqual(
    ours.events.bind.map(({ tlsSubject }) => tlsSubject),
    [String.raw`CN=Shop\, Ltd`, undefined, undefined],
  );
});

test("[Y08] who speaks TLS to the plain port is told of in one line", async () => {
  await using ours = await server();
  const [plainPort = 0] = ours.channel.ports();
  const lost = connectTls({ host, port: plainPort, rejectUnauthorized: false });
  await once(lost, "error");
  const { facts, level } = await ours.logged("a peer spoke TLS to a port without it");
  assert.equal(level, "warn");
  assert.match(String(facts["remote"]), /^127\.0\.0\.1:\d+$/);
  const other = connect(plainPort, host).on("error", () => {});
  other.end("GET / HTTP/1.0\r\n\r\n");
  await once(other.resume(), "close");
  assert.equal(
    ours.lines.filter(({ text }) => text === "a peer spoke TLS to a port without it").length,
    1,
  );
});

test("[Y10] a key that others may read is in the view as long as they may", async (t) => {
  const { folder, certificate } = await files(t);
  await chmod(join(folder, "us.key"), 0o640);
  await using ours = await server(own, {}, { folder });
  const { validToDate } = new X509Certificate(certificate);
  assert.deepEqual(ours.channel.view().certificates, [
    {
      path: join(folder, "us.pem"),
      validUntilMs: validToDate.getTime(),
      openKey: join(folder, "us.key"),
      refused: undefined,
    },
  ]);
  await chmod(join(folder, "us.key"), 0o600);
  await ours.logged("changed certificate files are in use");
  assert.equal(ours.channel.view().certificates?.[0]?.openKey, undefined);
});
