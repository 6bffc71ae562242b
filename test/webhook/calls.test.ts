/**
 * How customers are called: nothing lost, each message's events in order, whatever their servers do. The
 * database and the sockets are real; times are short and luck is a seed.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { standardOptions } from "../../src/model/account-options.ts";
import { systemClock } from "../../src/model/clock.ts";
import { silentMeter } from "../../src/model/meter.ts";
import type { Hook, WebhookView } from "../../src/model/webhook.ts";
import { openWebhooks, type Webhooks } from "../../src/webhook/webhooks.ts";
import { webhookSettings } from "../../src/webhook/settings.ts";
import { heldMax } from "../../src/webhook/lane.ts";
import { acceptance, finish, newId, openTestStore, type TestStore } from "../store/fixtures.ts";
import { freshDatabase } from "../support/database.ts";
import { type RecorderLog, recorderLog } from "../support/log.ts";
import { type Receiver, startReceiver, toldBy, verify } from "../support/webhook-receiver.ts";

interface Site extends AsyncDisposable {
  readonly store: TestStore;
  readonly webhooks: Webhooks;
  readonly log: RecorderLog;
  hooks(endpoint: string, subject: string, events: readonly Hook["event"][]): Hook[];
}

async function open(
  url: string,
  more: {
    readonly waitingMax?: number;
    readonly retryFirstMs?: number;
    readonly timeoutMs?: number;
    readonly secretsKey?: string;
    readonly secretsKeyBefore?: string;
  } = {},
): Promise<Site> {
  const store = await openTestStore(url);
  const log = recorderLog();
  // A time-out that a busy machine reaches would tell one thing twice.
  const { retryFirstMs = 20, ...own } = { timeoutMs: 20_000, ...more };
  const webhooks = await openWebhooks({
    settings: webhookSettings.parse({ allowPrivate: ["127.0.0.1"], ...own }),
    store,
    optionsOf: () => standardOptions,
    takenOn: (channel) => (channel === "SMPP1" ? "SENT" : "DELIVERED"),
    taken: async () => {},
    clock: systemClock,
    log,
    meter: silentMeter,
    newId,
    pace: { retryFirstMs, openFirstMs: 50 },
  }).catch(async (cause: unknown) => {
    await store[Symbol.asyncDispose]();
    throw cause;
  });
  await webhooks.takeUp();
  return {
    store,
    webhooks,
    log,
    hooks: (endpoint, subject, events) =>
      events.map((event) => {
        const id = newId();
        const payload = JSON.stringify({ id, type: event, data: { subject } });
        return { id, endpoint, subject, event, payload };
      }),
    async [Symbol.asyncDispose]() {
      await webhooks.stop();
      await store[Symbol.asyncDispose]();
    },
  };
}

const steps = ["message.accepted", "message.sent", "message.delivered"] as const;

async function addTo({ webhooks }: Site, { url }: Receiver): Promise<string> {
  return (await webhooks.add({ account: "Test1", url: `${url}/hook` })).endpoint.id;
}

const viewOf = async ({ webhooks }: Site): Promise<WebhookView | undefined> =>
  (await webhooks.list())[0];

/** What each subject was told, in the order in which it was taken. */
function takenOf({ taken }: Receiver): Map<string, string[]> {
  const all = new Map<string, string[]>();
  for (const call of taken) {
    const { type, data } = toldBy(call);
    const subject = String(data["subject"]);
    all.set(subject, [...(all.get(subject) ?? []), type]);
  }
  return all;
}

async function untilEmpty(site: Site): Promise<void> {
  while (((await viewOf(site))?.waiting ?? 0) > 0)
    await new Promise((resolve) => setTimeout(resolve, 20));
}

test("events of one message come in order although a third of the calls fails, and none is lost", async () => {
  await using database = await freshDatabase();
  await using receiver = await startReceiver();
  await using site = await open(database.url);
  const endpoint = await addTo(site, receiver);
  let seed = 7;
  receiver.answer(() => {
    seed = (seed * 16_807) % 2_147_483_647;
    return seed % 3 === 0 ? ([500, 503, 429, 408][seed % 4] ?? 500) : 200;
  });
  const subjects = Array.from({ length: 150 }, () => newId());
  for (const step of steps)
    for (const subject of subjects)
      void site.store.writer.hook(site.hooks(endpoint, subject, [step]));
  await receiver.until(() => receiver.taken.length >= 450);
  await untilEmpty(site);
  const taken = takenOf(receiver);
  for (const subject of subjects) assert.deepEqual(taken.get(subject), steps);
  assert.ok(receiver.calls.length > 500, "some were tried again");
  const ids = receiver.taken.map(({ headers }) => headers["webhook-id"]);
  assert.equal(new Set(ids).size, 450, "each was taken once");
});

