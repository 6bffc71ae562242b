/**
 * The admin port on real sockets: who is let in and who is not, and what it says at each moment of a
 * gateway's life, also while its database is away.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type AdminPort, type AdminPortParts, openAdminPort } from "../../src/admin/port.ts";
import { refusalsPerSecond } from "../../src/admin/token.ts";
import { selfSigned } from "../../src/http/self-signed.ts";
import { createMetrics } from "../../src/log/metrics.ts";
import { settingsSchema } from "../../src/settings.ts";
import { freshDatabase } from "../support/database.ts";
import { startGateway } from "../support/gateway.ts";
import { until } from "../support/gateway-process.ts";
import { recorderLog } from "../support/log.ts";
import { samplesOf, valueOf } from "../support/prometheus.ts";
import { startCutProxy } from "../store/cut-proxy.ts";

const token = "a-token-of-our-own";
const sha256 = createHash("sha256").update(token).digest("hex");
const bearer = { authorization: `Bearer ${token}` };
/** ms. Far more than anything takes here. */
const patienceMs = 20_000;

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The certificate to trust: with TLS then. */
  readonly ca?: string;
}

function ask(port: number, path: string, { method = "GET", headers = {}, body, ca }: Ask = {}) {
  return new Promise<Answer>((resolve, reject) => {
    const options = { host: "127.0.0.1", port, path, method, headers, agent: false as const };
    const call = ca === undefined ? httpRequest(options) : httpsRequest({ ...options, ca });
    call.once("error", reject);
    call.once("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    });
    call.end(body);
  });
}

const codeOf = ({ text }: Answer): unknown => {
  const body: unknown = JSON.parse(text);
  return typeof body === "object" && body !== null && "code" in body ? body.code : undefined;
};

async function openPort(t: TestContext, more: Readonly<Record<string, unknown>> = {}) {
  const directory = await mkdtemp(join(tmpdir(), "signalbox-port-"));
  const log = recorderLog();
  let tickMs = 0;
  const clock = { nowMs: () => Date.now(), tickMs: () => tickMs };
  const { admin } = settingsSchema.parse({
    channels: {},
    admin: { port: 0, tokens: [{ name: "ann", sha256 }], ...more },
  });
  assert.ok(admin !== undefined);
  const metrics = createMetrics();
  const parts: AdminPortParts = {
    settings: admin,
    base: directory,
    directory,
    metrics,
    clock,
    log,
  };
  const port = await openAdminPort(parts);
  t.after(async () => {
    await port.close();
    await rm(directory, { recursive: true });
  });
  return { port, log, metrics, directory, pass: (ms: number) => (tickMs += ms) };
}

/** A gateway that is well, with an API that tells who asked for what. */
function serve(port: AdminPort, reasons: readonly string[] = []): string[] {
  const asked: string[] = [];
  port.serve({
    api(request, response) {
      asked.push(
        `${request.method} ${request.url} ${String(request.headers["signalbox-operator"])}`,
      );
      response.end("{}");
    },
    health: async () => ({ reasons }),
    readings: () => Promise.reject(new Error("not now")),
  });
  return asked;
}

test("while the gateway starts it lives, is not ready, and shows metrics; its API says that it is starting", async (t) => {
  const { port } = await openPort(t);
  assert.equal((await ask(port.port, "/healthz")).status, 200);
  const ready = await ask(port.port, "/readyz");
  assert.equal(ready.status, 503);
  assert.deepEqual(JSON.parse(ready.text), { ready: false, reasons: ["the gateway is starting"] });
  const page = await ask(port.port, "/metrics");
  assert.equal(page.status, 200);
  assert.ok((valueOf(samplesOf(page.text), "process_cpu_seconds_total") ?? 0) > 0);
  const api = await ask(port.port, "/v1/channels", { headers: bearer });
  assert.deepEqual([api.status, codeOf(api)], [503, "not_ready"]);
});

test("once it runs it is ready, or says why not; while it stops it is not", async (t) => {
  const { port } = await openPort(t);
  serve(port);
  assert.equal((await ask(port.port, "/readyz")).status, 200);
  assert.equal((await ask(port.port, "/readyz", { method: "HEAD" })).text, "");
  serve(port, ["the database is away"]);
  const away = await ask(port.port, "/readyz");
  assert.equal(away.status, 503);
  assert.match(away.text, /the database is away/);
  port.stopping();
  assert.match((await ask(port.port, "/readyz")).text, /is stopping/);
  assert.equal((await ask(port.port, "/v1/channels", { headers: bearer })).status, 503);
  assert.equal((await ask(port.port, "/healthz")).status, 200);
});

test("metrics that cannot be read now are left out, and the page is there", async (t) => {
  const { port, log } = await openPort(t);
  serve(port);
  assert.equal((await ask(port.port, "/metrics")).status, 200);
  assert.ok(log.lines.some(({ level }) => level === "warn"));
});

test("[X18] the API is for who has a token, whose name stands in place of what the request says of itself", async (t) => {
  const { port } = await openPort(t);
  const asked = serve(port);
  const headers = { ...bearer, "signalbox-operator": "somebody else" };
  assert.equal((await ask(port.port, "/v1/channels?x=1", { headers })).status, 200);
  assert.equal((await ask(port.port, "/", { headers })).status, 404, "there is no page to look at");
  assert.deepEqual(asked, ["GET /v1/channels?x=1 ann"]);
});

test("a wrong token, none, or another scheme is a 401 that is counted, logged and names no token", async (t) => {
  const { port, log, metrics } = await openPort(t);
  const asked = serve(port);
  const wrong = [
    undefined,
    "",
    "Bearer",
    "Bearer wrong-one",
    `Basic ${token}`,
    token,
    `Bearer ${token}x`,
    `Bearer ${"x".repeat(10_000)}`,
    `Bearer ${sha256}`,
  ];
  for (const authorization of wrong) {
    const headers = authorization === undefined ? {} : { authorization };
    const answer = await ask(port.port, "/v1/log-levels", { method: "PUT", headers, body: "{}" });
    assert.deepEqual([answer.status, codeOf(answer)], [401, "bad_token"], authorization ?? "none");
    assert.equal(answer.headers["www-authenticate"], "Bearer");
  }
  assert.deepEqual(asked, []);
  const page = samplesOf(await metrics.page(undefined));
  assert.equal(valueOf(page, "signalbox_admin_refusals_total", { reason: "token" }), wrong.length);
  const lines = log.lines.filter(({ text }) => text === "refused at the admin port");
  assert.equal(lines.length, wrong.length);
  assert.doesNotMatch(JSON.stringify(lines), /wrong-one|a-token/);
});

test("who guesses hears ten refusals a second, then 429; a right token from there is still taken", async (t) => {
  const { port, pass } = await openPort(t);
  serve(port);
  const statuses: number[] = [];
  for (let n = 0; n < refusalsPerSecond + 5; n += 1)
    statuses.push((await ask(port.port, "/v1/channels")).status);
  const expected = [...Array<number>(refusalsPerSecond).fill(401), ...Array<number>(5).fill(429)];
  assert.deepEqual(statuses, expected);
  assert.equal((await ask(port.port, "/v1/channels", { headers: bearer })).status, 200);
  pass(1_000);
  assert.equal((await ask(port.port, "/v1/channels")).status, 401);
});

test("a Host header that is not ours is refused, so that no page of others reaches us by its own name", async (t) => {
  const { port, metrics } = await openPort(t, { hosts: ["Ops.example.org"] });
  const asked = serve(port);
  const status = async (host: string, path = "/v1/channels") =>
    (await ask(port.port, path, { headers: { ...bearer, host } })).status;
  for (const host of [
    "127.0.0.1",
    `127.0.0.1:${port.port}`,
    "localhost",
    "LOCALHOST:1",
    "ops.example.org:443",
  ])
    assert.equal(await status(host), 200, host);
  const foreign = [
    "evil.example",
    "localhost.evil.example",
    "10.0.0.1",
    "[::1]",
    "ops.example.org.",
    "127.0.0.1.nip.io",
  ];
  for (const host of foreign) {
    assert.equal(await status(host), 421, `"${host}"`);
    assert.equal(await status(host, "/metrics"), 421, host);
  }
  assert.equal(asked.length, 5);
  const page = samplesOf(await metrics.page(undefined));
  const refused = valueOf(page, "signalbox_admin_refusals_total", { reason: "host" });
  assert.equal(refused, 2 * foreign.length);
});

test("what is no HTTP, or no end of a request, costs a connection and nothing else", async (t) => {
  const { port } = await openPort(t);
  serve(port);
  for (const octets of [
    "\0\0\0\x10\0\0\0\x15\0\0\0\0\0\0\0\x01",
    "GET / HTTP/1.1\r\n\r\n",
    "NONSENSE\r\n\r\n",
  ]) {
    const heard = await new Promise<string>((resolve) => {
      const socket = connect(port.port, "127.0.0.1", () => socket.end(octets));
      let text = "";
      socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
      socket.on("error", () => resolve(text));
      socket.on("close", () => resolve(text));
    });
    assert.match(heard, /^HTTP\/1\.1 4\d\d/);
  }
  assert.equal((await ask(port.port, "/healthz")).status, 200);
  const nothing = await ask(port.port, "/elsewhere");
  assert.deepEqual([nothing.status, codeOf(nothing)], [404, "bad_request"]);
  assert.equal((await ask(port.port, "/healthz", { method: "POST" })).status, 404);
});

test("with TLS it shows its certificate and speaks nothing else", async (t) => {
  const { port, directory } = await openPort(t, { tls: {}, address: "127.0.0.1" });
  const ca = await readFile(join(directory, "certificate.pem"), "utf8");
  assert.match(port.where, /^https:/);
  assert.equal((await ask(port.port, "/healthz", { ca })).status, 200);
  await assert.rejects(ask(port.port, "/healthz"));
});

test("with TLS of files it shows a changed certificate to new connections, and says when it cannot", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-port-"));
  t.after(() => rm(folder, { recursive: true }));
  const certificate = join(folder, "us.pem");
  const put = async (): Promise<string> => {
    const made = await selfSigned(["127.0.0.1"], Date.now());
    await writeFile(certificate, made.key + made.certificate, { mode: 0o600 });
    return made.certificate;
  };
  const first = await put();
  const { port, log } = await openPort(t, { tls: { certificate } });
  assert.equal((await ask(port.port, "/healthz", { ca: first })).status, 200);
  const second = await put();
  const taken = "changed certificate files are in use";
  await until(async () => log.lines.some(({ text }) => text === taken), patienceMs);
  assert.equal((await ask(port.port, "/healthz", { ca: second })).status, 200);
  await assert.rejects(ask(port.port, "/healthz", { ca: first }));
  await writeFile(certificate, "");
  const refused = () => port.shown()[0]?.certificates?.[0]?.refused;
  await until(async () => refused() !== undefined, patienceMs);
  assert.match(String(refused()), /^admin\.tls\.certificate: .* holds no certificate/);
  assert.equal((await ask(port.port, "/healthz", { ca: second })).status, 200);
});

