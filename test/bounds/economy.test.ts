/**
 * Goal: what a message costs does not creep up. Counts, never times, so that no machine is too slow for
 * it. Method: helpings of a hundred messages with reports, each helping in one turn of the event loop,
 * over a whole gateway; then what was done for them is counted and divided. Both ends live in this process,
 * so that it comes out nearly the same each time; the limits are twice that, and a sixth more for the WAL.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { connectEsme } from "../../src/simulator/esme.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { stepsOf } from "../../src/store/flush.ts";
import { acceptance, conclusion, finish, newId } from "../store/fixtures.ts";

const helpings = 20;
const helping = 100;
const messages = helpings * helping;

/** What a whole life may cost: measured / limit, and what it would tell. */
const limits = {
  /** 0.06: accept and report are each a part of a shared flush of 48, and what peers have taken goes with them. */
  flushes: 0.12,
  /** 4,500: three rows of messages, one try, two traces, the queue's rows come and go, in no order of it. */
  walOctets: 5_250,
  /** 0.08: a message, a report and a status each ask the triggers once, in shared batches; 48, 48 and 4 are taken up. */
  batches: 0.16,
  /** 0.1: a submit's answer, the submit to the provider, the report's answer and the receipt, each of as many. */
  writes: 0.2,
} as const;

test("a whole life costs so many flushes, octets of WAL, batches for the triggers and writes to sockets", async (context) => {
  await using gateway = await startGateway({
    channels: { SMPP_SERVER1: { windowRequests: 200 }, SMPP1: { windowRequests: 200 } },
  });
  await gateway.running.store.accounts.credit("Test1", messages + helping);
  await using esme = await connectEsme({
    host: "127.0.0.1",
    port: gateway.port,
    systemId: "Test1",
    password: "Pwd1",
    windowRequests: 200,
  });
  let served = 0;
  const serve = async (many: number): Promise<void> => {
    for (let n = 1; n <= many; n += 1) {
      const answers = Array.from({ length: helping }, () =>
        esme.submit({
          from: "+31201234567",
          to: "+31612345678",
          text: "A text of sixty characters, as most of them are, or nearly so.",
          registeredDelivery: 1,
        }),
      );
      for (const { status } of await Promise.all(answers)) assert.equal(status, 0);
      served += helping;
      await esme.delivered(served);
    }
    await gateway.running.settled();
  };
  await serve(1);
  const before = await counted(gateway);
  await serve(helpings);
  const after = await counted(gateway);
  for (const [what, limit] of Object.entries(limits)) {
    const key = what as keyof typeof limits;
    const each = (after[key] - before[key]) / messages;
    context.diagnostic(`${what} per life: ${each.toFixed(3)}, at most ${limit}`);
    assert.ok(each > 0 && each <= limit, `${what} per life: ${each}, at most ${limit}`);
  }
});

test("a flush has as many statements for one operation of a kind as for two hundred", () => {
  const ofEach = (times: number) =>
    Array.from({ length: times }, acceptance).flatMap((one) => [
      { kind: "accept", acceptance: one } as const,
      { kind: "claim", ids: [one.message.id] } as const,
      { kind: "finish", finish: finish(one) } as const,
      { kind: "conclude", conclusion: conclusion(one) } as const,
    ]);
  const given = { batch: newId(), before: newId(), startId: newId(), nowMs: 1 };
  const namesOf = (times: number) => stepsOf(ofEach(times), given).steps.map(({ name }) => name);
  assert.deepEqual(namesOf(200), namesOf(1));
  // Beginning and following, what is new (3), the claim, tries, the queue's end, two moves and a report, traces.
  assert.ok(namesOf(1).length <= 13, namesOf(1).join(" "));
});

/** What has been done so far. */
async function counted(gateway: TestGateway): Promise<Record<keyof typeof limits, number>> {
  // Of the whole server: this folder's tests run one at a time.
  const [wal] = await gateway.query<{ octets: string }>(
    "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') as octets",
  );
  const [batch] = await gateway.query<{ n: number }>("select count(*)::integer as n from batch");
  const { engine, channels } = gateway.running;
  return {
    flushes: batch?.n ?? Number.NaN,
    walOctets: Number(wal?.octets),
    batches: engine.facts().batches,
    writes: [...channels.values()].reduce((sum, channel) => sum + channel.traffic().writes, 0),
  };
}