test("an endpoint that is away fills no memory, is left alone, and hears all of it in order when it is back", async () => {
  await using database = await freshDatabase();
  await using receiver = await startReceiver();
  let away = true;
  receiver.answer(() => (away ? 503 : 200));
  const subjects = Array.from({ length: heldMax }, () => newId());
  {
    await using site = await open(database.url);
    const endpoint = await addTo(site, receiver);
    for (const step of steps)
      for (const subject of subjects)
        void site.store.writer.hook(site.hooks(endpoint, subject, [step]));
    await receiver.until((calls) => calls.length > 15);
    while ((await viewOf(site))?.waiting !== 3 * heldMax)
      await new Promise((resolve) => setTimeout(resolve, 20));
    const view = await viewOf(site);
    assert.notEqual(view?.breaker, "closed");
    assert.ok(receiver.calls.length < 200, `${receiver.calls.length} calls: it is left alone`);
    assert.equal(view?.dead, 0);
  }
  // The next start takes up what this one left.
  away = false;
  await using site = await open(database.url);
  await receiver.until(() => receiver.taken.length >= 3 * heldMax);
  await untilEmpty(site);
  const taken = takenOf(receiver);
  for (const subject of subjects) assert.deepEqual(taken.get(subject), steps);
  assert.equal((await viewOf(site))?.breaker, "closed");
});

