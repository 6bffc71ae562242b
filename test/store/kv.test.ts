// What scripts keep, on a real PostgreSQL: each call as if it were alone, many of them one statement.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Clock } from "../../src/model/clock.ts";
import { createKvTable, type KvChange, type KvEntry, type KvTable } from "../../src/store/kv.ts";
import { openPool } from "../../src/store/pool.ts";
import { freshDatabase, silentLog, type TestDatabase } from "../support/database.ts";
import { startCutProxy } from "./cut-proxy.ts";

let database: TestDatabase;
before(async () => {
  database = await freshDatabase();
});
after(() => database[Symbol.asyncDispose]());

const startMs = 1_800_000_000_000;

async function openKv(
  over: { url?: string; clock?: Clock; entriesMax?: number } = {},
): Promise<KvTable & AsyncDisposable & { readonly statements: () => number }> {
  const { url = database.url, clock = clockAt(() => startMs), ...more } = over;
  const db = openPool({ connectionString: url }, silentLog);
  let statements = 0;
  const counted = db.withPlugin({
    transformQuery: ({ node }) => {
      statements += 1;
      return node;
    },
    transformResult: ({ result }) => Promise.resolve(result),
  });
  const kv = createKvTable({ db: counted, clock, log: silentLog, ...more });
  return {
    ...kv,
    statements: () => statements,
    async [Symbol.asyncDispose]() {
      await kv.close();
      await db.destroy();
    },
  };
}

function clockAt(nowMs: () => number): Clock {
  return { nowMs, tickMs: nowMs };
}

const put = (value: string, expiresMs?: number) => () => ({
  answer: undefined,
  next: { value, expiresMs },
});
const plusOne = (entry: KvEntry | undefined): KvChange<number> => {
  const answer = Number(entry?.value ?? 0) + 1;
  return { answer, next: { value: String(answer), expiresMs: undefined } };
};

test("what was kept is there after a restart, what was taken away is not", async () => {
  const place = { namespace: "restart", key: "a" };
  {
    await using kv = await openKv();
    await kv.change(place, put('{"x":"\\u0000é"}'));
    await kv.change({ ...place, key: "b" }, put("1"));
    assert.equal(await kv.change({ ...place, key: "b" }, () => ({ answer: 7, next: null })), 7);
  }
  await using kv = await openKv();
  assert.deepEqual(await kv.get(place), { value: '{"x":"\\u0000é"}', expiresMs: undefined });
  assert.equal(await kv.get({ ...place, key: "b" }), undefined);
});

test("a thousand increments of one moment are a thousand, in a handful of statements", async () => {
  await using kv = await openKv();
  const place = { namespace: "many", key: "n" };
  const sums = await Promise.all(Array.from({ length: 1_000 }, () => kv.change(place, plusOne)));
  assert.deepEqual(
    sums.toSorted((one, other) => one - other),
    Array.from({ length: 1_000 }, (_, n) => n + 1),
  );
  assert.equal((await kv.get(place))?.value, "1000");
  assert(kv.statements() <= 10, `${kv.statements()} statements`);
});

test("calls for different keys and namespaces of one moment do not touch each other", async () => {
  await using kv = await openKv();
  const places = Array.from({ length: 700 }, (_, n) => ({
    namespace: `own${n % 3}`,
    key: `k${n}`,
  }));
  await Promise.all(places.map((place, n) => kv.change(place, put(String(n)))));
  await Promise.all(
    places
      .filter((_, n) => n % 2 === 0)
      .map((place) => kv.change(place, () => ({ answer: 0, next: null }))),
  );
  const found = await Promise.all(places.map((place) => kv.get(place)));
  assert.deepEqual(
    found.map((entry) => entry?.value),
    places.map((_, n) => (n % 2 === 0 ? undefined : String(n))),
  );
});

test("one call that throws rejects by itself, the others of its batch are done", async () => {
  await using kv = await openKv();
  const place = { namespace: "throws", key: "n" };
  const wrong = kv.change(place, () => {
    throw new Error("not so");
  });
  const right = kv.change(place, plusOne);
  await assert.rejects(wrong, /not so/);
  assert.equal(await right, 1);
});

