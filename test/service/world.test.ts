// kv, secrets, crypto and http.fetch as scripts use them: real sandbox, real database, real web server.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { after, before, test } from "node:test";
import type { Ruling } from "../../src/model/decision.ts";
import { createCrypto } from "../../src/service/crypto.ts";
import { createFetchService, type FetchService } from "../../src/service/fetch.ts";
import { fetchSettings } from "../../src/service/fetch-settings.ts";
import { createKv } from "../../src/service/kv.ts";
import { createSecrets } from "../../src/service/secrets.ts";
import type { HostFunction, HostFunctions } from "../../src/trigger/engine.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import {
  messageRequest,
  openScripts,
  type RunningScripts,
  script,
} from "../support/run-trigger.ts";
import { openTestStore, type TestStore } from "../store/fixtures.ts";

const apiKey = "top-secret-value";
const scripts: Record<string, string> = {};
/** A trigger of its own channel and file, whose handler returns a text for the trace. */
function add(name: string, body: string): void {
  scripts[`${name}.ts`] = script(`
    export const ${name} = onMessage({ channels: ["${name}"] }, async (message, tools) => {
      const { kv, http, secrets, crypto } = tools;
      const text = message.text ?? "";
      const told = await (async () => { ${body} })();
      message.accept();
      message.trace(JSON.stringify(told ?? null));
    });`);
}

let database: TestDatabase;
let store: TestStore;
let web: Server;
let service: FetchService;
let running: RunningScripts;
let origin = "";
let diskLow = false;
/** Requests that have arrived, and who waits for the next one. */
const arrived: IncomingMessage[] = [];
const arrivals: (() => void)[] = [];
/** What the server answers next, when it is not at once. */
let hold: Promise<void> = Promise.resolve();
const called: { name: string; callId: string }[] = [];

add(
  "BASIC",
  `
  await kv.set("a", { n: 1, list: [null, "\\u0000é😀"] });
  const before = await kv.get("a");
  return [before, await kv.get("none"), await kv.delete("a"), await kv.delete("a"), await kv.get("a")];`,
);
add("COUNT", `return kv.increment("n", Number(text));`);
add(
  "OWN",
  `await kv.set("k", "own"); await kv.shared("both").set("k", "shared"); return kv.get("k");`,
);
add("OTHER", `return [await kv.get("k"), await kv.shared("both").get("k")];`);
add(
  "CAS",
  `
  const once = await kv.compareAndSet("c", undefined, { a: 1, b: 2 });
  const twice = await kv.compareAndSet("c", undefined, 5);
  const turned = await kv.compareAndSet("c", { b: 2, a: 1 }, 6);
  const gone = await kv.compareAndSet("c", 6, undefined);
  return [once, twice, turned, gone, await kv.get("c")];`,
);
add(
  "LIST",
  `
  for (const key of ["p1", "p2", "p3", "q"]) await kv.set(key, key + "!");
  const first = await kv.list({ prefix: "p", limit: 2 });
  const second = await kv.list({ prefix: "p", limit: 2, after: first.next });
  return [first, second];`,
);
add(
  "EVAL",
  `
  const give = new Function("tools", "return (async () => " + text + ")()");
  try { return await give(tools); } catch (error) { return String(error); }`,
);
add(
  "LETTER",
  `
  const { from, to } = message;
  const bindings = kv.shared("dialogs");
  for (const letter of "abcdefghijklmnopqrstuvwxyz") {
    const key = to + " " + letter;
    if (await bindings.compareAndSet(key, undefined, { sender: from }, { ttlMs: 60000 })) return letter;
  }`,
);
add(
  "ASK",
  `
  const answer = await http.fetch(text, {
    headers: { authorization: secrets.format\`Bearer \${secrets.API_KEY}\`, "x-none": undefined },
    json: { to: message.to },
  });
  return [answer.status, answer.ok, answer.headers["x-echo"], answer.text(), String(secrets.API_KEY)];`,
);
add(
  "BASICAUTH",
  `
  const answer = await http.fetch(text, { basic: { user: "me", password: secrets.API_KEY } });
  return answer.headers["x-echo"];`,
);
add(
  "DIES",
  `
  const { fetch } = http;
  const answer = await fetch(text, { method: "POST", body: "once", timeoutMs: 20000 });
  const id = await crypto.randomId();
  return [answer.status, await kv.increment("died"), id];`,
);