test("tries are counted over a restart, and when they are used up it is a dead letter", async () => {
  await using database = await freshDatabase();
  await using receiver = await startReceiver();
  receiver.answer(() => 500);
  {
    await using site = await open(database.url, { retryFirstMs: 60_000 });
    const endpoint = await addTo(site, receiver);
    await site.store.writer.hook(site.hooks(endpoint, "a", ["message.sent", "message.delivered"]));
    await receiver.until((calls) => calls.length === 1);
    while ((await viewOf(site))?.failed !== 1)
      await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const [row] = await database.query<{ tries: number; s: number }>(
    "select tries, extract(epoch from due - now())::int as s from webhook_call order by id",
  );
  assert.equal(row?.tries, 1);
  assert.ok((row?.s ?? 0) > 40, "and so is the time until the next one");
  await database.query("update webhook_call set due = now(), tries = 14 where tries = 1");
  await using site = await open(database.url);
  while ((await viewOf(site))?.dead !== 1) await new Promise((resolve) => setTimeout(resolve, 10));
  receiver.answer(() => 200);
  await receiver.until(() => receiver.taken.length === 1);
  assert.equal(toldBy(receiver.taken[0]).type, "message.delivered", "what is behind it goes on");
  assert.deepEqual(await site.webhooks.resend({}), { calls: 1 });
  await receiver.until(() => receiver.taken.length === 2);
  await untilEmpty(site);
  assert.equal((await viewOf(site))?.dead, 0);
});

test("above the limit what is new is kept as given up, in its commit, and sent again on demand; what waits for a day is given up", async () => {
  await using database = await freshDatabase();
  await using receiver = await startReceiver();
  receiver.answer(() => 0);
  await using site = await open(database.url, { waitingMax: 1_000, timeoutMs: 1_000 });
  const endpoint = await addTo(site, receiver);
  const many = Array.from({ length: 1_000 }, () => site.hooks(endpoint, newId(), ["message.sent"]));
  await Promise.all(many.map((hooks) => site.store.writer.hook(hooks)));
  const { message } = acceptance();
  const accepted = { message, text: "", encoding: undefined, parts: 1, forwards: [] };
  const asked = () =>
    site.webhooks.announce.accepted({ ...accepted, status: "QUEUED", error: undefined });
  const hooks = asked();
  assert.equal(hooks.length, 1);
  await site.store.writer.hook(hooks);
  const full = await viewOf(site);
  assert.deepEqual([full?.waiting, full?.dead], [1_000, 1]);
  const [letter] = await site.webhooks.dead(10);
  assert.deepEqual(
    [letter?.id, letter?.tries, letter?.reason],
    [hooks[0]?.id, 0, "too much waited for this webhook"],
  );
  assert.deepEqual(await site.webhooks.resend({ endpoint }), { calls: 1 });
  const again = await viewOf(site);
  assert.deepEqual([again?.waiting, again?.dead], [1_001, 0], "it waits behind the others now");
  const old = { ms: -1_000, reason: "not told within a day", limit: 10_000 };
  assert.ok((await site.store.webhooks.buryOld(endpoint, [], old)).length > 900);
  await site.webhooks.remove(endpoint);
  assert.deepEqual(asked(), [], "nobody is to be told");
  const [left] = await database.query<{ n: number }>("select count(*)::int as n from webhook_call");
  assert.equal(left?.n, 0);
});

test("what is told rides in the commit that it tells of: what cannot be paid tells nothing", async () => {
  await using database = await freshDatabase();
  await using receiver = await startReceiver();
  // Its answers wait: each is taken out of the table by a transaction of its own.
  let counted = (): void => undefined;
  const untilCounted = new Promise<void>((resolve) => (counted = resolve));
  receiver.answer(() => untilCounted.then(() => 200));
  await using site = await open(database.url);
  const endpoint = await addTo(site, receiver);
  const { writer, accounts } = site.store;
  await accounts.add({ id: "Test1", password: "Pwd1", credits: 1, numbers: [] });
  const flushes = async (): Promise<number> => {
    const [row] = await database.query<{ n: number }>("select count(*)::int as n from batch");
    return row?.n ?? 0;
  };
  const one = acceptance({ price: 1 });
  const other = acceptance({ price: 1 });
  const hooksOf = (of: typeof one) => site.hooks(endpoint, of.message.id, ["message.accepted"]);
  const before = await flushes();
  assert.deepEqual(
    await Promise.all([one, other].map((of) => writer.accept({ ...of, hooks: hooksOf(of) }))),
    ["accepted", "no_credit"],
  );
  assert.equal(await flushes(), before + 1, "no transaction besides");
  counted();
  await writer.finish({
    ...finish(one),
    hooks: site.hooks(endpoint, one.message.id, ["message.sent"]),
  });
  await receiver.until(() => receiver.taken.length === 2);
  await untilEmpty(site);
  const taken = takenOf(receiver);
  assert.deepEqual([...taken], [[one.message.id, ["message.accepted", "message.sent"]]]);
  assert.ok(!JSON.stringify(site.log.lines).includes("whsec_"));
});

test("with a key in the settings no secret is readable in the database, a new key takes over, and without it there is no start", async () => {
  await using database = await freshDatabase();
  await using receiver = await startReceiver();
  const keys = ["a", "b", "c"].map((letter) => letter.repeat(32));
  const [one = "", two = "", three = ""] = keys;
  const kept = async () => {
    const rows = await database.query<{ secrets: string }>(
      "select secrets from webhook order by id",
    );
    return rows.map(({ secrets }) => secrets).join("\n");
  };
  const secrets: string[] = [];
  const check = async ({ webhooks }: Site) => {
    for (const [n, { id }] of (await webhooks.list()).entries()) {
      assert.ok((await webhooks.test(id)).ok);
      verify(secrets[n] ?? "", receiver.calls.at(-1) ?? { headers: {}, body: "" });
    }
  };
  const add = async ({ webhooks }: Site) =>
    secrets.push((await webhooks.add({ account: "Test1", url: `${receiver.url}/hook` })).secret);
  {
    await using site = await open(database.url);
    await add(site);
    assert.ok((await kept()).includes(secrets[0] ?? ""), "in clear where no key is set");
  }
  {
    await using site = await open(database.url, { secretsKey: one });
    await add(site);
    assert.doesNotMatch(await kept(), /whsec_/);
    await check(site);
  }
  const before = await kept();
  {
    await using site = await open(database.url, { secretsKey: two, secretsKeyBefore: one });
    await check(site);
  }
  assert.notEqual(await kept(), before);
  {
    await using site = await open(database.url, { secretsKey: two });
    await check(site);
    const [first] = await site.webhooks.list();
    secrets[0] = (await site.webhooks.rotate(first?.id ?? "", 0)).secret;
    assert.doesNotMatch(await kept(), /whsec_/);
  }
  const refused =
    /webhooks.secretsKey: the secret of webhook \S+ is sealed with the key \w+, which/;
  await assert.rejects(open(database.url, { secretsKey: three }), refused);
  await assert.rejects(open(database.url), refused);
  // Another one's secret is no use in the place of one's own.
  await database.query("update webhook set secrets = (select max(secrets) from webhook)");
  await assert.rejects(open(database.url, { secretsKey: two }), /was changed in the database/);
});
