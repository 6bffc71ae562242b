/** Many events at once: each gets its own decision, and every queue has an end. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ruling } from "../../src/model/decision.ts";
import { GatewayError } from "../../src/model/error.ts";
import { messageRequest, openScripts, script } from "../support/run-trigger.ts";

test("of 10,000 events under load each has its own decision", async () => {
  const files = {
    "a.ts": script(`
      export const A = onMessage({ order: 1 }, (m) => {
        if (m.id.endsWith("3")) m.reject("refused_by_rule", m.id);
        else if (m.id.endsWith("5")) throw new Error(m.id);
        else m.accept({ charge: Number(m.id) });
      });`),
    "b.ts": script(`
      export const B = onMessage({ order: 2 }, async (m) => {
        if (m.id.endsWith("7")) await null;
        m.forward({ channel: "X", to: "+" + m.id });
      });`),
    "c.ts": script(`
      export const C = onMessage({ order: 3 }, async (m, { accounts }) => {
        if (!m.id.endsWith("9")) return;
        const owner = await accounts.byNumber(m.id);
        m.trace(owner?.id ?? "none");
      });`),
  };
  await using running = await openScripts(files, {
    calls: {
      "accounts.byNumber": ([number]) => Promise.resolve({ id: `owner of ${String(number)}` }),
    },
  });
  let next = 0;
  let wrong = 0;
  const worker = async () => {
    while (next < 10_000) {
      const id = String(next++);
      const ruling = await running.engine.decide(messageRequest({ id }));
      if (!fits(id, ruling)) wrong++;
    }
  };
  await Promise.all(Array.from({ length: 300 }, worker));
  assert.equal(wrong, 0);
  assert.equal(running.engine.facts().openEvents, 0);
  assert.equal(running.engine.list()[0]?.runs, 10_000);
});

function fits(id: string, ruling: Ruling): boolean {
  switch (id.slice(-1)) {
    case "3":
      return ruling.verdict === "reject" && ruling.reason === id;
    case "5":
      return ruling.verdict === "undecided" && ruling.text.endsWith(`Error: ${id}`);
    case "9": {
      const last = ruling.ran.at(-1);
      const line = last !== undefined && "actions" in last ? last.actions[0] : undefined;
      return line?.do === "trace" && line.text === `owner of ${id}`;
    }
    default:
      return (
        ruling.verdict === "accept" &&
        ruling.charge === Number(id) &&
        ruling.forwards.length === 1 &&
        ruling.forwards[0]?.to === `+${id}`
      );
  }
}

test("above queuedEventsMax of one trigger, its events are overloaded and those of others are not", async () => {
  const files = {
    "slow.ts": script(`
      export const SLOW = onMessage({ channels: ["SLOW"] }, async (m, { accounts }) => {
        await accounts.byNumber(m.to);
        m.accept();
      });`),
    "quick.ts": script(`export const QUICK = onMessage({ channels: ["Q"] }, (m) => m.accept());`),
  };
  const { promise: answer, resolve: give } = Promise.withResolvers<null>();
  await using running = await openScripts(files, {
    limits: { queuedEventsMax: 10 },
    calls: { "accounts.byNumber": () => answer },
  });
  const decide = (channel: string) => running.engine.decide(messageRequest({ channel }));
  const slow = Array.from({ length: 12 }, () => decide("SLOW"));
  for (const over of slow.slice(10)) {
    const ruling = await over;
    assert.equal(ruling.verdict === "undecided" && ruling.fault, "overloaded");
  }
  assert.equal((await decide("Q")).verdict, "accept");
  give(null);
  for (const within of slow.slice(0, 10)) assert.equal((await within).verdict, "accept");
  assert.equal((await decide("SLOW")).verdict, "accept");
});

test("of one trigger at most hostCallsMax calls run; others wait, in order", async () => {
  const ask = script(`
    export const ASK = onMessage({}, async (m, { accounts }) => {
      const owner = await accounts.byNumber(m.id);
      m.accept({ charge: Number(owner?.id) });
    });`);
  let inFlight = 0;
  let most = 0;
  await using running = await openScripts(
    { "ask.ts": ask },
    {
      limits: { hostCallsMax: 3 },
      calls: {
        "accounts.byNumber": async ([id]) => {
          most = Math.max(most, ++inFlight);
          await new Promise((resolve) => setImmediate(resolve));
          inFlight--;
          return { id };
        },
      },
    },
  );
  const ids = Array.from({ length: 50 }, (_, at) => String(at));
  const rulings = await Promise.all(ids.map((id) => running.engine.decide(messageRequest({ id }))));
  assert.deepEqual(
    rulings.map((ruling) => ruling.verdict === "accept" && ruling.charge),
    ids.map(Number),
  );
  assert.equal(most, 3);
});

test("one event with more than hostCallsMax calls in flight has the others refused", async () => {
  const many = script(`
    export const MANY = onMessage({}, async (m, { accounts }) => {
      const all = await Promise.allSettled(["1", "2", "3", "4", "5"].map((n) => accounts.byNumber(n)));
      const refused = all.filter((one) => one.status === "rejected");
      m.accept({ charge: all.length - refused.length });
      m.trace(String(refused[0]?.reason));
    });`);
  await using running = await openScripts(
    { "many.ts": many },
    {
      limits: { hostCallsMax: 3 },
      calls: { "accounts.byNumber": () => Promise.resolve(null) },
    },
  );
  const ruling = await running.engine.decide(messageRequest());
  assert.equal(ruling.verdict === "accept" && ruling.charge, 3);
  assert.match(JSON.stringify(ruling.ran), /more than 3 calls in flight for one event/);
});

test("a refused host call reaches the script by its words, a fault of ours only as failed", async () => {
  const ask = script(`
    export const ASK = onMessage({}, async (m, { accounts }) => {
      try {
        await accounts.byNumber(m.id);
      } catch (error) {
        m.trace(String(error));
      }
      m.accept();
    });`);
  await using running = await openScripts(
    { "ask.ts": ask },
    {
      calls: {
        "accounts.byNumber": ([id]) =>
          Promise.reject(
            id === "a" ? new GatewayError("query_failed", "the query failed") : new Error("secret"),
          ),
      },
    },
  );
  const said = async (id: string) =>
    JSON.stringify((await running.engine.decide(messageRequest({ id }))).ran);
  assert.match(await said("a"), /Error: the query failed/);
  assert.match(await said("b"), /Error: failed/);
});

test("a host that is stopped in its tracks is replaced, and its events are decided", async () => {
  const accept = script(`export const A = onMessage({}, (m) => m.accept());`);
  await using running = await openScripts({ "a.ts": accept }, { limits: { eventDeadlineMs: 600 } });
  const { engine } = running;
  process.kill(engine.facts().hosts[0] ?? 0, "SIGSTOP");
  const first = await engine.decide(messageRequest({ id: "1" }));
  assert.equal(first.verdict, "undecided");
  let second = await engine.decide(messageRequest({ id: "2" }));
  if (second.verdict === "undecided") second = await engine.decide(messageRequest({ id: "3" }));
  assert.equal(second.verdict, "accept");
  assert.equal(engine.facts().restarts, 1);
});
