/** A provider over HTTP as a channel: what it is asked, what answers mean, and what calls back. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer, get } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { test } from "node:test";
import type { SendResult } from "../../src/channel/channel.ts";
import { channelSettings } from "../../src/channel/catalog.ts";
import { selfSigned } from "../../src/http/self-signed.ts";
import type { Message, Sms } from "../../src/model/message.ts";
import { smsOf } from "../../src/simulator/written.ts";
import { openTestChannel, type OpenOptions, type TestChannel } from "./host.ts";
import { handOver, outgoing } from "./messages.ts";

const host = "127.0.0.1";
const secret = "callback secret";

type Answering = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** A web server of a provider; what it answers may change. */
async function startWeb(answering: Answering, port = 0) {
  const web = { answering };
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => web.answering(request, response, body));
  });
  server.listen(port, host);
  await once(server, "listening");
  const address = server.address() as AddressInfo;
  return Object.assign(web, {
    port: address.port,
    url: `http://${host}:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  });
}

const says =
  (status: number, body: string, headers: Record<string, string> = {}): Answering =>
  (_request, response) =>
    void response.writeHead(status, headers).end(body);

const taken = says(202, '{"messages":[{"id":"m1","status":"accepted"}]}');

const open = (url: string, more: object = {}, options: OpenOptions = {}) =>
  openTestChannel(
    {
      type: "http-client",
      provider: "rest-json",
      url,
      password: "key 1",
      reconnectMs: 20,
      ...more,
    },
    options,
  );

const sent = (one: TestChannel, changes: Partial<Message> = {}): Promise<SendResult> =>
  new Promise((resolve) => handOver(one.channel, outgoing(changes), resolve));

const smsWith = (changes: Partial<Sms>): Partial<Message> => ({
  sms: { ...smsOf({ from: "+15550001111", to: "+15552223333", text: "Hello" }), ...changes },
});

test("answers become results as the file says, also those that no rule knows", async () => {
  await using web = await startWeb(taken);
  await using one = await open(`${web.url}/base/`, { responseTimeoutMs: 300, answerOctets: 1_024 });
  await one.room();
  let asked: IncomingMessage | undefined;
  web.answering = (request, response, body) => {
    asked = request;
    taken(request, response, body);
  };
  assert.deepEqual(await sent(one), { kind: "taken", providerId: "m1" });
  assert.equal(asked?.url, "/base/v1/messages");
  assert.equal(asked.headers["authorization"], "Bearer key 1");
  assert.equal(asked.headers["idempotency-key"], outgoing().id, "the same at each try");

  web.answering = says(400, '{"error":{"code":"invalid_recipient"}}');
  const badNumber = { kind: "refused", status: 0x0b, text: "HTTP 400 invalid_recipient" };
  assert.deepEqual(await sent(one), badNumber);
  // It was written, and nobody knows what became of it.
  web.answering = () => undefined;
  assert.deepEqual(await sent(one), { kind: "uncertain", why: "response_timeout" });
  web.answering = (request) => request.socket.destroy();
  assert.deepEqual(await sent(one), { kind: "uncertain", why: "connection_lost" });
  web.answering = says(200, "x".repeat(2_000));
  assert.deepEqual(await sent(one), { kind: "uncertain", why: "connection_lost" });
  web.answering = says(200, "<html>key 1</html>");
  assert.deepEqual(await sent(one), {
    kind: "refused",
    status: 0x45,
    text: "HTTP 200 an answer that no rule knows",
  });
  // What it says may repeat our key.
  web.answering = says(400, '{"error":{"code":"no such key: key 1"}}');
  assert.deepEqual(await sent(one), {
    kind: "refused",
    status: 0x45,
    text: "HTTP 400 no such key: ***",
  });
  web.answering = says(302, "", { location: "http://192.0.2.1/" });
  const moved = await sent(one);
  assert.ok(moved.kind === "refused" && moved.status === 0x45, "no redirect is followed");
  assert.equal(one.channel.view().state, "up");
  assert.equal(one.channel.traffic().timedOut, 1);
});

test("the window, the rate and a provider's own `later` hold it back", async () => {
  const waiting: ServerResponse[] = [];
  let came = (): void => undefined;
  await using web = await startWeb((_request, response) => {
    waiting.push(response);
    came();
  });
  await using one = await open(web.url, { windowRequests: 2 });
  await one.room();
  const results = [sent(one), sent(one)];
  assert.equal(one.channel.room(undefined), 0);
  while (waiting.length < 2) await new Promise<void>((resolve) => (came = resolve));
  for (const response of waiting) taken({} as IncomingMessage, response, "");
  assert.deepEqual(
    (await Promise.all(results)).map(({ kind }) => kind),
    ["taken", "taken"],
  );
  assert.equal(one.channel.room(undefined), 2);

  web.answering = says(429, '{"error":{"code":"rate_limited"}}', { "retry-after": "1" });
  const later = await sent(one);
  assert.ok(later.kind === "refused" && later.status === 0x58);
  assert.equal(one.channel.room(undefined), 0);
  assert.equal(one.channel.isPaced?.(), true);
  await one.room();

  await using slow = await open(web.url, { rate: "1/second burst 1" });
  await slow.room();
  web.answering = taken;
  await sent(slow);
  assert.equal(slow.channel.room(undefined), 0);
  assert.equal(slow.channel.isPaced?.(), true);
});

test("[C06] while nobody is there nothing is sent; a wrong key holds all but one message at a time", async () => {
  const first = await startWeb(taken);
  const { port, url } = first;
  await using one = await open(url);
  await one.room();
  await first[Symbol.asyncDispose]();
  const gone = await sent(one);
  assert.deepEqual(gone, { kind: "refused", status: 0x08, text: "ECONNREFUSED" });
  assert.equal(one.channel.view().state, "down");
  assert.equal(one.channel.room(undefined), 0);
  await using web = await startWeb(says(401, '{"error":{"code":"unauthorized"}}'), port);
  // It looks by itself; no message is risked for it.
  await one.room();
  assert.equal(one.channel.view().state, "up");
  const refused = await sent(one);
  assert.ok(refused.kind === "refused" && refused.status === 0x08, "it is tried again");
  assert.match(one.channel.view().detail, /HTTP 401 unauthorized/);
  await one.room();
  assert.equal(one.channel.room(undefined), 1, "one, to see whether the key is good now");
  web.answering = taken;
  assert.equal((await sent(one)).kind, "taken");
  assert.equal(one.channel.view().state, "up");
  const changes = one.events.channel.map(({ what }) => what);
  assert.deepEqual(changes, ["up", "down", "up", "down", "up"]);

  await one.channel.drain(1_000);
  assert.deepEqual([one.channel.view().state, one.channel.room(undefined)], ["off", 0]);
  one.channel.resume();
  await one.room();
});

test("[A51] text, octets and parts go as the file has them, and what it has no way for fails with words", async () => {
  let got: unknown;
  await using web = await startWeb((request, response, body) => {
    got = JSON.parse(body);
    taken(request, response, body);
  });
  await using one = await open(web.url, { sender: "4444" });
  await one.room();
  const body = async (changes: Partial<Sms>): Promise<unknown> => {
    assert.equal((await sent(one, smsWith(changes))).kind, "taken");
    return got;
  };
  const common = { to: "+15552223333", from: "4444", reference: outgoing().id, report: false };
  const text = "Grüße, 你好";
  assert.deepEqual(
    await body({
      dataCoding: 8,
      octets: Buffer.from(text, "utf16le").swap16(),
      validityPeriod: "000000010000000R",
    }),
    { ...common, text, type: "unicode", flash: false, validity: 3_600 },
  );
  const long = "a".repeat(300);
  assert.deepEqual(await body({ text: long, octets: Buffer.alloc(0), dataCoding: 0x10 }), {
    ...common,
    text: long,
    type: "text",
    flash: true,
  });
  const octets = Buffer.from("0605040b8423f0deadbeef", "hex");
  assert.deepEqual(await body({ dataCoding: 4, esmClass: 0x40, octets }), {
    ...common,
    data: "deadbeef",
    udh: "0605040b8423f0",
    type: "binary",
  });
  const part = Buffer.concat([Buffer.from("050003aa0201", "hex"), Buffer.from("part")]);
  assert.deepEqual(await body({ esmClass: 0x40, octets: part }), {
    ...common,
    text: "part",
    udh: "050003aa0201",
    type: "text",
    flash: false,
  });
  const tooLong = one.channel.write(
    outgoing(smsWith({ text: "a".repeat(5_000), octets: Buffer.alloc(0) })),
  );
  assert.deepEqual(tooLong, { code: "message_too_long", text: "33 parts, 10 at most" });

  await using xml = await open(web.url, { provider: "xml-post", values: { service: "s" } });
  const cannot = (changes: Partial<Sms>) => {
    const written = xml.channel.write(outgoing(smsWith(changes)));
    return "code" in written && `${written.code}: ${written.text}`;
  };
  assert.match(String(cannot({ dataCoding: 4, octets })), /^bad_data_coding: .*`binary`/);
  assert.match(String(cannot({ esmClass: 0x40, octets: part })), /^bad_esm_class: .*`join: true`/);
});

test("callbacks are answered after the commit; who is not the provider, and what is not right, is told so", async () => {
  await using web = await startWeb(taken);
  let answer: () =>
    | { kind: "accepted" }
    | { kind: "refused"; code: "try_later" | "bad_destination"; reason: "" } = () => ({
    kind: "accepted",
  });
  const callbacks = { port: 0, secret, bodyOctets: 2_048 };
  await using one = await open(
    web.url,
    { callbacks },
    {
      answers: {
        report: () => answer(),
        message: () => {
          const given = answer();
          return given.kind === "accepted" ? { ...given, id: "id-1" } : given;
        },
      },
    },
  );
  const [port] = one.channel.ports();
  const there = `http://${host}:${port}`;
  const call = async (
    body: string,
    { ageMs = 0, key = secret, path = "/reports", method = "POST" } = {},
  ) => {
    const timestamp = String(Math.floor((Date.now() - ageMs) / 1_000));
    const signature = createHmac("sha256", key).update(`${timestamp}.${body}`).digest("hex");
    const headers = { "x-timestamp": timestamp, "x-signature": `sha256=${signature}` };
    const answered = await fetch(`${there}${path}`, {
      method,
      headers,
      ...(method === "POST" && { body }),
    });
    await answered.text();
    return answered.status;
  };
  const report = '{"type":"report","message_id":"m1","status":"delivered","to":"+31612345678"}';
  const message =
    '{"type":"message","message_id":"in1","from":"31612345678","to":"1234","text":"Hi"}';
  const list = (...events: string[]) => `{"events":[${events.join()}]}`;

  assert.equal(await call(list(report, message)), 200);
  const { report: told, from, session } = one.events.report[0] ?? {};
  assert.deepEqual(
    [told?.messageId, told?.state, from, session],
    ["m1", "DELIVRD", "+31612345678", undefined],
  );
  const event = one.events.message[0];
  assert.deepEqual(
    [event?.text, event?.parts, event?.origin, event?.message.from, event?.message.to],
    ["Hi", 1, "provider", "+31612345678", "1234"],
  );
  // The provider calls again, because our answer was late: the message is not there twice.
  assert.equal(await call(list(report, message)), 200);
  assert.deepEqual([one.events.report.length, one.events.message.length], [2, 1]);
  // What was not taken is to come again, and then it is.
  answer = () => ({ kind: "refused", code: "try_later", reason: "" });
  const second = message.replace("in1", "in2");
  assert.equal(await call(list(second)), 503);
  answer = () => ({ kind: "refused", code: "bad_destination", reason: "" });
  assert.equal(await call(list(second)), 400);
  answer = () => ({ kind: "accepted" });
  assert.equal(await call(list(second)), 200);
  assert.equal(one.events.message.length, 4);
  assert.equal(await call(list()), 200, "an empty list is no fault");
  assert.equal(await call(list('{"type":"clicked"}')), 200, "nor is what nobody asked for");

  const before = one.events.report.length;
  assert.equal(await call(list(report), { key: "forged" }), 401);
  assert.equal(await call(list(report), { ageMs: 10 * 60_000 }), 401, "played again later");
  assert.equal(await call("{", {}), 400);
  assert.equal(await call(list('{"type":"report","status":"delivered"}')), 422);
  assert.equal(await call(list(report), { path: "/elsewhere" }), 404);
  assert.equal(await call("", { method: "GET" }), 405);
  assert.equal(await call(list(`"${"x".repeat(3_000)}"`)), 413);
  assert.equal(one.events.report.length, before, "nothing of it was told");
  assert.equal(one.channel.traffic().refused, 8, "and the refusal of 400 above");
  const logged = JSON.stringify(one.lines);
  assert.ok(!logged.includes(secret) && !logged.includes("Hi"), logged);

  // A flood of headers ends the connection, and so does a request that never ends (10 s, not waited for here).
  const socket = connect(port ?? 0, host);
  socket.write(
    `POST /reports HTTP/1.1\r\nHost: x\r\n${`X: ${"y".repeat(1_000)}\r\n`.repeat(40)}\r\n`,
  );
  const [reply] = await once(socket, "data");
  assert.match(String(reply), /^HTTP\/1\.1 431/);
  socket.destroy();

  await one.channel.drain(1_000);
  assert.equal(await call(list(report)), 503, "while it is drained nobody is let in");
});