test("a port that is taken is told with the name of the setting", async (t) => {
  const { port } = await openPort(t);
  await assert.rejects(openPort(t, { port: port.port }), {
    code: "port_taken",
    message: /^admin\.port: 127\.0\.0\.1:\d+ /,
  });
});

test("the configuration refuses an open address without TLS, a token that is no SHA-256, a name twice", () => {
  const faults = (admin: object): string[] =>
    settingsSchema
      .safeParse({ channels: {}, admin })
      .error?.issues.map(({ path }) => path.join(".")) ?? [];
  assert.deepEqual(faults({}), []);
  for (const address of ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
    assert.deepEqual(faults({ address }), [], address);
  for (const address of ["0.0.0.0", "::", "10.0.0.1", "example.org"]) {
    assert.deepEqual(faults({ address }), ["admin.tls"], address);
    assert.deepEqual(faults({ address, tls: {} }), [], address);
  }
  assert.deepEqual(faults({ tls: { key: "k.pem" } }), ["admin.tls.key"]);
  assert.deepEqual(faults({ tokens: [{ name: "ann", sha256: "secret" }] }), [
    "admin.tokens.0.sha256",
  ]);
  const ann = { name: "ann", sha256 };
  assert.deepEqual(faults({ tokens: [ann, ann] }), ["admin.tokens.1.name"]);
});

test("over the port the whole API answers as over the socket, and bad input changes nothing", async () => {
  await using gateway = await startGateway({
    settings: { admin: { port: 0, tokens: [{ name: "ann", sha256 }] } },
  });
  const port = gateway.running.port?.port ?? 0;
  const channels = await ask(port, "/v1/channels", { headers: bearer });
  assert.equal(channels.status, 200);
  assert.match(channels.text, /SMPP_SERVER1/);
  const headers = { ...bearer, "content-type": "application/json" };
  const credit = (body: string) =>
    ask(port, "/v1/accounts/Test1/credit", { method: "POST", headers, body });
  assert.equal((await credit('{"add": 5}')).status, 200);
  assert.equal((await credit('{"add": "many"}')).status, 400);
  assert.equal((await credit('{"add": 5')).status, 400);
  const accounts = await gateway.running.admin.accounts();
  assert.equal(accounts.find(({ id }) => id === "Test1")?.credits, 105);
  const unknown = await ask(port, "/v1/nothing", { headers: bearer });
  assert.deepEqual([unknown.status, codeOf(unknown)], [404, "bad_request"]);
});

test("a gateway that is told to stop is not ready at once, and its port is the last to close", async () => {
  await using gateway = await startGateway({
    settings: { admin: { port: 0, tokens: [{ name: "ann", sha256 }] } },
  });
  const port = gateway.running.port?.port ?? 0;
  const [ready, api] = [ask(port, "/readyz"), ask(port, "/v1/channels", { headers: bearer })];
  assert.deepEqual([(await ready).status, (await api).status], [200, 200]);
  const stopped = gateway.running.stop();
  const stopping = await ask(port, "/readyz");
  assert.equal(stopping.status, 503);
  assert.match(stopping.text, /is stopping/);
  await stopped;
  await assert.rejects(ask(port, "/healthz"), { code: "ECONNREFUSED" });
});

test("a gateway whose database hangs or is away is not ready, lives, and is ready again by itself", async () => {
  await using database = await freshDatabase();
  await using proxy = await startCutProxy(database.url);
  await using gateway = await startGateway({
    settings: { admin: { port: 0 }, database: { url: proxy.url } },
  });
  const port = gateway.running.port?.port ?? 0;
  const ready = async () => (await ask(port, "/readyz")).status;
  const value = async (name: string) =>
    valueOf(samplesOf((await ask(port, "/metrics")).text), `signalbox_${name}`);
  assert.equal(await ready(), 200);
  proxy.deaf = true;
  const hangs = await ask(port, "/readyz");
  assert.equal(hangs.status, 503);
  assert.match(hangs.text, /the database does not answer/);
  assert.equal(await value("database_up"), 0);
  assert.equal((await ask(port, "/healthz")).status, 200);
  proxy.refusing = true;
  proxy.cut();
  assert.ok(
    await until(async () => (await ask(port, "/readyz")).text.includes("is away"), patienceMs),
  );
  proxy.deaf = false;
  proxy.refusing = false;
  assert.ok(await until(async () => (await ready()) === 200, patienceMs));
  assert.equal(await value("database_up"), 1);
});
