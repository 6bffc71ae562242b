// Pages, batches and counts; what a whole gateway does is in test/later/retention.test.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { addressOf } from "../../src/model/address.ts";
import type { Message } from "../../src/model/message.ts";
import type { Acceptance } from "../../src/store/writer.ts";
import { type TestDatabase, freshDatabase } from "../support/database.ts";
import {
  acceptance,
  child,
  conclusion,
  finish,
  hello,
  newId,
  openTestStore,
  told,
} from "./fixtures.ts";

const person = "+31600000001";

/** An acceptance whose original is from and to these. */
function between(from: string, to: string, over: Partial<Message> = {}): Acceptance {
  const one = acceptance();
  const sms = { ...hello, from: addressOf(from), to: addressOf(to) };
  const message = { ...one.message, from, to, sms };
  return {
    ...one,
    message,
    forwards: one.forwards.map((forward) => ({
      ...forward,
      message: { ...forward.message, from, to, sms, ...over },
    })),
  };
}

async function rowsWith(db: TestDatabase, text: string): Promise<number> {
  const rows = await db.query<{ n: number }>(
    `select (select count(*) from message m where strpos(m::text, $1) > 0)::integer
      + (select count(*) from trace t where strpos(t::text, $1) > 0)::integer
      + (select count(*) from attempt a where strpos(a::text, $1) > 0)::integer
      + (select count(*) from state s where strpos(s::text, $1) > 0)::integer
      + (select count(*) from dead_letter d where strpos(d::text, $1) > 0)::integer
      + (select count(*) from webhook_call w where strpos(w::text, $1) > 0)::integer as n`,
    [text],
  );
  return rows[0]?.n ?? -1;
}

test("lives are found by sender, by destination and by what a trigger wrote, a page at a time", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const changed = { ...hello, to: addressOf(person) };
  const all = [
    between(person, "+31600000002"),
    between("+31600000002", person),
    between("+31600000002", person.slice(1)),
    between(person, person),
    between("1", "2", { to: person, sms: changed, sameAsParent: false }),
    between("1", "2", { from: person, sms: changed, sameAsParent: false }),
  ];
  const nobodys = between("+31600000003", "+31600000004");
  for (const one of [...all, nobodys]) await store.writer.accept(one);
  const bind = {
    ...nobodys.message,
    id: newId(),
    kind: "bind",
    from: person,
    sms: undefined,
  } as const;
  await store.writer.record({ ...bind, root: bind.id }, "RECEIVED", undefined);
  const erasure = store.erasureOf(person);
  const before = newId();
  assert.equal(await erasure.count(before), all.length);
  assert.equal(await erasure.count(all[2]?.message.id ?? ""), 2);
  const found: string[] = [];
  let after: string | undefined;
  let pages = 0;
  do {
    const page = await erasure.next({ after, before, limit: 2 });
    found.push(...page.roots);
    ({ after } = page);
    pages += 1;
  } while (after !== undefined);
  assert.deepEqual(new Set(found), new Set(all.map(({ message }) => message.id)));
  assert.ok(pages >= all.length / 2);
});

test("a life is emptied in all its rows, what is counted is what was changed, and twice is once", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const one = between("+31600000002", person);
  await store.writer.accept(one);
  await store.writer.finish(finish(one, { error: `no route to ${person}` }));
  const report = told(one, { from: person, to: "+31600000002" });
  const lines = [{ at: 1, what: "reported", facts: { state: `UNDELIV ${person}` } }];
  await store.writer.conclude(conclusion(one, { error: `gone: ${person}`, lines, tell: [report] }));
  const { id: root } = one.message;
  const dead = { root, kind: "event", reason: "", pending: false };
  await store.writer.bury({ ...dead, id: newId(), payload: JSON.stringify({ to: person }) });
  assert.ok((await rowsWith(db, person.slice(1))) >= 6);

  const erasure = store.erasureOf(person);
  const { erased, unfinished } = await erasure.erase([root]);
  assert.deepEqual(erased, { messages: 2, traces: 1, reports: 1 });
  assert.deepEqual(unfinished, [root], "it has ended just now");
  assert.equal(await rowsWith(db, person.slice(1)), 0);
  assert.equal(await rowsWith(db, Buffer.from("Hello").toString("hex")), 0);
  assert.equal(await rowsWith(db, "Hello"), 0);
  const again = await erasure.erase([root]);
  assert.deepEqual(again.erased, { messages: 0, traces: 0, reports: 0 });

  const sent = await store.messages.show(child(one).id);
  assert.deepEqual(
    [sent?.message.to, sent?.message.sms?.octets.length, sent?.message.sms?.to],
    ["erased", 0, { ton: 5, npi: 0, digits: "erased" }],
  );
  await db.query("update state set at = now() - interval '1 hour'");
  assert.deepEqual((await erasure.erase([root])).unfinished, []);
});

