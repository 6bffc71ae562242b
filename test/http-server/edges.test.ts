/** What comes back over HTTP, what is broken, too much, too slow, and what the page of the API says. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { get } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { after, before, test } from "node:test";
import type { DeadHookView } from "../../src/model/webhook.ts";
import { askAdmin } from "../support/admin.ts";
import { Ajv2020 } from "ajv/dist/2020.js";
import { openApi } from "../../src/channel/http-server/openapi-page.ts";
import { selfSigned } from "../../src/http/self-signed.ts";
import { signalbox } from "../cli/cli.ts";
import { type Receiver, startReceiver, toldBy, verify } from "../support/webhook-receiver.ts";
import { type TestApi, ask, startApi } from "./api.ts";

const to = "+31612345678";

const IN = `import { onMessage } from "signalbox";
export const IN = onMessage({ channels: ["SMPP1"] }, (message) => {
  message.forward({ channel: "HTTP1", account: "Test1" });
});`;

const OUT = `import { onBind, onMessage, onReport, onStatus } from "signalbox";
export const BIND = onBind({}, (bind) => bind.accept({ account: bind.systemId }));
export const OUT = onMessage({ channels: ["HTTP1"] }, (message) => {
  if (message.text === "silence") return;
  message.accept();
  message.forward({ channel: "SMPP1" });
});
export const REPORT = onReport({}, (report) => report.apply());
export const TELL = onStatus({ status: ["DELIVERED"] }, (message) => message.root?.report());`;

let api: TestApi;
let receiver: Receiver;
let key: string;
let folder: string;
/** Of a certificate that an operator brings. */
let brought: { readonly key: string; readonly certificate: string };
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "signalbox-edges-"));
  brought = await selfSigned(["localhost", "127.0.0.1"], Date.now());
  await writeFile(join(folder, "us.pem"), brought.key + brought.certificate, { mode: 0o600 });
  const here = { type: "http-server", address: ["127.0.0.1"], port: 0 };
  receiver = await startReceiver();
  api = await startApi({
    live: true,
    settings: { webhooks: { allowPrivate: ["127.0.0.1"] } },
    triggers: { "in.ts": IN, "out.ts": OUT },
    channels: {
      HTTP1: {
        reports: "pull",
        requestTimeoutMs: 400,
        bodyOctets: 4_096,
        batchMax: 3,
        failedLoginsMax: 0,
      },
      GUARDED: { ...here, failedLoginsMax: 3 },
      OWN: { ...here, tls: {} },
      FILES: { ...here, tls: { certificate: join(folder, "us.pem"), minVersion: "TLSv1.3" } },
    },
  });
  key = await api.key({ scopes: ["admin"] });
});
after(async () => {
  await api[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
  await receiver[Symbol.asyncDispose]();
});

const post = (body: unknown, headers = {}) =>
  api.ask("POST", "/v1/messages", { key, body, headers });

/** Everything that comes on a bare connection until it is closed. */
function bare(octets: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(api.port, "127.0.0.1", () => socket.write(octets));
    let text = "";
    socket.setEncoding("utf8").on("data", (more: string) => (text += more));
    socket.on("close", () => resolve(text)).on("error", reject);
  });
}