test("a flood of callbacks is 503 above the limit, and the first are answered all the same", async () => {
  await using web = await startWeb(taken);
  let came = (): void => undefined;
  let decide = (): void => undefined;
  const decided = new Promise<void>((resolve) => (decide = resolve));
  const callbacks = { port: 0, secret, requestsMax: 2 };
  await using one = await open(
    web.url,
    { provider: "cgi-form", callbacks },
    {
      answers: {
        async report() {
          came();
          await decided;
          return { kind: "accepted" };
        },
      },
    },
  );
  const there = `http://${host}:${one.channel.ports()[0]}/${encodeURIComponent(secret)}/reports`;
  const call = (id: number) => fetch(`${there}?id=${id}-1&status=1&to=31612345678`);
  const first = [call(1), call(2)];
  while (one.events.report.length < 2) await new Promise<void>((resolve) => (came = resolve));
  const flood = await Promise.all(Array.from({ length: 20 }, (_, n) => call(n + 3)));
  for (const { status, headers } of flood)
    assert.deepEqual([status, headers.get("retry-after")], [503, "5"]);
  assert.equal(one.events.report.length, 2, "nothing of it was decided");
  decide();
  assert.deepEqual(
    (await Promise.all(first)).map(({ status }) => status),
    [200, 200],
  );
  assert.equal((await call(3)).status, 200, "it may come again");
});

