// TLS on both sides: customers come with it, and we go to providers with it. Our own listener is
// the provider here, since it is the one peer with a certificate of every kind.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { connect as connectTls, createServer as createTls } from "node:tls";
import { channelSettings } from "../../src/channel/catalog.ts";
import { systemClock } from "../../src/model/clock.ts";
import { connectEsme } from "../../src/simulator/esme.ts";
import { sessionLimits } from "../../src/smpp/limits.ts";
import { openSession } from "../../src/smpp/session.ts";
import { openTestChannel } from "./host.ts";
import {
  client,
  customer,
  files,
  folderOf,
  host,
  madeBy,
  own,
  portOf,
  server,
  tlsPort,
  troubleOf,
} from "./tls-peers.ts";

test("[A16] customers with TLS come to 2776 unless the settings say otherwise", () => {
  const settings = channelSettings.parse({ type: "smpp-server", tls: {} });
  assert.deepEqual(settings.type === "smpp-server" && settings.tls, {
    port: 2776,
    minVersion: "TLSv1.2",
    contexts: [],
  });
});

test("[A04] [A16] [A24] [Y09] a customer binds with TLS, checks the certificate that we made, and sends", async () => {
  await using ours = await server();
  const [plain = 0, secure = 0] = ours.channel.ports();
  assert.equal(
    ours.channel.view().detail,
    `listens on ${host}:${plain}, with TLS on ${host}:${secure}`,
  );
  await using esme = await customer(secure, { ca: await madeBy(ours) });
  assert.equal(esme.bindStatus, 0);
  const { status } = await esme.submit({ from: "+1555", to: "+1666", text: "Hello" });
  assert.equal(status, 0);
  assert.deepEqual(
    ours.channel.sessions().map(({ tls }) => tls),
    [true],
  );
  assert.equal(ours.events.bind[0]?.tls, true);
  await using beside = await connectEsme({ host, port: plain, systemId: "Test2", password: "x" });
  assert.equal(beside.session.tls, false);
});

test("[A17] [A18] IPv4 and IPv6, one address or all of them, with TLS as without", async () => {
  for (const address of [
    ["127.0.0.1", "::1"],
    ["0.0.0.0", "::"],
  ]) {
    await using ours = await server({}, { address });
    const ca = await madeBy(ours);
    const [plain4 = 0, plain6 = 0, secure4 = 0, secure6 = 0] = ours.channel.ports();
    for (const [at, port] of [["127.0.0.1", secure4] as const, ["::1", secure6] as const]) {
      await using esme = await customer(port, { ca }, at);
      assert.equal(esme.bindStatus, 0);
    }
    for (const [at, port] of [["127.0.0.1", plain4] as const, ["::1", plain6] as const]) {
      await using esme = await connectEsme({ host: at, port, systemId: "Test1", password: "x" });
      assert.equal(esme.bindStatus, 0);
    }
    assert.equal(ours.events.bind.length, 4);
  }
});

test("[A18] an address in use closes again what was opened before it", async () => {
  const taken = createServer().listen(0, host);
  await once(taken, "listening");
  const port = portOf(taken);
  const free = createServer().listen(0, host);
  await once(free, "listening");
  const plain = portOf(free);
  free.close();
  await once(free, "close");
  await assert.rejects(server({ port }, { port: plain }), { code: "port_taken" });
  const again = createServer().listen(plain, host);
  await once(again, "listening");
  for (const one of [taken, again]) one.close();
});

test("[A19] the certificate is the same after the next start", async (t) => {
  const folder = await folderOf(t);
  const makers: string[] = [];
  for (let start = 0; start < 2; start += 1) {
    await using ours = await server({}, {}, { folder });
    makers.push(await madeBy(ours));
  }
  assert.equal(makers[0], makers[1]);
});

test("[A19] a certificate of one's own is shown, and a wrong one is refused at the start", async (t) => {
  const { folder, certificate } = await files(t);
  await using ours = await server(own, {}, { folder });
  await using esme = await customer(tlsPort(ours), { ca: certificate });
  assert.equal(esme.bindStatus, 0);
  await assert.rejects(server({ ...own, key: "no.key" }, {}, { folder, name: "SMPP_SERVER1" }), {
    code: "bad_configuration",
    message: `channel SMPP_SERVER1: tls.key: there is no file ${join(folder, "no.key")}`,
  });
  const unset = /tls\.key is not set, and .*us\.pem holds no key; name the file with its key$/;
  await assert.rejects(server({ certificate: "us.pem" }, {}, { folder }), unset);
  await assert.rejects(server({ key: "us.key" }, {}, { folder }), /the key of no certificate/);
});