test("messages and reports are fetched and acknowledged; what was not comes again, to nobody else", async () => {
  await api.gateway.provider.inject({ from: "+31600000001", to: "3000", text: "hi there" });
  const sent = await post({ to, text: "report, please", client_reference: "r-1" });
  const kinds = new Map<string, Record<string, string>>();
  let cursor = "";
  for (let n = 0; n < 20 && kinds.size < 2; n += 1) {
    const page = await api.ask("GET", `/v1/inbound?wait=1${cursor}`, { key });
    assert.equal(page.status, 200, JSON.stringify(page.body));
    for (const item of page.body["items"]) kinds.set(item.type, item);
    if (page.body["next_cursor"] !== undefined) cursor = `&cursor=${page.body["next_cursor"]}`;
  }
  const message = kinds.get("message");
  assert.deepEqual([message?.["text"], message?.["from"]], ["hi there", "+31600000001"]);
  assert.equal(kinds.get("report")?.["message_id"], sent.body["id"]);
  assert.equal(kinds.get("report")?.["status"], "delivered");
  assert.equal(kinds.get("report")?.["client_reference"], "r-1");
  const other = await api.key({ account: "Test2" });
  const id = message?.["id"] ?? "";
  const stolen = await api.ask("POST", `/v1/inbound/${id}/ack`, { key: other });
  assert.equal(stolen.status, 404);
  const done = await api.ask("POST", `/v1/inbound/${id}/ack`, { key });
  assert.deepEqual([done.status, done.body], [200, { id, status: "acknowledged" }]);
  await api.gateway.restart();
  const again = await api.ask("GET", "/v1/inbound?wait=5", { key });
  assert.deepEqual(
    again.body["items"].map((item: { type: string }) => item.type),
    ["report"],
    "the acknowledged one is gone, the other one is there after a restart",
  );
  const last = again.body["items"][0].id;
  assert.equal((await api.ask("POST", `/v1/inbound/${last}/ack`, { key })).status, 200);
  assert.equal(
    (await api.ask("POST", `/v1/inbound/${last}/ack`, { key })).status,
    200,
    "twice does no harm",
  );
});

test("events are told as they are committed, and again to who comes back", async () => {
  const listen = async (count: number, last?: string) => {
    const stop = new AbortController();
    const answer = await fetch(`http://127.0.0.1:${api.port}/v1/events`, {
      headers: {
        authorization: `Bearer ${key}`,
        ...(last !== undefined && { "last-event-id": last }),
      },
      signal: stop.signal,
    });
    assert.equal(answer.headers.get("content-type"), "text/event-stream; charset=utf-8");
    const read = async () => {
      let text = "";
      for await (const chunk of answer.body ?? []) {
        text += Buffer.from(chunk).toString();
        if (text.split("\nevent: ").length > count) break;
      }
      stop.abort();
      return text;
    };
    return read();
  };
  const heard = listen(3);
  await new Promise((turn) => setTimeout(turn, 50));
  const sent = await post({ to, text: "follow me", client_reference: "e-1" });
  const text = await heard;
  assert.match(text, /event: message.accepted\ndata: .*"client_reference":"e-1"/);
  assert.match(text, /event: message.sent/);
  assert.match(text, /event: message.delivered/);
  assert.ok(text.includes(sent.body["id"]));
  const [, first = ""] = /id: (\S+)/.exec(text) ?? [];
  const missed = await listen(2, first);
  assert.ok(!missed.includes("message.accepted") && missed.includes("message.delivered"));
  assert.match(await listen(1, "other-1"), /event: reset/);
});

test("[Y24] what becomes of a message is told at the URL that it names, signed, as much of it as dlr says, and nowhere that may not be called", async () => {
  const fresh = async () =>
    String((await api.ask("POST", "/v1/callback-secret", { key })).body["secret"]);
  const first = await fresh();
  const secret = await fresh();
  let isGone = true;
  receiver.answer(({ path }) => (path === "/gone" && isGone ? 410 : 200));
  const url = (path: string) => `${receiver.url}${path}`;
  const whole = { to, text: "tell", client_reference: "cb-1", tags: ["a"], dlr: "all" };
  const all = await post({ ...whole, callback_url: url("/all?order=17") });
  await post({ to, text: "tell", dlr: "none", callback_url: url("/none") });
  await post({ to, text: "tell", callback_url: url("/gone") });
  await post({ to, text: "tell", callback_url: url("/final") });
  const on = (path: string) => receiver.calls.filter((call) => call.path === path);
  await receiver.until(
    () => on("/all?order=17").length === 3 && on("/final").length === 1 && on("/gone").length === 1,
  );
  const steps = on("/all?order=17");
  assert.deepEqual(
    steps.map((call) => toldBy(call).type),
    ["message.accepted", "message.sent", "message.delivered"],
  );
  for (const call of steps) {
    verify(secret, call);
    verify(first, call);
    const { data } = toldBy(call);
    assert.equal(data["id"], all.body["id"]);
    assert.equal(data["client_reference"], "cb-1");
    assert.deepEqual(data["tags"], ["a"]);
  }
  assert.deepEqual(toldBy(on("/final")[0]).type, "message.delivered");
  assert.equal(on("/none").length, 0, "dlr: none tells nothing");
  const read = await api.ask("GET", `/v1/messages/${all.body["id"]}`, { key });
  assert.equal(read.body["callback_url"], url("/all?order=17"));
  // What one message's URL wants no more is a dead letter, and the others are told.
  isGone = false;
  const { socket } = api.gateway.running.admin;
  const deadAt = async () => {
    const { body } = await askAdmin<readonly DeadHookView[]>(
      socket,
      "GET",
      "/v1/webhook-calls/dead",
    );
    return body.map((one) => one.url);
  };
  while ((await deadAt()).length === 0) await new Promise((turn) => setTimeout(turn, 10));
  assert.deepEqual(await deadAt(), [url("/gone")]);
  await askAdmin(socket, "POST", "/v1/webhook-calls/resend", {});
  await receiver.until(() => on("/gone").length === 2);
  const refused = async (callback: string) => {
    const { status, body } = await post({ to, text: "x", callback_url: callback });
    return [status, body["code"], body["field"]];
  };
  const wrong = [400, "bad_request", "callback_url"];
  assert.deepEqual(await refused("http://169.254.169.254/latest"), wrong);
  assert.deepEqual(await refused("ftp://shop.example/"), wrong);
  assert.deepEqual(await refused("https://user:word@shop.example/"), wrong);
  assert.deepEqual(await refused(`https://shop.example/${"a".repeat(2_048)}`), wrong);
});