test("a provider that signs nothing is known by the path, by Basic, or by its address", async () => {
  await using web = await startWeb(taken);
  const callbacks = { port: 0, secret };
  const get = async (one: TestChannel, path: string, init: RequestInit = {}) => {
    const answered = await fetch(`http://${host}:${one.channel.ports()[0]}${path}`, init);
    return `${answered.status} ${(await answered.text()).trim()}`;
  };
  await using form = await open(web.url, { provider: "cgi-form", callbacks });
  const query = "?id=7-1&status=2&err=1B&to=31612345678";
  assert.equal(await get(form, `/${encodeURIComponent(secret)}/reports${query}`), "200 OK");
  assert.equal(await get(form, `/reports${query}`), "404 nothing is there");
  assert.equal(await get(form, `/wrong/reports${query}`), "404 nothing is there");
  const { report } = form.events.report[0] ?? {};
  assert.deepEqual(
    [report?.messageId, report?.state, report?.raw ?? report?.error],
    ["7-1", "UNDELIV", "1B"],
  );

  const settings = { provider: "xml-post", values: { service: "s" }, user: "we" };
  await using xml = await open(web.url, { ...settings, callbacks });
  const body = '<notify><report id="A1"><status>failed</status></report></notify>';
  const authorization = `Basic ${Buffer.from(`we:${secret}`).toString("base64")}`;
  const post = { method: "POST", body };
  assert.equal(await get(xml, "/callback", { ...post, headers: { authorization } }), "200 <ack/>");
  assert.match(await get(xml, "/callback", post), /^401/);
  const evil = '<!DOCTYPE x [<!ENTITY a "b">]><notify/>';
  assert.match(
    await get(xml, "/callback", { ...post, body: evil, headers: { authorization } }),
    /^400/,
  );
  assert.equal(xml.events.report.length, 1);

  const allow = "192.0.2.0/24";
  await using other = await open(web.url, { provider: "cgi-form", callbacks: { port: 0, allow } });
  assert.equal(await get(other, `/reports${query}`), "403 not from there");
});

