/** Messages are sent and read over HTTP: who may, what is checked, what is stored before the answer. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { MessageView } from "../../src/model/view.ts";
import { askAdmin } from "../support/admin.ts";
import { type TestApi, startApi } from "./api.ts";

const to = "+31612345678";

let api: TestApi;
let key: string;
before(async () => {
  api = await startApi();
  key = await api.key();
});
after(() => api[Symbol.asyncDispose]());

const send = (body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  api.ask("POST", "/v1/messages", { key, body, headers });

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let n = 0; n < 500; n += 1) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((turn) => setTimeout(turn, 10));
  }
  throw new Error("it never came");
}

test("[A01] [A03] [I01] a message is stored when 202 is heard, goes to the provider as one of SMPP does, and is read with its status", async () => {
  const sent = await send({
    to: "0031 6 1234-5678",
    from: "Shop",
    text: "Hello",
    client_reference: "order-17",
    tags: ["spring"],
    tlvs: { user_message_reference: 7, "0x1401": "0xabcd" },
    priority: 2,
  });
  assert.equal(sent.status, 202);
  const { id } = sent.body;
  assert.deepEqual(sent.body, {
    id,
    status: "accepted",
    parts: 1,
    encoding: "gsm7",
    cost: 1,
    client_reference: "order-17",
  });
  assert.equal(sent.headers.get("location"), `/v1/messages/${id}`);
  assert.match(sent.headers.get("traceparent") ?? "", /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  const rows = await api.gateway.query<{ account: string }>(
    "select account from message where id = $1",
    [id],
  );
  assert.equal(rows[0]?.account, "Test1");
  const [taken] = await api.gateway.provider.received(1);
  assert.equal(taken?.sms.octets.toString(), "Hello");
  assert.equal(taken?.sms.from.digits, "Shop");
  assert.deepEqual([taken?.sms.to.ton, taken?.sms.to.digits], [1, "31612345678"]);
  assert.equal(
    taken?.sms.registeredDelivery,
    1,
    "its status can be read, so a report is asked for",
  );
  assert.deepEqual(
    taken?.sms.tlvs.map(({ tag, octets }) => [tag, octets.toString("hex")]),
    [
      [0x0204, "0007"],
      [0x1401, "abcd"],
    ],
  );
  const read = await until(async () => {
    const found = await api.ask("GET", `/v1/messages/${id}`, { key });
    return found.body["status"] === "delivered" ? found : undefined;
  });
  const { status_at: _status, created_at: _created, ...shown } = read.body;
  assert.deepEqual(shown, {
    id,
    status: "delivered",
    to,
    from: "Shop",
    text: "Hello",
    client_reference: "order-17",
    tags: ["spring"],
  });
  const pending = await api.gateway.query("select 1 from pending where root = $1", [id]);
  assert.equal(pending.length, 0, "no report waits for who reads the status");
});

test("a text that is Unicode or long is measured, octets with a header go as they are", async () => {
  const long = await send({ to, text: "ж".repeat(100) });
  assert.deepEqual([long.body["parts"], long.body["encoding"]], [2, "ucs2"]);
  const data = Buffer.from([1, 2, 3]).toString("base64");
  const binary = await send({ to, data, udh: "0605040b8423f0" });
  assert.deepEqual([binary.status, binary.body["encoding"]], [202, "binary"]);
  const all = await api.gateway.provider.received(4);
  const last = all.find(({ sms }) => sms.dataCoding === 4);
  assert.equal(last?.sms.octets.toString("hex"), "0605040b8423f0010203");
  assert.equal(last?.sms.esmClass, 0x40);
});

test("[I48] a refusal of a trigger comes at once as a problem, credits that are too few as 402, and nothing is charged", async () => {
  const refused = await send({ to, text: "no" });
  assert.equal(refused.status, 403);
  assert.equal(refused.headers.get("content-type"), "application/problem+json; charset=utf-8");
  assert.equal(refused.body["code"], "refused_by_rule");
  assert.equal(refused.body["detail"], "not today");
  assert.equal(refused.body["smpp_status"], 0x45);
  const { body: before } = await api.ask("GET", "/v1/balance", { key });
  await api.gateway.running.store.accounts.credit("Test2", -100);
  const poor = await api.key({ account: "Test2" });
  const dear = await api.ask("POST", "/v1/messages", { key: poor, body: { to, text: "x" } });
  assert.deepEqual([dear.status, dear.body["code"]], [402, "no_credit"]);
  const { body: after } = await api.ask("GET", "/v1/balance", { key });
  assert.equal(after["credits"], before["credits"]);
});

test("who asks: a key of the right scope, in time, from the right place; a password by the bind triggers; nobody else", async () => {
  const body = { to, text: "who" };
  const asked = async (options: object) => {
    const { status, body: said } = await api.ask("POST", "/v1/messages", { body, ...options });
    return [status, said["code"]];
  };
  assert.deepEqual(await asked({}), [401, "bad_key"]);
  const { headers } = await api.ask("GET", "/v1/balance");
  assert.match(headers.get("www-authenticate") ?? "", /^Bearer .*Basic /);
  assert.deepEqual(await asked({ key: `${key.slice(0, -1)}${key.endsWith("A") ? "E" : "A"}` }), [
    401,
    "bad_key",
  ]);
  assert.deepEqual(await asked({ key: "sbk_000000000000_" + "A".repeat(43) }), [401, "bad_key"]);
  assert.deepEqual(await asked({ key: await api.key({ scopes: ["read"] }) }), [
    403,
    "missing_scope",
  ]);
  assert.deepEqual(await asked({ key: await api.key({ expiresMs: Date.now() - 1 }) }), [
    401,
    "bad_key",
  ]);
  assert.deepEqual(await asked({ key: await api.key({ allowFrom: "192.0.2.0/24" }) }), [
    403,
    "bind_refused",
  ]);
  assert.deepEqual(await asked({ basic: "Test1:wrong" }), [401, "bad_key"]);
  assert.deepEqual(await asked({ basic: "Nobody:Pwd1" }), [401, "bad_key"]);
  assert.deepEqual(await asked({ basic: "Test1:Pwd1" }), [202, undefined]);
  assert.deepEqual(await asked({ basic: "Test1:Pwd1" }), [202, undefined]);
  const binds = await api.gateway.query(
    "select 1 from message where kind = 'bind' and account = 'Test1' and channel = 'HTTP1'",
  );
  assert.equal(binds.length, 1, "the second time it was remembered");
  for (const line of [JSON.stringify(api.gateway.log.lines)])
    for (const secret of [key.slice(17), "Pwd1", "wrong"])
      assert.ok(!line.includes(secret), "no key and no password in the log");
});

test("[I01] only the own messages are read, listed by pages, found by number, reference and status, and cancelled in time", async () => {
  const sendAt = new Date(Date.now() + 3_600_000).toISOString();
  const later = await send({
    to: "+31600000009",
    text: "later",
    send_at: sendAt,
    client_reference: "z-1",
  });
  const id = String(later.body["id"]);
  await api.gateway.running.store.accounts.credit("Test2", 100);
  const other = await api.key({ account: "Test2", scopes: ["send", "read", "admin"] });
  for (const [method, path] of [
    ["GET", `/v1/messages/${id}`],
    ["DELETE", `/v1/messages/${id}`],
    ["GET", `/v1/messages/${id}/trace`],
  ] as const) {
    const { status, body } = await api.ask(method, path, { key: other });
    assert.deepEqual([status, body["code"]], [404, "unknown_message_id"]);
  }
  const others = await api.ask("GET", "/v1/messages?client_reference=z-1", { key: other });
  assert.deepEqual(others.body, { messages: [] });
  const seen: string[] = [];
  let cursor = "";
  do {
    const page = await api.ask("GET", `/v1/messages?limit=2${cursor}`, { key });
    for (const one of page.body["messages"]) seen.push(one.id);
    cursor = page.body["next_cursor"] === undefined ? "" : `&cursor=${page.body["next_cursor"]}`;
  } while (cursor !== "");
  const own = await api.gateway.query<{ id: string }>(
    "select id from message where account = 'Test1' and kind = 'sms' and parent is null order by id desc",
  );
  assert.deepEqual(
    seen,
    own.map((row) => row.id),
  );
  for (const query of ["client_reference=z-1", "to=0031600000009", "status=scheduled"]) {
    const found = await api.ask("GET", `/v1/messages?${query}`, { key });
    assert.deepEqual(
      found.body["messages"].map((one: { id: string }) => one.id),
      [id],
      query,
    );
  }
  const gone = await api.ask("DELETE", `/v1/messages/${id}`, { key });
  assert.deepEqual([gone.status, gone.body], [200, { id, status: "cancelled" }]);
  const twice = await api.ask("DELETE", `/v1/messages/${id}`, { key });
  assert.deepEqual([twice.status, twice.body["code"]], [409, "cancel_too_late"]);
  const admin = await api.key({ scopes: ["admin"] });
  const steps = await api.ask("GET", `/v1/messages/${id}/trace`, { key: admin });
  assert.equal(steps.body["steps"][0].what, "received");
});

test("[I48] the same Idempotency-Key is answered the same, also by the next start; another body is 422", async () => {
  const body = { to, text: "once" };
  const headers = { "idempotency-key": "k-1" };
  const [first, second] = await Promise.all([send(body, headers), send(body, headers)]);
  const both = [first, second].toSorted((one, other) => one.status - other.status);
  assert.equal(both[0]?.status, 202);
  if (both[1]?.status === 409) assert.equal(both[1].body["code"], "idempotency_running");
  else assert.deepEqual(both[1]?.body, both[0]?.body);
  const again = await send(body, headers);
  assert.equal(again.headers.get("idempotent-replayed"), "true");
  assert.deepEqual([again.status, again.body], [202, both[0]?.body]);
  const changed = await send({ ...body, text: "twice" }, headers);
  assert.deepEqual([changed.status, changed.body["code"]], [422, "idempotency_mismatch"]);
  const other = await api.key({ account: "Test2" });
  const theirs = await api.ask("POST", "/v1/messages", { key: other, body, headers });
  assert.equal(theirs.status, 202);
  assert.notEqual(theirs.body["id"], again.body["id"], "keys are each account's own");
  const refused = await send({ to, text: "no" }, { "idempotency-key": "k-2" });
  assert.equal(refused.status, 403);
  assert.equal(
    (await send(body, { "idempotency-key": "k-2" })).status,
    202,
    "it can be used again, as soon as the refusal is heard",
  );
  const wrong = await send(
    { to, text: "x", from: "far too long a name" },
    { "idempotency-key": "k-3" },
  );
  assert.equal(wrong.status, 400);
  assert.equal((await send(body, { "idempotency-key": "k-3" })).status, 202);
  // As after a crash between the commit and the answer.
  await api.gateway.query("update idempotency set answer = null where key = 'k-1'");
  const found = await send(body, headers);
  assert.deepEqual([found.status, found.body], [202, again.body]);
  const [{ count } = { count: 0 }] = await api.gateway.query<{ count: number }>(
    "select count(*)::integer as count from message where meta like '%\"once\"%' and account = 'Test1' and parent is null",
  );
  assert.equal(count, 3, "each key once");
});

test("a batch tells of each message by itself, in order, and is read and cancelled as one", async () => {
  const sendAt = new Date(Date.now() + 3_600_000).toISOString();
  const sent = await api.ask("POST", "/v1/batches", {
    key,
    body: {
      defaults: { from: "Shop", send_at: sendAt },
      messages: [
        { to, text: "a" },
        { to: "x", text: "b" },
        { to, text: "no" },
        { to, text: "d", colour: 1 },
        { to, text: "e" },
      ],
    },
  });
  assert.equal(sent.status, 202);
  assert.deepEqual([sent.body["accepted"], sent.body["refused"]], [2, 3]);
  const { items, id } = sent.body;
  assert.deepEqual(
    items.map((one: { index: number; problem?: { code: string; field?: string } }) => [
      one.index,
      one.problem?.code,
      one.problem?.field,
    ]),
    [
      [0, undefined, undefined],
      [1, "bad_request", "to"],
      [2, "refused_by_rule", undefined],
      [3, "bad_request", "colour"],
      [4, undefined, undefined],
    ],
  );
  const read = await api.ask("GET", `/v1/batches/${id}`, { key });
  assert.deepEqual(read.body["statuses"], { scheduled: 2 });
  const gone = await api.ask("DELETE", `/v1/batches/${id}`, { key });
  assert.deepEqual(gone.body, { id, cancelled: 2, too_late: 0 });
  const other = await api.key({ account: "Test2" });
  assert.equal((await api.ask("GET", `/v1/batches/${id}`, { key: other })).status, 404);
});

test("a dry run tells parts, route, price and refusals, and leaves nothing behind", async () => {
  const count = () => api.gateway.query("select 1 from message");
  const before = (await count()).length;
  const good = await api.ask("POST", "/v1/messages:dry-run", {
    key,
    body: { to, text: "ж".repeat(71) },
  });
  assert.deepEqual(good.body, {
    status: "would_be_accepted",
    parts: 2,
    encoding: "ucs2",
    credits: 2,
    route: ["SMPP1"],
  });
  const bad = await send({ to, text: "no", dry_run: true });
  assert.deepEqual([bad.status, bad.body["status"]], [200, "would_be_refused"]);
  assert.equal(bad.body["problem"].code, "refused_by_rule");
  assert.equal((await count()).length, before);
});

test("what a customer calls his message is known to triggers at its beginning and end, and stands in its trace", async () => {
  const blocked = await send({ to, text: "x", client_reference: "order-9", tags: ["blocked"] });
  assert.deepEqual([blocked.status, blocked.body["detail"]], [403, "order-9 is blocked"]);
  const sent = await send({ to, text: "x", client_reference: "order-10", tags: ["a", "b"] });
  const admin = await api.key({ scopes: ["admin"] });
  const told = await until(async () => {
    const { body } = await api.ask("GET", `/v1/messages/${sent.body["id"]}/trace`, { key: admin });
    return JSON.stringify(body).includes("ended order-10 a+b") ? body : undefined;
  });
  assert.equal(told["steps"][0].facts.reference, "order-10");
  const view = await askAdmin<MessageView>(
    api.gateway.running.admin.socket,
    "GET",
    `/v1/messages/${sent.body["id"]}`,
  );
  assert.equal(view.body.clientReference, "order-10");
});

test("what a message to a number would cost is told by its triggers and its route, and costs nothing", async () => {
  const { body: before } = await api.ask("GET", "/v1/balance", { key });
  const rate = await api.ask("GET", "/v1/rates?to=%2B31612345678&from=Shop", { key });
  assert.deepEqual(rate.body, {
    to,
    status: "would_be_accepted",
    credits: 1,
    route: ["SMPP1"],
  });
  const routed = { to, text: "x", tags: ["routed"], dry_run: true };
  const unpriced = await send(routed);
  assert.equal(unpriced.body["problem"].code, "no_route", "the table is asked, and knows no way");
  const { accounts } = api.gateway.running.store;
  await accounts.setOptions("Test1", { senders: "Shop" });
  const foreign = await api.ask("GET", "/v1/rates?to=%2B31612345678&from=Other", { key });
  assert.deepEqual(
    [foreign.body["status"], foreign.body["problem"].code],
    ["would_be_refused", "bad_source"],
  );
  await accounts.setOptions("Test1", { senders: "" });
  const wrong = await api.ask("GET", "/v1/rates?to=x", { key });
  assert.deepEqual([wrong.status, wrong.body["field"]], [400, "to"]);
  await accounts.credit("Test1", 0.0065);
  const { body: after } = await api.ask("GET", "/v1/balance", { key });
  assert.equal(after["credits"], Number((before["credits"] + 0.0065).toFixed(4)), "fractions, too");
});