test("what is broken, too much or too slow is told what it is, and the channel goes on", async () => {
  const asked = async (body: unknown, headers = {}) => {
    const { status, body: said } = await post(body, headers);
    return [status, said["code"], said["field"]];
  };
  assert.deepEqual(await asked('{"to": '), [400, "bad_request", undefined]);
  assert.deepEqual(await asked("[]"), [400, "bad_request", undefined]);
  assert.deepEqual(await asked({ to: 31612345678, text: "x" }), [400, "bad_request", "to"]);
  assert.deepEqual(await asked({ to, text: "x", colour: "red" }), [400, "bad_request", "colour"]);
  assert.deepEqual(await asked({ text: "x" }), [400, "bad_request", "to"]);
  assert.deepEqual(await asked({ to: "12ab", text: "x" }), [400, "bad_request", "to"]);
  assert.deepEqual(await asked({ to, text: "x", data: "AA==" }), [400, "bad_request", "text"]);
  assert.deepEqual(await asked({ to, data: "A" }), [400, "bad_request", "data"]);
  assert.deepEqual(await asked({ to, data: "AA==", udh: "05" }), [400, "bad_request", "udh"]);
  assert.deepEqual(await asked({ to, text: "ж", data_coding: 3 }), [
    400,
    "bad_data_coding",
    "data_coding",
  ]);
  assert.deepEqual(await asked({ to, text: "x", from: "far too long a name" }), [
    400,
    "bad_source",
    "from",
  ]);
  assert.deepEqual(await asked({ to, text: "x", send_at: "2020-01-01T00:00:00Z" }), [
    400,
    "bad_schedule",
    "send_at",
  ]);
  assert.deepEqual(await asked({ to, text: "x", send_at: "2026-13-45T00:00:00Z" }), [
    400,
    "bad_schedule",
    "send_at",
  ]);
  assert.deepEqual(await asked({ to, text: "x", tlvs: { nonsense: 1 } }), [
    400,
    "tlv_stream",
    "tlvs.nonsense",
  ]);
  assert.deepEqual(await asked({ to, text: "x", tlvs: { source_port: 70_000 } }), [
    400,
    "tlv_stream",
    "tlvs.source_port",
  ]);
  assert.deepEqual(await asked({ to, text: "x".repeat(5_000) }), [
    413,
    "body_too_large",
    undefined,
  ]);
  assert.deepEqual(await asked("to=1", { "content-type": "application/x-www-form-urlencoded" }), [
    415,
    "unsupported_media",
    undefined,
  ]);
  assert.deepEqual(await asked({ to, text: "silence" }), [503, "unanswered", undefined]);
  const path = await api.ask("GET", "/v2/messages", { key });
  assert.deepEqual([path.status, path.body["code"]], [404, "unknown_path"]);
  const id = String(path.body["instance"]).replaceAll(/urn:uuid:|-/g, "");
  assert.ok(path.headers.get("traceparent")?.startsWith(`00-${id}-`), "a refusal is found, too");
  for (const [query, field] of [
    ["limit=0", "limit"],
    ["limit=999", "limit"],
    ["cursor=x", "cursor"],
    ["status=gone", "status"],
    ["since=never", "since"],
    ["q=1", "q"],
  ] as const) {
    const { status, body } = await api.ask("GET", `/v1/messages?${query}`, { key });
    assert.deepEqual([status, body["field"]], [400, field], query);
  }
  const many = { messages: Array.from({ length: 4 }, () => ({ to, text: "x" })) };
  assert.equal((await api.ask("POST", "/v1/batches", { key, body: many })).status, 400);
  assert.equal((await api.ask("GET", "/v1/messages/%27or%201=1", { key })).status, 404);
  assert.equal((await api.ask("GET", `/v1/messages/${"9".repeat(150)}`, { key })).status, 404);
  const flood = `GET / HTTP/1.1\r\nhost: x\r\nx: ${"a".repeat(20_000)}\r\n\r\n`;
  const [large, slow, junk] = await Promise.all([
    bare(flood),
    bare("POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n"),
    bare("\u0016\u0003\u0001 what is this\r\n\r\n"),
  ]);
  assert.match(large, /^HTTP\/1.1 431 [\s\S]*"code":"headers_too_large"/);
  assert.match(slow, /^HTTP\/1.1 408 [\s\S]*"code":"slow_request"/);
  assert.match(junk, /^HTTP\/1.1 400 /);
  assert.equal((await post({ to, text: "still here" })).status, 202);
  const error = await api.ask("GET", "/v1/errors/throttled");
  assert.deepEqual([error.body["status"], error.body["retryable"]], [429, true]);
});