test("what a webhook is still to be told, or was given up, is emptied, and nothing of another life", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const one = between(person, "+31600000002");
  const other = between("+31600000003", "+31600000002");
  const calls = [
    { from: person, to: "+31600000002", text: "Hello from me" },
    { from: "+31600000002", to: person, data: "SGVsbG8=", data_coding: 4 },
  ].map((data) => ({ subject: one.message.id, data }));
  const kept = { subject: other.message.id, data: { from: "+31600000003", text: "Hello" } };
  const hooks = [...calls, kept].map(({ subject, data }) => {
    const id = newId();
    const payload = JSON.stringify({ id, type: "message.inbound", data });
    const url = `https://shop.example/told?from=${data.from.slice(1)}`;
    return { id, endpoint: newId(), subject, event: "message.inbound" as const, url, payload };
  });
  for (const accepted of [one, other]) await store.writer.accept(accepted);
  await store.writer.hook(hooks);
  const dead = { dueMs: 0, tries: 1, reason: "answered with 422", dead: true };
  await store.writer.hookAgain({ ...dead, id: hooks[1]?.id ?? "" });
  await store.erasureOf(person).erase([one.message.id]);
  for (const said of [person, "from me", "SGVsbG8="])
    assert.equal(await rowsWith(db, said), 0, said);
  const rows = await db.query<{ payload: string; url: string }>(
    "select payload, url from webhook_call order by id",
  );
  assert.deepEqual(
    rows.map(({ url }) => url.split("=")[1]),
    ["erased", "31600000002", "31600000003"],
  );
  const told = rows.map(({ payload }) => JSON.parse(payload).data);
  assert.deepEqual(told, [
    { from: "erased", to: "+31600000002", text: "erased" },
    { from: "+31600000002", to: "erased", data: "", data_coding: 4 },
    kept.data,
  ]);
});

test("what waits is told with its queue, and a life that waits is not over", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const one = between("+31600000002", person);
  await store.writer.accept(one);
  await db.query("update state set at = now() - interval '1 hour'");
  const erasure = store.erasureOf(person);
  const waiting = await erasure.waiting([one.message.id]);
  assert.deepEqual(waiting, [
    { id: child(one).id, root: one.message.id, queue: "SMPP1", kind: "sms" },
  ]);
  assert.deepEqual((await erasure.erase([one.message.id])).unfinished, [one.message.id]);
});

test("looking for a number goes by indexes alone", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  for (let n = 0; n < 300; n += 1) await store.writer.accept(between(`+316001${n}`, `+316002${n}`));
  await db.query("analyze");
  await db.query("set enable_seqscan = off");
  const [first, ...more] = await db.query<{ "QUERY PLAN": string }>(
    `explain select m.id from unnest(array['+3160015']::text[]) f (form)
     cross join lateral (
       select id from message where to_address = f.form and parent is not null and kind = 'sms'
         and meta is not null and root < 'ffffffff-0000-0000-0000-000000000000'
         and id > '00000000-0000-0000-0000-000000000000' order by id limit 10 offset 0) m`,
  );
  const plan = [first, ...more].map((row) => row?.["QUERY PLAN"]).join("\n");
  assert.match(plan, /Index (Only )?Scan using message_p\d+_to_address_id_idx/);
  assert.doesNotMatch(plan, /Seq Scan on message/);
});
