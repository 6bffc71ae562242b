// Requests that scripts ask for, against real servers on 127.0.0.1; names are told by a name server of ours.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer } from "node:net";
import { test, type TestContext } from "node:test";
import {
  createFetch,
  type FetchRequest,
  type FetchSettings,
  type ResolveName,
} from "../../src/http/fetch.ts";
import { hostListFrom } from "../../src/http/host-list.ts";
import { createAddressGuard } from "../../src/http/private-address.ts";
import { selfSigned } from "../../src/http/self-signed.ts";
import { GatewayError } from "../../src/model/error.ts";

test("the guard lets through what is public, and nothing else in any of its forms", () => {
  const guard = createAddressGuard([]);
  for (const address of ["8.8.8.8", "2a00:1450:4001::1", "::ffff:8.8.8.8", "64:ff9b::808:808"])
    assert.equal(guard(address), true, address);
  const refused = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "0:0:0:0:0:0:0:1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "0:0:0:0:0:ffff:a00:1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "localhost",
    "example.com",
    "",
    "1.2.3",
  ];
  for (const address of refused) assert.equal(guard(address), false, address);
});

test("networks that are named are let through, also as mapped addresses", () => {
  const guard = createAddressGuard(["127.0.0.0/8", "10.1.0.0/16", "fd00::/8"]);
  for (const address of ["127.0.0.1", "::ffff:127.0.0.1", "10.1.9.9", "fd12::1"])
    assert.equal(guard(address), true, address);
  for (const address of ["10.2.0.1", "::1", "192.168.0.1"]) assert.equal(guard(address), false);
  assert.throws(() => createAddressGuard(["10.0.0.0/33"]), { code: "bad_request" });
});

test("a host is allowed by name, by what stands above it, by port and by scheme", () => {
  const hosts = hostListFrom([
    "api.example.com",
    "*.example.org",
    "odd.example.com:8443",
    "any.example.com:*",
    "http://plain.example.com",
    "[2001:db8::1]:*",
  ]);
  const allowed = [
    "https://api.example.com/x",
    "https://API.example.com:443/",
    "https://a.b.example.org/",
    "https://odd.example.com:8443/",
    "https://any.example.com:1/",
    "http://plain.example.com/",
    "https://[2001:db8:0::1]:9/",
  ];
  for (const url of allowed) assert.equal(hosts.refusal(new URL(url)), undefined, url);
  const refused = [
    "http://api.example.com/",
    "https://api.example.com:8080/",
    "https://example.org/",
    "https://evilexample.org/",
    "https://odd.example.com/",
    "https://plain.example.com/",
    "https://api.example.com.evil.example/",
    "https://api.example.com./",
    "ftp://api.example.com/",
  ];
  for (const url of refused) assert.notEqual(hosts.refusal(new URL(url)), undefined, url);
  for (const text of ["", "*", "*.", "a b", "ftp://x", "x/y", "user@x", "x:99999"])
    assert.throws(() => hostListFrom([text]), { code: "bad_request" }, text);
});

test("a request arrives as it was asked, with a key that makes it once", async (t) => {
  const seen: { request: IncomingMessage; body: string }[] = [];
  const { origin } = await serving(t, (request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => {
      seen.push({ request, body });
      response.writeHead(201, { "content-type": "application/json", "x-two": ["a", "b"] });
      response.end('{"ok":true}');
    });
  });
  const { fetch } = fetcher(t);
  const answer = await fetch({
    ...get(`${origin}/things?a=1#part`),
    method: "POST",
    headers: [["Authorization", "Bearer x"]],
    body: "hello",
  });
  assert.equal(answer.status, 201);
  assert.equal(answer.text, '{"ok":true}');
  assert.equal(answer.headers["x-two"], "a, b");
  assert.equal(seen[0]?.body, "hello");
  assert.equal(seen[0].request.url, "/things?a=1");
  assert.equal(seen[0].request.headers.authorization, "Bearer x");
  assert.equal(seen[0].request.headers["idempotency-key"], "event-1:ASK:0");
});

