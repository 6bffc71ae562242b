/**
 * Customers are told at their own URLs, seen from outside: a gateway between the simulator's two ends and
 * an HTTP server that plays the customer's, with endpoints set over the admin API as an operator does.
 */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { makeKey } from "../../src/model/api-key.ts";
import type { DeadHookView, WebhookTestView, WebhookView } from "../../src/model/webhook.ts";
import { signalbox } from "../cli/cli.ts";
import { type AdminAnswer, type Refusal, askAdmin } from "../support/admin.ts";
import { customer } from "../support/customer.ts";
import { type TestGateway, startGateway } from "../support/gateway.ts";
import { type Receiver, startReceiver, toldBy, verify } from "../support/webhook-receiver.ts";

interface Added {
  readonly endpoint: WebhookView;
  readonly secret: string;
}

let gateway: TestGateway;
let receiver: Receiver;
before(async () => {
  receiver = await startReceiver();
  gateway = await startGateway({
    live: true,
    settings: { webhooks: { allowPrivate: ["127.0.0.1"], timeoutMs: 2_000 } },
    channels: {
      OTHER: { type: "smpp-server", address: ["127.0.0.1"], port: 0 },
      HTTP1: { type: "http-server", address: ["127.0.0.1"], port: 0 },
    },
    triggers: {
      "all.ts": `
        import { onBind, onMessage, onReport, onStatus } from "signalbox";
        export const BIND = onBind({}, async (bind, { accounts }) => {
          const found = await accounts.verify(bind);
          if (found.ok) bind.accept({ account: found.account });
          else bind.reject(found.reason);
        });
        export const OUT = onMessage({ channels: ["SMPP_SERVER1", "OTHER"] }, (message) => {
          message.accept({ charge: 1 });
          message.forward({ channel: "SMPP1" });
        });
        export const IN = onMessage({ channels: ["SMPP1"] }, async (message, { accounts }) => {
          if (message.to.startsWith("+3197")) {
            const channel = message.to.endsWith("1") ? "HTTP1" : "SMPP_SERVER1";
            return message.forward({ channel, account: "Test2" });
          }
          const owner = await accounts.byNumber(message.to);
          if (owner === undefined) message.fail("nobody's number");
          else message.forward({ channel: "SMPP_SERVER1", account: owner.id });
        });
        export const APPLY = onReport({}, (report) => report.apply());`,
    },
  });
  await gateway.provider.until("bound", 1);
});
after(async () => {
  await gateway[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

const ask = <T>(method: Parameters<typeof askAdmin>[1], path: string, body?: unknown) =>
  askAdmin<T>(gateway.running.admin.socket, method, path, body);

async function add(more: Readonly<Record<string, unknown>>): Promise<Added> {
  const { status, body } = await ask<Added>("POST", "/v1/webhooks", { account: "Test1", ...more });
  assert.equal(status, 201, JSON.stringify(body));
  return body;
}

const remove = ({ endpoint: { id } }: Added): Promise<AdminAnswer<{ dropped: number }>> =>
  ask("DELETE", `/v1/webhooks/${id}`);

const typesOn = (path: string): string[] =>
  receiver.calls.filter((call) => call.path === path).map((call) => toldBy(call).type);

const port = (channel: string): number => gateway.running.channels.get(channel)?.ports()[0] ?? 0;

test("a customer is told of each step of his message, in order, signed so that he can check it", async () => {
  const added = await add({ url: `${receiver.url}/all`, events: ["*"] });
  assert.equal(added.endpoint.events.length, 10);
  const esme = await customer(gateway);
  const { messageId } = await esme.submit({
    from: "+31699887766",
    to: "+31612345670",
    text: "Hi",
    registeredDelivery: 1,
  });
  await receiver.until(() => typesOn("/all").includes("message.delivered"));
  await gateway.provider.inject({ from: "+31612345670", to: "+31699887766", text: "Grüße" });
  await receiver.until(() => typesOn("/all").includes("message.inbound"));
  await esme.unbind();
  await receiver.until(() => typesOn("/all").includes("session.unbound"));
  const calls = receiver.calls.filter(({ path }) => path === "/all");
  const about = (type: string) => toldBy(calls.find((call) => toldBy(call).type === type)).data;
  assert.deepEqual(
    typesOn("/all").filter((type) => /accepted|sent|delivered/.test(type)),
    ["message.accepted", "message.sent", "message.delivered"],
  );
  assert.equal(new Set(calls.map(({ headers }) => headers["webhook-id"])).size, 6);
  for (const call of calls) {
    assert.equal(call.method, "POST");
    assert.equal(call.headers["content-type"], "application/json");
    verify(added.secret, call);
    const told = toldBy(call);
    assert.equal(told.id, call.headers["webhook-id"]);
    assert.equal(told.api_version, "1");
    assert.equal(told.data["account"], "Test1");
  }
  const delivered = about("message.delivered");
  assert.equal(delivered["message_id"], messageId);
  assert.equal(delivered["status"], "DELIVERED");
  assert.equal(delivered["state"], "DELIVRD");
  assert.equal(delivered["channel"], "SMPP_SERVER1");
  assert.equal(delivered["to"], "+31612345670");
  assert.equal(about("message.inbound")["text"], "Grüße");
  assert.equal(about("message.inbound")["from"], "+31612345670");
  assert.equal(about("session.bound")["bind_type"], "transceiver");
  assert.equal(about("session.unbound")["reason"], "peer_unbound");
  assert.ok(!calls.some(({ body }) => body.includes('"Hi"')), "a text goes only to whom it is for");
  // Neither key nor text in the log.
  const log = JSON.stringify(gateway.log.lines);
  assert.ok(!log.includes(added.secret) && !log.includes("Grüße") && !log.includes("/all"));
  await remove(added);
});

test("what is forged, changed or old is noticed by who checks, and a new secret signs beside the old", async () => {
  const added = await add({ url: `${receiver.url}/rotated` });
  const { endpoint, secret } = added;
  const test = () => ask<WebhookTestView>("POST", `/v1/webhooks/${endpoint.id}/test`);
  const first = await test();
  assert.deepEqual([first.body.ok, first.body.status], [true, 200]);
  const rotated = await ask<{ secret: string }>("POST", `/v1/webhooks/${endpoint.id}/rotate`, {});
  await test();
  await ask("POST", `/v1/webhooks/${endpoint.id}/rotate`, { keepOldMs: 0 });
  await test();
  const [before, both, late] = receiver.calls.filter(({ path }) => path === "/rotated");
  assert.ok(before !== undefined && both !== undefined && late !== undefined);
  verify(secret, before);
  verify(secret, both);
  verify(rotated.body.secret, both);
  for (const known of [secret, rotated.body.secret])
    assert.throws(() => verify(known, late), /does not fit/, "it signs no more");
  const changed = { ...before, body: before.body.replace("Test1", "Test2") };
  assert.throws(() => verify(secret, changed), /does not fit/);
  assert.throws(() => verify("whsec_AAAA", before), /does not fit/);
  assert.throws(() => verify(secret, before, Date.now() / 1_000 + 301), /too old/);
  assert.throws(() => verify(secret, { ...before, headers: {} }), /not signed/);
  const replayed = { ...before.headers, "webhook-id": "another" };
  assert.throws(() => verify(secret, { ...before, headers: replayed }), /does not fit/);
  await remove(added);
});

test("[Y24] a template is called by GET with id and status, only for what came in where it was asked for", async () => {
  const url = `${receiver.url}/status?billid=\${billid}&status=\${sms_stat}&to=\${to}`;
  const added = await add({ url, form: "get", events: ["message.delivered"], channels: ["OTHER"] });
  const here = await customer(gateway);
  const there = await customer({ port: port("OTHER") });
  const written = { from: "+31699887766", to: "+31612345671", text: "Hi", registeredDelivery: 1 };
  const silent = await here.submit(written);
  const { messageId } = await there.submit(written);
  await receiver.until((calls) => calls.some(({ path }) => path.startsWith("/status")));
  await gateway.provider.until("reported", 3);
  const calls = receiver.calls.filter(({ path }) => path.startsWith("/status"));
  assert.deepEqual(
    calls.map(({ method, path, body }) => [method, path, body]),
    [["GET", `/status?billid=${messageId}&status=DELIVERED&to=%2B31612345671`, ""]],
  );
  assert.notEqual(silent.messageId, messageId);
  assert.equal(calls[0]?.headers["webhook-signature"], undefined, "there is nothing to sign");
  await here.unbind();
  await there.unbind();
  await remove(added);
});

test("a refusal is a dead letter that one command sends again; 410 disables; private addresses are refused", async () => {
  const added = await add({ url: `${receiver.url}/picky`, events: ["message.accepted"] });
  const { id } = added.endpoint;
  receiver.answer(({ path }) => (path === "/picky" ? 422 : 200));
  const esme = await customer(gateway);
  const submit = () =>
    esme.submit({ from: "+31699887766", to: "+31612345670", text: "Hi", registeredDelivery: 1 });
  await submit();
  const dead = () => ask<DeadHookView[]>("GET", `/v1/webhook-calls/dead?endpoint=${id}`);
  const untilDead = async (n: number): Promise<DeadHookView[]> => {
    for (;;) {
      const { body } = await dead();
      if (body.length === n) return body;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const [letter] = await untilDead(1);
  assert.equal(letter?.reason, "answered with 422");
  assert.equal(letter?.tries, 1);
  receiver.answer(() => 204);
  const count = receiver.taken.length;
  const resent = await ask<{ calls: number }>("POST", "/v1/webhook-calls/resend", {
    id: letter?.id,
  });
  assert.equal(resent.body.calls, 1);
  await receiver.until(() => receiver.taken.length > count);
  assert.equal(receiver.taken.at(-1)?.headers["webhook-id"], letter?.id, "the same id each time");

  receiver.answer(() => 410);
  await submit();
  await untilDead(1);
  const list = async () => (await ask<WebhookView[]>("GET", "/v1/webhooks?account=Test1")).body[0];
  while ((await list())?.disabled === undefined)
    await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal((await list())?.disabled, "answered with 410");
  const calls = receiver.calls.length;
  await submit();
  receiver.answer(() => 200);
  await ask("PATCH", `/v1/webhooks/${id}`, { enabled: true });
  await submit();
  await receiver.until(() => receiver.calls.length > calls);
  assert.equal(receiver.calls.length, calls + 1, "nothing was told while it was disabled");
  await esme.unbind();
  await remove(added);

  const refused = async (more: Readonly<Record<string, unknown>>) => {
    const wish = { account: "Test1", url: "https://a.example/", ...more };
    const { status, body } = await ask<Refusal>("POST", "/v1/webhooks", wish);
    return `${status} ${body.message}`;
  };
  assert.match(await refused({ url: "http://169.254.169.254/latest" }), /^400 .*no public address/);
  assert.match(await refused({ url: "http://[::ffff:10.0.0.1]/" }), /^400 .*no public address/);
  assert.match(await refused({ url: "ftp://a.example/" }), /^400 .*not spoken/);
  assert.match(await refused({ url: "https://u:p@a.example/" }), /^400 .*password/);
  assert.match(await refused({ url: "https://a.example/?x=${to}" }), /^400 .*--get/);
  assert.match(await refused({ url: "https://a/?x=${nope}", form: "get" }), /^400 There is no/);
  assert.match(await refused({ url: "https://${to}/", form: "get" }), /^400 A template begins/);
  assert.match(await refused({ events: ["message.read"] }), /^400 There is no event/);
  assert.match(await refused({ secret: "whsec_c2hvcnQ=" }), /^400 A secret is/);
  assert.match(await refused({ account: "Nobody" }), /^401 /);
});

test("signalbox webhook: what is added is told, tried, given up, sent again, given a new secret and removed", async () => {
  const config = join(dirname(gateway.triggers), "signalbox.yaml");
  const run = (...args: string[]) => signalbox(["webhook", ...args, "--config", config]);
  const url = `${receiver.url}/by-hand`;
  receiver.answer(() => 422);
  const added = await run("add", "Test1", url, "--event", "message.accepted");
  const [, id = "", secret = ""] =
    /^Webhook (\S+) of Test1 is told of message\.accepted\.\nIts secret, shown once: (whsec_\S+)\n/.exec(
      added.out,
    ) ?? [];
  assert.deepEqual([added.code, added.err, id.length], [0, "", 36], added.out);
  const esme = await customer(gateway);
  await esme.submit({ from: "+31699887766", to: "+31612345670", text: "Hi" });
  await esme.unbind();
  await receiver.until((calls) => calls.some(({ path }) => path === "/by-hand"));
  const [failed, refused] = await Promise.all([run("test", id), run("resend")]);
  assert.deepEqual([failed.code, refused.code], [1, 2]);
  assert.match(failed.out, /^It failed after \d+ ms: answered with 422\.\n/);
  const [dead, listed] = await Promise.all([run("dead", "--endpoint", id), run("list", "--json")]);
  const [, call = ""] =
    /^(\S{36}) .* message\.accepted .* 1 +answered with 422$/m.exec(dead.out) ?? [];
  const [shown] = JSON.parse(listed.out);
  assert.deepEqual([shown.id, shown.url, shown.dead, shown.secrets], [id, url, 1, 1], dead.out);
  assert.ok(!listed.out.includes(secret));
  receiver.answer(() => 200);
  const count = receiver.taken.length;
  const resent = await run("resend", call);
  assert.match(resent.out, /^1 call is made again\.\n/);
  await receiver.until(() => receiver.taken.length > count);
  assert.equal(receiver.taken.at(-1)?.headers["webhook-id"], call);
  const rotated = await run("rotate", id, "--json");
  const tried = await run("test", id);
  assert.match(tried.out, /^It answered with 200 after \d+ ms\.\n/);
  for (const known of [secret, JSON.parse(rotated.out).secret])
    verify(known, receiver.calls.at(-1) ?? { headers: {}, body: "" });
  const removed = await run("remove", id, "--yes");
  assert.match(removed.out, /is gone, and 0 calls with it\.\n/);
  const unknown = await run("test", id);
  assert.deepEqual([unknown.code, unknown.out], [1, ""]);
});

test("[I25] over HTTP what a webhook has taken is delivered, while somebody waits to fetch it too; over SMPP only a session's answer is", async () => {
  const added = await add({ account: "Test2", url: `${receiver.url}/inbound` });
  /** Its answer waits until it is released. */
  const held = (): (() => void) => {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    receiver.answer(() => released.then(() => 200));
    return release;
  };
  const { text: key, ...made } = makeKey();
  const rest = { name: "k", scopes: ["read"], allowFrom: "", createdMs: 1, by: "" } as const;
  const apiKey = {
    ...rest,
    id: made.id,
    sha256: made.sha256,
    account: "Test2",
    expiresMs: undefined,
  };
  await gateway.running.store.apiKeys.add(apiKey, Date.now());
  const fetched = async (): Promise<readonly unknown[]> => {
    const headers = { authorization: `Bearer ${key}` };
    const answer = await fetch(`http://127.0.0.1:${port("HTTP1")}/v1/inbound`, { headers });
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- docs/openapi.json says so.
    return ((await answer.json()) as { items: unknown[] }).items;
  };
  const standing = async (to: string): Promise<string> => {
    const [row] = await gateway.query<{ status: string; waits: boolean }>(
      `select s.status, exists (
        select from message m join pending p on p.id = m.id where m.root = o.id) as waits
      from message o join state s on s.id = o.id where o.to_address = $1 and o.parent is null`,
      [to],
    );
    return `${row?.status} ${row?.waits === true ? "waits" : ""}`.trim();
  };
  const inject = (to: string) =>
    gateway.provider.inject({ from: "+31612345670", to, text: "Hi there" });
  const isTold = (to: string) =>
    receiver.until((calls) =>
      calls.some((one) => one.path === "/inbound" && toldBy(one).data["to"] === to),
    );
  const becomes = async (to: string, wanted: string) => {
    while ((await standing(to)) !== wanted) await new Promise((resolve) => setTimeout(resolve, 10));
  };

  const first = held();
  await inject("+31970001");
  await isTold("+31970001");
  assert.equal(await standing("+31970001"), "QUEUED waits", "nobody has taken it");
  first();
  await becomes("+31970001", "DELIVERED");
  // From now on he asks for it, so it is held for him.
  assert.deepEqual(await fetched(), []);
  const second = held();
  await inject("+31970011");
  await isTold("+31970011");
  while ((await fetched()).length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  second();
  await becomes("+31970011", "DELIVERED");
  assert.deepEqual(await fetched(), [], "he needs not fetch what he has");

  const count = receiver.taken.length;
  await inject("+31970002");
  await receiver.until(() => receiver.taken.length > count);
  while (
    ((await ask<WebhookView[]>("GET", "/v1/webhooks?account=Test2")).body[0]?.waiting ?? 1) > 0
  )
    await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(await standing("+31970002"), "QUEUED waits", "it waits for a session of his");
  await remove(added);
});