before(async () => {
  database = await freshDatabase();
  store = await openTestStore(database.url);
  web = createServer((request, response) => {
    arrived.push(request);
    for (const wake of arrivals.splice(0)) wake();
    void hold.then(() => {
      const { authorization = "" } = request.headers;
      response.writeHead(200, { "x-echo": authorization }).end(`you said ${authorization}`);
    });
  }).listen(0, "127.0.0.1");
  await once(web, "listening");
  origin = `http://127.0.0.1:${(web.address() as { port: number }).port}/`;
  const secrets = createSecrets({ API_KEY: apiKey, OTHER: "other-value" });
  const settings = fetchSettings.parse({
    hosts: ["http://127.0.0.1:*"],
    allowPrivate: ["127.0.0.0/8"],
    timeoutMs: 10_000,
    requestsPerTriggerMax: 2,
  });
  service = createFetchService(settings, secrets);
  const kv = createKv({ kv: store.kv, isDiskLow: () => diskLow }, Date.now);
  const calls = watched({ ...kv, ...createCrypto(secrets), ...service.calls });
  running = await openScripts(scripts, { calls, limits: { eventDeadlineMs: 60_000 } });
});

after(async () => {
  await running[Symbol.asyncDispose]();
  await service.close();
  web.closeAllConnections();
  web.close();
  await store[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

function watched(functions: HostFunctions): HostFunctions {
  return Object.fromEntries(
    Object.entries(functions).map(([name, made]): [string, HostFunction] => [
      name,
      (args, request, callId, from) => {
        called.push({ name, callId });
        return made(args, request, callId, from);
      },
    ]),
  );
}

let events = 0;
async function told(channel: string, text = "", parts: { to?: string; from?: string } = {}) {
  const id = `event-${(events += 1)}`;
  return valueIn(await running.engine.decide(messageRequest({ id, channel, text, ...parts })));
}

function valueIn(ruling: Ruling): unknown {
  assert.equal(ruling.verdict, "accept", JSON.stringify(ruling));
  const actions = ruling.ran.flatMap((ran) => ("actions" in ran ? ran.actions : []));
  const trace = actions.find((action) => action.do === "trace");
  return JSON.parse(trace?.text ?? "null");
}

const tried = (code: string): Promise<unknown> => told("EVAL", code);

test("[B31] what is kept comes back as it was, and nothing as undefined", async () => {
  const value = { n: 1, list: [null, "\u0000é😀"] };
  assert.deepEqual(await told("BASIC"), [value, null, true, false, null]);
});

test("[B31] increments of many events at once are each counted", async () => {
  const sums = await Promise.all(Array.from({ length: 300 }, () => told("COUNT", "1")));
  assert.deepEqual(new Set(sums), new Set(Array.from({ length: 300 }, (_, n) => n + 1)));
  assert.equal(await told("COUNT", "-300"), 0);
});

test("a file sees its own namespace and those that are shared by name", async () => {
  assert.equal(await told("OWN"), "own");
  assert.deepEqual(await told("OTHER"), [null, "shared"]);
  const names = (await store.kv.namespaces()).map(({ namespace }) => namespace);
  assert(names.includes("OWN") && names.includes("shared:both"), names.join());
});

test("compare and set: by value, for what is not there, and to take away", async () => {
  assert.deepEqual(await told("CAS"), [true, false, true, true, null]);
});

test("entries are listed in pages by prefix", async () => {
  const entry = (key: string) => ({ key, value: `${key}!` });
  assert.deepEqual(await told("LIST"), [
    { entries: [entry("p1"), entry("p2")], next: "p2" },
    { entries: [entry("p3")] },
  ]);
});

test("a time to live ends an entry, and a counter's window does not move", async () => {
  assert.equal(await tried(`tools.kv.increment("w", 1, { ttlMs: 3_600_000 })`), 1);
  const place = { namespace: "EVAL", key: "w" };
  const first = await store.kv.get(place);
  assert.equal(await tried(`tools.kv.increment("w", 5, { ttlMs: 1 })`), 6);
  assert.deepEqual(await store.kv.get(place), { value: "6", expiresMs: first?.expiresMs });
  assert.equal(await tried(`tools.kv.set("w", 1, { ttlMs: 1 })`), null);
  while ((await store.kv.get(place)) !== undefined) await new Promise(setImmediate);
  assert.equal(await tried(`tools.kv.increment("w")`), 1);
});

test("each limit of kv is an error in words", async () => {
  const failing: readonly (readonly [code: string, words: RegExp])[] = [
    [`tools.kv.set("k".repeat(257), 1)`, /key is longer than 256 characters/],
    [`tools.kv.set("", 1)`, /key must not be empty/],
    [`tools.kv.set("a\\u0000", 1)`, /control character/],
    [`tools.kv.set("a\\ud800", 1)`, /control character, or half of one/],
    [`tools.kv.set("a", "x".repeat(65_535))`, /value has 65537 octets as JSON; 65536 are allowed/],
    [`tools.kv.set("a", undefined)`, /takes a value that JSON can say/],
    [`tools.kv.set("a", 1, { ttlMs: 0 })`, /ttlMs must be a whole number from 1 to/],
    [`tools.kv.set("a", 1, { ttlMs: 1.5 })`, /ttlMs must be a whole number/],
    [`tools.kv.increment("a", 0.5)`, /by must be a whole number/],
    [`tools.kv.set("t", "x").then(() => tools.kv.increment("t"))`, /is no whole number/],
    [`tools.kv.set("h", 2**53 - 1).then(() => tools.kv.increment("h"))`, /above 2\^53/],
    [`tools.kv.shared("a b").get("k")`, /name of a shared kv/],
    [`tools.kv.list({ limit: 1_001 })`, /limit must be a whole number from 1 to 1000/],
    [`tools.kv.get(5)`, /key must be a text/],
  ];
  for (const [code, words] of failing) assert.match(String(await tried(code)), words, code);
  assert.equal(await tried(`tools.kv.set("a", "x".repeat(65_534))`), null);
  diskLow = true;
  assert.match(String(await tried(`tools.kv.set("a", 1)`)), /no room left/);
  assert.equal(await tried(`tools.kv.delete("a")`), true);
  diskLow = false;
});

test("two messages of one phone at once get two letters, and a third one the next", async () => {
  const to = "+31600000009";
  const letters = await Promise.all([
    told("LETTER", "", { to, from: "Bank" }),
    told("LETTER", "", { to, from: "Shop" }),
  ]);
  assert.deepEqual(new Set(letters), new Set(["a", "b"]));
  assert.equal(await told("LETTER", "", { to, from: "Post" }), "c");
  assert.equal(await told("LETTER", "", { to: "+31600000010", from: "Post" }), "a");
});

test("[B31] a secret reaches the service, and neither script, trace nor log, though it is repeated", async () => {
  arrived.length = 0;
  const [status, ok, echo, text, shown] = (await told("ASK", origin)) as unknown[];
  const [request] = arrived;
  assert.equal(request?.headers.authorization, `Bearer ${apiKey}`);
  assert.equal(request.method, "POST");
  assert.equal(request.headers["content-type"], "application/json");
  assert.match(String(request.headers["idempotency-key"]), /^event-\d+:ASK:0$/);
  assert.deepEqual([status, ok], [200, true]);
  assert.equal(echo, "Bearer [secret API_KEY]");
  assert.equal(text, "you said Bearer [secret API_KEY]");
  assert.equal(shown, "[secret API_KEY]");
  const basic = Buffer.from(`me:${apiKey}`).toString("base64");
  const repeated = await told("BASICAUTH", origin);
  assert.equal(arrived[1]?.headers.authorization, `Basic ${basic}`);
  assert.equal(repeated, "Basic [secret]");
  assert.doesNotMatch(JSON.stringify(running.log.lines), new RegExp(`${apiKey}|${basic}`));
});

test("a secret can be used for nothing else, and one that is not declared names those that are", async () => {
  const secret = "tools.secrets.API_KEY";
  assert.equal(
    await tried(`JSON.stringify({ a: ${secret} }) + ${secret}`),
    '{"a":"[secret API_KEY]"}[secret API_KEY]',
  );
  assert.deepEqual(await tried(`Object.entries(${secret})`), []);
  const failing: readonly (readonly [code: string, words: RegExp])[] = [
    [`tools.crypto.hash("sha256", ${secret})`, /data must be a text or a Uint8Array/],
    [`tools.crypto.hmac("sha256", "key", ${secret})`, /data must be a text or a Uint8Array/],
    [`tools.http.fetch("${origin}", { body: ${secret} })`, /body must be a text/],
    [
      `tools.crypto.hmac("sha256", tools.secrets.NOPE, "x")`,
      /no secret NOPE is declared; declared are API_KEY, OTHER/,
    ],
    [`tools.secrets.format\`a\${{}}\``, /takes texts and secrets/],
  ];
  for (const [code, words] of failing) assert.match(String(await tried(code)), words, code);
  assert.match(
    String(await tried(`tools.kv.set("s", ${secret}).then(() => tools.kv.get("s"))`)),
    /^\[secret/,
  );
});

test("hashes and signatures are those of everybody else", async () => {
  assert.equal(
    await tried(`tools.crypto.hash("sha256", "abc")`),
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
  assert.equal(
    await tried(`tools.crypto.hash("md5", new Uint8Array([97, 98, 99]), "base64")`),
    "kAFQmDzST7DWlj99KOF/cg==",
  );
  const signed = createHmac("sha256", apiKey).update("é").digest("base64url");
  assert.equal(
    await tried(`tools.crypto.hmac("sha256", tools.secrets.API_KEY, "é", "base64url")`),
    signed,
  );
  assert.match(String(await tried("tools.crypto.randomId()")), /^[0-9a-f]{32}$/);
  assert.deepEqual(
    await tried(
      `["a,a", "a,b", "a,aa", "aa,a", "a,", ","].map((two) => tools.crypto.equal(...two.split(",")))`,
    ),
    [true, false, false, false, false, true],
  );
  assert.match(
    String(await tried(`tools.crypto.hash("crc", "x")`)),
    /crc is none of sha256, sha512/,
  );
});

test("a host that is not listed and a trigger with too many requests are told in words", async () => {
  assert.match(
    String(await tried(`tools.http.fetch("https://example.com/")`)),
    /example\.com is not among the hosts/,
  );
  assert.match(
    String(await tried(`tools.http.fetch("${origin}", { timeoutMs: 30_001 })`)),
    /timeoutMs must be/,
  );
  assert.match(
    String(await tried(`tools.http.fetch("${origin}", { body: "a", json: 1 })`)),
    /not both/,
  );
  const { promise, resolve } = Promise.withResolvers<void>();
  hold = promise;
  arrived.length = 0;
  const open = [told("ASK", origin), told("ASK", origin)];
  while (arrived.length < 2) await new Promise<void>((wake) => arrivals.push(wake));
  const ruling = await running.engine.decide(
    messageRequest({ id: "third", channel: "ASK", text: origin }),
  );
  assert(ruling.verdict === "undecided");
  assert.match(ruling.text, /2 requests are under way already/);
  const other = told("DIES", origin);
  resolve();
  await Promise.all([...open, other]);
});

test("[B31] a host that is killed in the middle of a call does nothing twice", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  hold = promise;
  arrived.length = 0;
  called.length = 0;
  const died = Number(
    JSON.parse((await store.kv.get({ namespace: "DIES", key: "died" }))?.value ?? "0"),
  );
  const decided = running.engine.decide(
    messageRequest({ id: "killed", channel: "DIES", text: origin }),
  );
  while (arrived.length < 1) await new Promise<void>((wake) => arrivals.push(wake));
  const pid = running.engine.facts().hosts[0];
  assert(pid !== undefined);
  process.kill(pid, "SIGKILL");
  while (running.engine.facts().hosts[0] === pid) await new Promise(setImmediate);
  resolve();
  const [status, sum] = valueIn(await decided) as [number, number];
  assert.deepEqual([status, sum], [200, died + 1]);
  assert.equal(arrived.length, 1);
  assert.equal(arrived[0]?.headers["idempotency-key"], "killed:DIES:0");
  assert.deepEqual(
    called.map(({ name, callId }) => `${name} ${callId}`),
    ["http.fetch killed:DIES:0", "crypto.randomId killed:DIES:1", "kv.increment killed:DIES:2"],
  );
});