test("above its rate an account hears 429 and when the next may go, with each answer how its rates stand, and of a drained channel 503", async () => {
  const { accounts } = api.gateway.running.store;
  await accounts.setOptions("Test1", { rate: "1/minute burst 1" });
  const answers = [await post({ to, text: "one" }), await post({ to, text: "two" })];
  assert.deepEqual(
    answers.map(({ status }) => status),
    [202, 429],
  );
  const [first, second] = answers;
  assert.equal(first?.headers.get("ratelimit-policy"), '"account-messages-per-minute";q=1;w=60');
  assert.match(
    first?.headers.get("ratelimit") ?? "",
    /^"account-messages-per-minute";r=0;t=(59|60)$/,
  );
  assert.match(second?.headers.get("retry-after") ?? "", /^(59|60)$/, "the bucket's next token");
  assert.match(second?.headers.get("ratelimit") ?? "", /;r=0;t=(59|60)$/);
  assert.equal(answers[1]?.body["smpp_status"], 0x58);
  const batch = await api.ask("POST", "/v1/batches", {
    key,
    body: { messages: [{ to, text: "x" }] },
  });
  assert.match(batch.headers.get("ratelimit") ?? "", /;r=0;/);
  await accounts.setOptions("Test1", { rate: "" });
  assert.equal((await post({ to, text: "free" })).headers.get("ratelimit"), null);
  const channel = api.gateway.running.channels.get("HTTP1");
  await channel?.drain(100);
  const drained = await post({ to, text: "three" });
  assert.deepEqual([drained.status, drained.body["code"]], [503, "channel_drained"]);
  assert.equal(drained.headers.get("retry-after"), "1");
  channel?.resume();
  assert.equal((await post({ to, text: "four" })).status, 202);
});

test("what was asked and how it was answered is told to operators: in the metrics, and what went wrong last in the list", async () => {
  const channel = api.gateway.running.channels.get("HTTP1");
  await api.ask("GET", "/v1/inbound", { key });
  const of = (status: number) => channel?.traffic().httpAnswers?.get(status) ?? 0;
  const before = { taken: of(202), broken: channel?.traffic().refused ?? 0 };
  assert.equal((await post({ to, text: "counted" })).status, 202);
  assert.equal((await post('{"to"')).status, 400);
  assert.equal((await api.ask("GET", "/v1/balance", { key: "sbk_no" })).status, 401);
  assert.match(await bare("nonsense\r\n\r\n"), /^HTTP\/1.1 400 /);
  assert.equal(of(202), before.taken + 1);
  assert.equal(channel?.traffic().refused, before.broken + 2);
  const view = api.gateway.running.channels.get("HTTP1")?.view();
  assert.match(view?.detail ?? "", /; \d+ requests, \d+ refused$/);
  assert.equal(view?.lastError?.text, "GET /v1/balance from 127.0.0.1 was refused: bad_key");
  assert.ok((channel?.traffic().windowRequests ?? 0) > 0, "who fetches has a window");
});