test("what has expired is not there, whether it was swept or not", async () => {
  let nowMs = startMs;
  await using kv = await openKv({ clock: clockAt(() => nowMs) });
  const place = { namespace: "expiry", key: "a" };
  await kv.change(place, put("5", startMs + 1_000));
  await kv.change({ ...place, key: "stays" }, put("6"));
  assert.equal((await kv.get(place))?.value, "5");
  nowMs += 1_000;
  assert.equal(await kv.get(place), undefined);
  const page = { prefix: "", after: "", limit: 10 };
  assert.deepEqual(
    (await kv.list("expiry", page)).map(({ key }) => key),
    ["stays"],
  );
  const rows = "select key from kv where namespace = 'expiry' order by key";
  assert.equal((await database.query(rows)).length, 2);
  await kv.sweep();
  assert.deepEqual(await database.query(rows), [{ key: "stays" }]);
  assert.equal(await kv.change(place, plusOne), 1);
});

test("thousands that have expired are swept in batches, and make room", async () => {
  let nowMs = startMs;
  await using kv = await openKv({ clock: clockAt(() => nowMs), entriesMax: 4_500 });
  const fill = (n: number) =>
    kv.change({ namespace: "full", key: `k${n}` }, put("1", startMs + 1_000));
  await Promise.all(Array.from({ length: 4_500 }, (_, n) => fill(n)));
  await assert.rejects(fill(4_500), { code: "kv_full" });
  await kv.change({ namespace: "full", key: "k1" }, put("2", startMs + 1_000));
  nowMs += 1_000;
  await kv.sweep();
  assert.deepEqual(
    await database.query("select count(*)::int as n from kv where namespace = 'full'"),
    [{ n: 0 }],
  );
  await fill(4_500);
});

test("keys are listed by prefix, one page after another, whatever characters they have", async () => {
  await using kv = await openKv();
  const keys = ["a", "a%", "a_b", "ab", "a~", "b", "é", "éa", "😀", "a b"];
  for (const key of keys) await kv.change({ namespace: "pages", key }, put("1"));
  const listed = async (prefix: string, after = "", limit = 100) =>
    (await kv.list("pages", { prefix, after, limit })).map(({ key }) => key);
  assert.deepEqual(await listed(""), ["a", "a b", "a%", "a_b", "ab", "a~", "b", "é", "éa", "😀"]);
  assert.deepEqual(await listed("a"), ["a", "a b", "a%", "a_b", "ab", "a~"]);
  assert.deepEqual(await listed("a", "a b", 2), ["a%", "a_b"]);
  assert.deepEqual(await listed("a~"), ["a~"]);
  assert.deepEqual(await listed("é"), ["é", "éa"]);
  assert.deepEqual(await listed("😀"), ["😀"]);
  assert.deepEqual(
    (await kv.namespaces()).find(({ namespace }) => namespace === "pages"),
    {
      namespace: "pages",
      entries: 10,
    },
  );
});

test("a change whose commit nobody heard of counts once", async () => {
  await using proxy = await startCutProxy(database.url);
  await using kv = await openKv({ url: proxy.url });
  const place = { namespace: "cut", key: "n" };
  assert.equal(await kv.change(place, plusOne), 1);
  // The statement that reads is answered; from the one that writes on the server is not heard.
  const sum = kv.change(place, (entry) => {
    proxy.deaf = true;
    return plusOne(entry);
  });
  while ((await valueOf(place.namespace)) !== "2") await new Promise(setImmediate);
  proxy.deaf = false;
  proxy.cut();
  assert.equal(await sum, 2);
  assert.equal(await kv.change(place, plusOne), 3);
});

test("a database that stays away is told, and what comes later is counted anew", async () => {
  await using proxy = await startCutProxy(database.url);
  await using kv = await openKv({ url: proxy.url });
  const place = { namespace: "away", key: "n" };
  await kv.change(place, plusOne);
  proxy.refusing = true;
  proxy.cut();
  const failed = { code: "database_unreachable" };
  await Promise.all([
    assert.rejects(kv.change(place, plusOne), failed),
    assert.rejects(kv.get(place), failed),
  ]);
  proxy.refusing = false;
  assert.equal(await kv.change(place, plusOne), 2);
});

async function valueOf(namespace: string): Promise<string | undefined> {
  const rows = await database.query<{ value: string }>(
    "select value from kv where namespace = $1",
    [namespace],
  );
  return rows[0]?.value;
}