test("an expired certificate of one's own is listed", async (t) => {
  const { folder } = await files(t, { daysAgo: 4_000 });
  await using ours = await server(own, {}, { folder });
  assert.match(ours.channel.view().detail, /; its certificate has expired$/);
  await using esme = await customer(tlsPort(ours), { rejectUnauthorized: false });
  assert.equal(esme.bindStatus, 0);
});

test("[Y08] who speaks no TLS at the TLS port is cut off, and the rest goes on", async () => {
  await using ours = await server();
  await using esme = await customer(tlsPort(ours), { rejectUnauthorized: false });
  await assert.rejects(
    connectEsme({ host, port: tlsPort(ours), systemId: "Test1", password: "Pwd1" }),
    { code: "connection_lost" },
  );
  const { facts } = await ours.logged("a TLS handshake failed");
  assert.match(String(facts["why"]), /^it does not speak TLS there: it belongs to the plain port/);
  assert.match(String(facts["remote"]), /^127\.0\.0\.1:\d+$/);
  const web = connect(tlsPort(ours), host).on("error", () => {});
  web.end("GET / HTTP/1.0\r\n\r\n");
  await once(web.resume(), "close");
  assert.equal((await esme.submit({ from: "+1", to: "+1666", text: "x" })).status, 0);
});

test("a handshake has a time limit, and those that hang count as connections", async () => {
  await using ours = await server({}, { bindTimeoutMs: 300, sessionsMax: 1 });
  const silent = connect(tlsPort(ours), host);
  await once(silent, "connect");
  const second = connect(tlsPort(ours), host);
  await once(second.resume(), "close");
  assert.equal((await ours.logged("connection refused")).facts["sessionsMax"], 1);
  await once(silent.resume(), "close");
  const { facts } = await ours.logged("a TLS handshake failed");
  assert.equal(facts["why"], "the TLS handshake was not done in time");
  await using esme = await customer(tlsPort(ours), { rejectUnauthorized: false });
  assert.equal(esme.bindStatus, 0);
});

test("a close cuts handshakes and lets sessions end in good order", async () => {
  const ours = await server();
  const silent = connect(tlsPort(ours), host);
  await once(silent, "connect");
  const esme = await customer(tlsPort(ours), { rejectUnauthorized: false });
  await Promise.all([ours[Symbol.asyncDispose](), once(silent.resume(), "close")]);
  assert.equal(await esme.closed, "peer_unbound");
});

test("TLS that is older than minVersion is refused", async () => {
  await using ours = await server({ minVersion: "TLSv1.3" });
  await assert.rejects(
    customer(tlsPort(ours), { rejectUnauthorized: false, maxVersion: "TLSv1.2" }),
    { code: "connection_lost" },
  );
  assert.equal((await ours.logged("a TLS handshake failed")).facts["why"], "its TLS is too old");
  await using esme = await customer(tlsPort(ours), { rejectUnauthorized: false });
  assert.equal(esme.bindStatus, 0);
});

test("a customer who does not trust our certificate is told of in plain words", async () => {
  await using ours = await server();
  // What a peer says first, kept from a real one; the rest of the handshake is ours.
  const bare = createServer().listen(0, host);
  await once(bare, "listening");
  const asking = connectTls({ host, port: portOf(bare), maxVersion: "TLSv1.2" });
  asking.on("error", () => {});
  const [heard] = await once(bare, "connection");
  const [hello] = await once(heard, "data");
  asking.destroy();
  bare.close();

  const peer = connect(tlsPort(ours), host).on("error", () => {});
  peer.write(hello);
  await once(peer, "data");
  // The alert (0x15) by which OpenSSL says that it does not know who signed: fatal, unknown_ca.
  peer.end(Buffer.from("15030300020230", "hex"));
  const { facts } = await ours.logged("a TLS handshake failed");
  assert.equal(facts["why"], "it does not trust our certificate");
});

test("[A04] [C20] [Y15] we bind to a provider with TLS and check its certificate", async () => {
  await using provider = await server();
  const port = tlsPort(provider);
  const folder = join(provider.folder, "kept");
  await using ours = await client(port, { ca: "certificate.pem" }, { folder });
  await ours.room();
  assert.equal(ours.channel.view().detail, `1 of 1 bound to ${host}:${port} with TLS`);
  assert.deepEqual(
    ours.channel.sessions().map(({ tls }) => tls),
    [true],
  );
});

test("[C20] `tls:` before the provider's name begins with a ClientHello, no prefix with a bind", async (t) => {
  const first = Promise.withResolvers<Buffer>();
  let next = first;
  const bare = createServer((socket) => {
    socket.on("error", () => {}).once("data", (octets: Buffer) => next.resolve(octets));
  });
  bare.listen(0, host);
  t.after(() => bare.close());
  await once(bare, "listening");
  const port = portOf(bare);
  {
    await using _secure = await client(port, undefined, { name: "tls:localhost" });
    const hello = await first.promise;
    // A handshake record (0x16) of TLS with a ClientHello (0x01) that names the host (SNI).
    assert.deepEqual([hello[0], hello[1], hello[5]], [0x16, 0x03, 0x01]);
    assert.ok(hello.includes("localhost"));
  }
  next = Promise.withResolvers();
  await using _plain = await client(port, undefined, { name: "localhost" });
  assert.equal((await next.promise).readUInt32BE(4), 0x09);
});