test("the page of the API is what is served and committed; its examples work and no answer leaves its schema", async () => {
  const page = (await api.ask("GET", "/v1/openapi.json")).body;
  const committed = await openApi();
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  const problem = ajv.compile(page["components"].schemas.Problem);
  // oxlint-disable-next-line typescript/no-explicit-any -- The schema of schemas is checked elsewhere.
  for (const [path, operations] of Object.entries<Record<string, any>>(page["paths"]))
    for (const [method, operation] of Object.entries(operations)) {
      assert.notEqual(operation.summary, "", `${method} ${path}`);
      if (path === "/v1/events") continue;
      const schema = operation.requestBody?.content["application/json"].schema;
      const url = path
        .replace("{id}", "0197f7a5-0000-7000-8000-000000000000")
        .replace("{code}", "throttled");
      for (const body of schema?.examples ?? [undefined]) {
        const answer = await api.ask(method.toUpperCase(), url, { key, body });
        const told = operation.responses[answer.status];
        const isRight =
          told === undefined ? problem : ajv.compile(told.content["application/json"].schema);
        assert.ok(isRight(answer.body), `${method} ${path}: ${ajv.errorsText(isRight.errors)}`);
        if (schema !== undefined) assert.ok(answer.status < 300, JSON.stringify(answer.body));
      }
    }
  assert.deepEqual(Object.keys(page["paths"]), Object.keys(committed.paths));
});

test("with TLS, a certificate of our own or from files, the port takes nothing in clear", async () => {
  const channelOf = (name: string) => api.gateway.running.channels.get(name);
  const secret = { authorization: `Bearer ${key}` };
  const asked = async (name: string, ca: string) => {
    const channel = channelOf(name);
    const ports = channel?.ports() ?? [];
    assert.equal(ports.length, 1, "one port, which is the one in the settings");
    const request = get({
      host: "127.0.0.1",
      port: ports[0],
      path: "/v1/account",
      ca,
      headers: secret,
    });
    const [answer] = await once(request, "response");
    return `${answer.statusCode} ${JSON.parse(await textOf(answer)).id}`;
  };
  const [certificate] = channelOf("OWN")?.view().certificates ?? [];
  const own = await readFile(certificate?.path ?? "", "utf8");
  assert.equal(await asked("OWN", own), "200 Test1");
  assert.equal(await asked("FILES", brought.certificate), "200 Test1");
  await assert.rejects(asked("FILES", own), /self-signed|unable to verify/);
  const [port] = channelOf("OWN")?.ports() ?? [];
  await assert.rejects(fetch(`http://127.0.0.1:${port}/v1/account`, { headers: secret }));
});

test("who guesses keys or passwords hears 429 from his address, also with the right one, and the log says so", async () => {
  const [port = 0] = api.gateway.running.channels.get("GUARDED")?.ports() ?? [];
  const status = async (who: Parameters<typeof ask>[3]) =>
    (await ask(port, "GET", "/v1/account", who)).status;
  const wrong = `sbk_000000000000_${"A".repeat(43)}`;
  assert.equal(await status({ key }), 200);
  assert.deepEqual([await status({ key: wrong }), await status({ key: "junk" })], [401, 401]);
  assert.equal(await status({ key }), 200, "two of three");
  assert.equal(await status({ key: wrong }), 401);
  const { status: refused, body, headers } = await ask(port, "GET", "/v1/account", { key });
  // Three a minute: the next try is free in 20 s.
  assert.deepEqual([refused, body["code"], headers.get("retry-after")], [429, "throttled", "20"]);
  assert.equal((await api.ask("GET", "/v1/account", { key })).status, 200, "elsewhere he is known");
  const told = JSON.stringify(api.gateway.log.lines.filter(({ level }) => level === "warn"));
  assert.match(told, /too many refused keys and passwords/);
  assert.ok(!told.includes(wrong) && !told.includes(key));
});