test("addresses that are not public are refused in each way to write them", async (t) => {
  const { port } = await serving(t, (_request, response) => response.end("inside"));
  const { fetch } = fetcher(t, { hosts: undefined, allowPrivate: [] });
  const forms = [
    "127.0.0.1",
    "2130706433",
    "0x7f.1",
    "0x7f000001",
    "0177.0.0.1",
    "127.1",
    "localhost",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "0",
  ];
  for (const form of forms)
    await assert.rejects(fetch(get(`http://${form}:${port}/`)), { code: "fetch_refused" }, form);
});

test("what a name has become is looked at, and exactly that is connected to", async (t) => {
  const { port } = await serving(t, (_request, response) => response.end("inside"));
  const asked: string[] = [];
  // A name server that answers with a public address first and with one of ours from then on.
  const rebinding: ResolveName = (name) => {
    asked.push(name);
    const address = asked.length === 1 ? "10.0.0.1" : "127.0.0.1";
    return Promise.resolve([{ address, family: 4 }]);
  };
  const { fetch } = fetcher(t, { hosts: undefined, allowPrivate: ["127.0.0.0/8"] }, rebinding);
  const url = `http://rebind.example:${port}/`;
  await assert.rejects(
    fetch(get(url)),
    /rebind\.example is 10\.0\.0\.1, which is no public address/,
  );
  assert.equal((await fetch(get(url))).text, "inside");
  assert.deepEqual(asked, ["rebind.example", "rebind.example"]);
});

test("of several addresses only those that may be are connected to", async (t) => {
  const { port } = await serving(t, (_request, response) => response.end("here"));
  const both: ResolveName = () =>
    Promise.resolve([
      { address: "10.255.255.1", family: 4 },
      { address: "127.0.0.1", family: 4 },
    ]);
  const { fetch } = fetcher(t, { hosts: undefined }, both);
  assert.equal((await fetch(get(`http://two.example:${port}/`))).text, "here");
});

test("three redirects on one host are followed, a fourth and one to another host are not", async (t) => {
  let others = 0;
  const other = await serving(t, (_request, response) => {
    others += 1;
    response.end("other");
  });
  const { origin } = await serving(t, (request, response) => {
    const at = Number(request.url?.slice(1));
    if (request.url === "/away")
      response.writeHead(302, { location: `http://localhost:${other.port}/` });
    else if (request.url === "/plain") response.writeHead(302, { location: "ftp://x/" });
    else if (at > 0) response.writeHead(302, { location: `/${at - 1}` });
    response.end(`${request.method} ${String(request.headers["x-key"] ?? "")}`);
  });
  const { fetch } = fetcher(t, { hosts: ["http://127.0.0.1:*", "http://localhost:*"] });
  const asked = {
    ...get(`${origin}/3`),
    method: "POST",
    body: "b",
    headers: [["X-Key", "k"]],
  } as const;
  assert.equal((await fetch(asked)).text, "GET k");
  await assert.rejects(fetch(get(`${origin}/4`)), /leads on more than 3 times/);
  await assert.rejects(fetch(get(`${origin}/away`)), /localhost, which is another host/);
  await assert.rejects(fetch(get(`${origin}/plain`)), /ftp: is not spoken/);
  assert.equal(others, 0);
});

test("a server that is silent, slow, too large or broken is told as such", async (t) => {
  const { origin } = await serving(t, (request, response) => {
    if (request.url === "/large") response.end("x".repeat(3_000));
    else if (request.url === "/told")
      response.writeHead(200, { "content-length": "9000" }).flushHeaders();
    else if (request.url === "/packed")
      response.writeHead(200, { "content-encoding": "gzip" }).end("x");
    else if (request.url === "/headers")
      response.writeHead(200, { "x-long": "x".repeat(20_000) }).end();
    else if (request.url === "/half") response.write("half");
    else if (request.url === "/broken") request.socket.destroy();
  });
  const { fetch } = fetcher(t, { octetsMax: 2_000, timeoutMs: 30_000 });
  const failing = async (path: string, words: RegExp, timeoutMs?: number) =>
    assert.rejects(fetch({ ...get(origin + path), timeoutMs }), (error: unknown) => {
      assert(error instanceof GatewayError);
      assert.equal(error.code, "fetch_failed");
      assert.match(error.message, words);
      return true;
    });
  await failing("/large", /larger than 2000 octets/);
  await failing("/told", /larger than 2000 octets/);
  await failing("/packed", /packed \(gzip\)/);
  await failing("/headers", /headers of the answer are larger/);
  await failing("/broken", /the connection was broken/);
  await failing("/silent", /no answer within 100 ms/, 100);
  await failing("/half", /no answer within 100 ms/, 100);
});