test("[A04] https is checked as for SMPP, and callbacks come by TLS where the listener has it", async () => {
  const { key, certificate: cert } = await selfSigned(["localhost"], Date.now());
  const server = createTlsServer({ key, cert }, (request, response) => {
    request.resume();
    request.on("end", () => taken(request, response, ""));
  });
  server.listen(0, host);
  await once(server, "listening");
  const address = server.address() as AddressInfo;
  try {
    const url = `https://localhost:${address.port}`;
    await using strict = await open(url);
    await using lax = await open(url, {
      tls: { verify: false },
      callbacks: { port: 0, secret, tls: {} },
    });
    await lax.room();
    assert.deepEqual(await sent(lax), { kind: "taken", providerId: "m1" });
    const [port] = lax.channel.ports();
    const [answered] = (await once(
      get({ host, port, path: "/reports", rejectUnauthorized: false }),
      "response",
    )) as [IncomingMessage];
    assert.equal(answered.statusCode, 405);
    answered.resume();
    assert.equal(strict.channel.view().state, "down");
    assert.equal(strict.channel.room(undefined), 0);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("settings that cannot work are refused with the place and the reason", async () => {
  const url = "https://sms.example.com";
  const faults = (more: object): string[] => {
    const parsed = channelSettings.safeParse({
      type: "http-client",
      provider: "rest-json",
      url,
      ...more,
    });
    return parsed.success
      ? []
      : parsed.error.issues.map(({ path, message }) => `${path.join(".")} ${message}`);
  };
  assert.deepEqual(faults({}), []);
  assert.match(faults({ url: "ftp://x" }).join(), /url must begin with https/);
  assert.match(faults({ url: "https://me:pw@x" }).join(), /url must hold no password/);
  assert.match(
    faults({ callbacks: { address: "0.0.0.0" } }).join(),
    /callbacks.secret must be set because others/,
  );
  assert.deepEqual(faults({ callbacks: { address: "0.0.0.0", allow: "192.0.2.0/24" } }), []);
  assert.match(faults({ callbacks: { allow: "x" } }).join(), /callbacks.allow .*no address/);
  assert.match(faults({ url: "http://x", tls: { verify: false } }).join(), /tls needs an https/);

  const why = async (more: object): Promise<string> =>
    open(url, more).then(
      () => "",
      (cause: unknown) => (cause instanceof Error ? cause.message : ""),
    );
  assert.match(
    await why({ provider: "nobody" }),
    /CHANNEL1.*is no provider; shipped are cgi-form, rest-json, xml-post/,
  );
  assert.match(await why({ provider: "./none.yaml" }), /does not exist: \.\/none\.yaml/);
  assert.match(await why({ provider: "xml-post" }), /values must have service/);
  assert.match(
    await why({ values: { more: "1" } }),
    /values has more, which its file does not know/,
  );
  assert.match(await why({ callbacks: { port: 0 } }), /callbacks.secret must be set/);
});