test("what one request of a connection has shown opens nothing to the next one with another key, or with one that was taken back", async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let connections = 0;
  const asks = async (text: string) => {
    const asked = request({
      port: api.port,
      path: "/v1/account",
      agent,
      headers: { authorization: `Bearer ${text}` },
    });
    asked.once("socket", () => (connections += asked.reusedSocket ? 0 : 1));
    asked.end();
    const [answer] = await once(asked, "response");
    const { id } = JSON.parse(await textOf(answer));
    return [answer.statusCode, id];
  };
  const mine = await api.key();
  const other = await api.key({ account: "Test2", scopes: ["read"] });
  assert.deepEqual(
    [await asks(mine), await asks(mine)],
    [
      [200, "Test1"],
      [200, "Test1"],
    ],
  );
  const wrong = mine.slice(0, -3) + (mine.endsWith("AAA") ? "BBB" : "AAA");
  assert.deepEqual(await asks(wrong), [401, undefined]);
  assert.deepEqual(await asks(mine.slice(0, -1)), [401, undefined]);
  assert.deepEqual(
    [await asks(other), await asks(mine)],
    [
      [200, "Test2"],
      [200, "Test1"],
    ],
  );
  const [, id = ""] = mine.split("_");
  await api.gateway.running.store.apiKeys.expire(id, 1);
  assert.deepEqual(await asks(mine), [401, undefined], "it has ended");
  const [, otherId = ""] = other.split("_");
  await asks(other);
  await api.gateway.running.store.apiKeys.remove(otherId);
  assert.deepEqual(await asks(other), [401, undefined], "it was taken back");
  assert.equal(connections, 1);
  agent.destroy();
});

test("apikey: a key is told once, two of a name are good, and what is rotated or removed is refused at once", async () => {
  const config = join(dirname(api.gateway.triggers), "signalbox.yaml");
  const apikey = (...args: string[]) => signalbox(["apikey", ...args, "--config", config]);
  const isGood = async (text: string) =>
    (await api.ask("GET", "/v1/account", { key: text })).status === 200;

  const added = await apikey("add", "Test1", "--name", "web", "--scope", "read", "--for", "90d");
  assert.deepEqual([added.code, added.err], [0, ""]);
  const [, id = "", first = ""] = /^Key (\S+) of Test1:\n(sbk_\S+)\n/.exec(added.out) ?? [];
  assert.ok(await isGood(first), added.out);
  const [listed, rotated] = await Promise.all([
    apikey("list", "Test1"),
    apikey("rotate", id, "--json"),
  ]);
  assert.match(listed.out, new RegExp(`${id} +Test1 +web +read`));
  const second = JSON.parse(rotated.out);
  assert.deepEqual([second.name, second.scopes, rotated.code], ["web", ["read"], 0]);
  assert.ok((await isGood(first)) && (await isGood(second.key)), "both, for a day");
  const [third, unsure] = await Promise.all([
    apikey("add", "Test1", "--name", "web"),
    apikey("remove", id),
  ]);
  assert.deepEqual([third.code, third.out], [1, ""]);
  assert.match(third.err, /^signalbox: .*two.*\n$/);
  assert.deepEqual([unsure.code, await isGood(first)], [2, true], "without a terminal, not so");
  const removed = await apikey("remove", id, "--yes", "--json");
  assert.deepEqual([removed.code, JSON.parse(removed.out)], [0, { id }]);
  assert.ok(!(await isGood(first)), "it is good no more");
  const next = JSON.parse((await apikey("rotate", second.id, "--overlap", "0s", "--json")).out);
  assert.ok(!(await isGood(second.key)) && (await isGood(next.key)));
  const [all, unknown] = await Promise.all([
    apikey("list", "Test1", "--json"),
    apikey("rotate", id),
  ]);
  assert.ok(!all.out.includes("sha256") && !all.out.includes(next.key));
  assert.deepEqual([unknown.code, unknown.out], [1, ""]);
});