test("what cannot be asked is refused before anything is sent", async (t) => {
  let seen = 0;
  const { origin } = await serving(t, (_request, response) => {
    seen += 1;
    response.end();
  });
  const { fetch } = fetcher(t, { octetsMax: 2_000 });
  const refused = async (asked: Partial<FetchRequest>, words: RegExp) =>
    assert.rejects(fetch({ ...get(origin), ...asked }), words);
  await refused({ url: "nonsense" }, /nonsense: it is no address/);
  await refused({ url: origin.replace("//", "//user:pass@") }, /no place in an address/);
  await refused({ url: "file:///etc/passwd" }, /file: is not spoken/);
  await refused({ method: "CONNECT" }, /no method/);
  await refused({ method: "POST", body: "x".repeat(2_001) }, /body is larger than 2000 octets/);
  await refused({ headers: [["Host", "other"]] }, /host is not for a script/);
  await refused(
    { headers: [["Transfer-Encoding", "chunked"]] },
    /transfer-encoding is not for a script/,
  );
  await refused({ headers: [["x", "a\r\ny: b"]] }, /cannot be written/);
  await refused({ headers: [["x y", "a"]] }, /cannot be written/);
  await refused({ headers: [["x", "a".repeat(17_000)]] }, /headers are larger/);
  assert.equal(seen, 0);
});

test("a certificate that nobody vouches for is refused, in words", async (t) => {
  const { certificate: cert, key } = await selfSigned(["localhost"], Date.now());
  const server = createTlsServer({ cert, key }, (_request, response) => response.end("trusted"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  const { fetch } = fetcher(t, { hosts: ["localhost:*"] }, () =>
    Promise.resolve([{ address: "127.0.0.1", family: 4 }]),
  );
  await assert.rejects(fetch(get(`https://localhost:${port}/`)), (error: unknown) => {
    assert(error instanceof GatewayError);
    assert.equal(error.code, "fetch_failed");
    assert.match(error.message, /self-signed certificate/);
    return true;
  });
});

test("more requests than may be under way are refused, and a dead port is told", async (t) => {
  const arrived = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const { origin } = await serving(t, (_request, response) => {
    arrived.resolve();
    void go.promise.then(() => response.end("done"));
  });
  const { fetch } = fetcher(t, { requestsMax: 1 });
  const first = fetch(get(origin));
  await arrived.promise;
  await assert.rejects(fetch(get(origin)), { code: "overloaded" });
  go.resolve();
  assert.equal((await first).text, "done");
  const closed = createTcpServer().listen(0, "127.0.0.1");
  await once(closed, "listening");
  const { port } = closed.address() as { port: number };
  closed.close();
  await assert.rejects(fetch(get(`http://127.0.0.1:${port}/`)), /the connection was refused/);
});

function get(url: string): FetchRequest {
  const none = { headers: [], body: undefined, timeoutMs: undefined };
  return { url, method: "GET", ...none, idempotencyKey: "event-1:ASK:0" };
}

function fetcher(t: TestContext, settings: Partial<FetchSettings> = {}, resolve?: ResolveName) {
  const made = createFetch(
    {
      hosts: ["http://127.0.0.1:*"],
      allowPrivate: ["127.0.0.0/8"],
      timeoutMs: 30_000,
      octetsMax: 262_144,
      requestsMax: 8,
      ...settings,
    },
    resolve,
  );
  t.after(() => made.close());
  return made;
}

async function serving(t: TestContext, listener: RequestListener) {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as { port: number };
  return { port, origin: `http://127.0.0.1:${port}` };
}