test("[Y15] a provider's certificate that cannot be trusted is listed with the reason", async (t) => {
  await using selfMade = await server();
  const port = tlsPort(selfMade);
  const stranger = await files(t);
  const at = { folder: stranger.folder };
  {
    await using ours = await client(port, true);
    assert.match(await troubleOf(ours), /^its certificate has signed itself: .* tls\.ca$/);
  }
  {
    await using ours = await client(port, { ca: "us.pem" }, at);
    assert.match(await troubleOf(ours), /^its certificate has signed itself: .* tls\.ca$/);
  }
  {
    const folder = join(selfMade.folder, "kept");
    const tls = { ca: "certificate.pem", serverName: "smsc.example.com" };
    await using ours = await client(port, tls, { folder });
    assert.match(
      await troubleOf(ours),
      /^its certificate is for somebody else: .*smsc\.example\.com.* tls\.serverName$/,
    );
  }
  {
    const old = await files(t, { daysAgo: 4_000 });
    await using expired = await server(own, {}, { folder: old.folder });
    await using ours = await client(tlsPort(expired), { ca: "us.pem" }, { folder: old.folder });
    assert.match(await troubleOf(ours), /^its certificate has expired: the provider /);
  }
  {
    await using ours = await client(selfMade.channel.ports()[0] ?? 0, true);
    assert.equal(await troubleOf(ours), "it does not speak TLS there");
  }
});

test("verify: false takes every certificate, serverName stands for the host", async (t) => {
  const { folder } = await files(t, { names: ["smsc.example.com"] });
  await using provider = await server(own, {}, { folder });
  await using careless = await client(tlsPort(provider), { verify: false });
  await careless.room();
  const tls = { ca: "us.pem", serverName: "smsc.example.com" };
  await using careful = await client(tlsPort(provider), tls, { folder });
  await careful.room();
});

test("a provider that asks who we are is shown our certificate", async (t) => {
  const { folder, certificate: cert, key } = await files(t);
  const seen = Promise.withResolvers<string>();
  const provider = createTls({ cert, key, requestCert: true, ca: cert }, (socket) => {
    seen.resolve(String(socket.getPeerCertificate().subject.CN));
    openSession(socket, {
      role: "smsc",
      limits: sessionLimits,
      clock: systemClock,
      owner: {
        bind: (request, session) => session.answerBind(request, 0, "them"),
        shortMessage() {},
        closed() {},
      },
    });
  });
  provider.listen(0, host);
  t.after(() => provider.close());
  await once(provider, "listening");
  const port = portOf(provider);
  await using ours = await client(port, { ca: "us.pem", ...own }, { folder });
  await ours.room();
  assert.equal(await seen.promise, "signalbox");
});

test("a provider that misses our certificate is listed with that", async (t) => {
  const { folder, certificate: cert, key } = await files(t);
  const provider = createTls({ cert, key, requestCert: true, ca: cert }).listen(0, host);
  t.after(() => provider.close());
  await once(provider, "listening");
  await using ours = await client(portOf(provider), { ca: "us.pem" }, { folder });
  // In TLS 1.3 the handshake is over for us before the provider looks.
  assert.match(
    await troubleOf(ours),
    /^ended before it was bound: \w+ \(.*certificate required\)$/,
  );
});

test("a client's files that cannot be used are refused at the start", async (t) => {
  const { folder } = await files(t);
  await mkdir(join(folder, "empty"));
  await assert.rejects(client(1, { ca: "no.pem" }, { folder }), {
    code: "bad_configuration",
    message: `channel CHANNEL1: tls.ca: there is no file ${join(folder, "no.pem")}`,
  });
  await assert.rejects(client(1, { ca: "us.key" }, { folder }), /tls\.ca: .* holds no certificate/);
  await assert.rejects(client(1, { key: "us.key" }, { folder }), /the key of no certificate/);
});

test("a handshake that the provider leaves hanging ends with connectTimeoutMs", async (t) => {
  const silent = createServer((socket) => void socket.on("error", () => {}).resume());
  silent.listen(0, host);
  t.after(() => silent.close());
  await once(silent, "listening");
  const port = portOf(silent);
  await using ours = await openTestChannel({
    type: "smpp-client",
    host,
    port,
    systemId: "us",
    password: "x",
    tls: true,
    connectTimeoutMs: 100,
    reconnectMs: 60_000,
    reconnectMostMs: 60_000,
  });
  assert.equal(await troubleOf(ours), "no connection in time");
});
