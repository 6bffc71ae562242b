/** When schedules are run and when they are not; triggers, database and clock are by hand. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createSchedules, type Schedules } from "../../src/gateway/schedules.ts";
import type { ScheduleEvent } from "../../src/model/event.ts";
import type { KeptSchedule, ScheduleRun } from "../../src/store/schedules.ts";
import type { Routes } from "../../src/trigger/routes.ts";
import { dueTimes } from "../../src/trigger/schedule.ts";
import { recorderLog } from "../support/log.ts";

function scheduled(name: string, cron: string, zone = "UTC"): Routes["schedules"][number] {
  const times = dueTimes(cron, zone);
  if ("fault" in times) assert.fail(times.fault);
  return { name, times };
}

/** Events as words: what was due, what before it, and whether that is late. */
const told = (events: readonly ScheduleEvent[]): string[] =>
  events.map(({ name, dueMs, previousMs, late }) => {
    const text = (ms: number): string => new Date(ms).toISOString().slice(8, 16);
    const before = previousMs === undefined ? "never" : text(previousMs);
    return `${name} ${text(dueMs)} after ${before}${late ? " late" : ""}`;
  });

interface World {
  /** What the database keeps; one that is there survives a gateway. */
  readonly kept: Map<string, KeptSchedule>;
  /** Runs that wait in `pending`. */
  readonly pending: Map<string, ScheduleRun>;
  readonly asked: ScheduleEvent[];
  readonly postponed: string[];
  readonly log: ReturnType<typeof recorderLog>;
  nowMs: number;
  list: Routes["schedules"];
  /** What the triggers say; all is well when left out. */
  decide: (() => Promise<{ fault: string } | undefined>) | undefined;
  gateway(): Schedules;
  /** The clock is this, and it is looked what is due. */
  at(time: string, gateway: Schedules): Promise<void>;
}

function world(start: string): World {
  let ids = 0;
  const last = new Map<string, string>();
  const all: World = {
    kept: new Map(),
    pending: new Map(),
    asked: [],
    postponed: [],
    log: recorderLog(),
    nowMs: Date.parse(start),
    list: [],
    decide: undefined,
    gateway: () =>
      createSchedules({
        engine: { schedules: () => all.list },
        table: {
          all: () => Promise.resolve([...all.kept.values()]),
          begin: async (one) => void all.kept.set(one.name, { ...one, dueMs: undefined }),
          remove: async (name) => void all.kept.delete(name),
          async run(run) {
            const one = all.kept.get(run.name);
            if (one?.sinceMs !== run.sinceMs || all.pending.has(last.get(run.name) ?? ""))
              return false;
            all.kept.set(run.name, { ...one, sinceMs: run.dueMs, dueMs: run.dueMs });
            all.pending.set(run.id, run);
            last.set(run.name, run.id);
            return true;
          },
        },
        notices: {
          async again({ kind, event }) {
            if (kind === "schedule") all.asked.push(event);
            const still = await all.decide?.();
            if (still === undefined) all.pending.delete(event.id);
            return still;
          },
        },
        writer: { postpone: async ({ id }) => void all.postponed.push(id) },
        clock: { nowMs: () => all.nowMs, tickMs: () => all.nowMs },
        log: all.log,
        newId: () => `id-${(ids += 1)}`,
      }),
    async at(time, gateway) {
      all.nowMs = Date.parse(time);
      await gateway.look();
      // What was begun ends within this turn, when nothing holds it up.
      await new Promise((end) => setImmediate(end));
    },
  };
  return all;
}

test("a schedule runs when it is due, once, and nothing of before it was there is made up for", async () => {
  const all = world("2026-03-02T10:00:30Z");
  all.list = [scheduled("NINE", "0 9 * * *"), scheduled("EACH", "*/30 * * * *")];
  const gateway = all.gateway();
  await all.at("2026-03-02T10:00:31Z", gateway);
  assert.deepEqual(told(all.asked), []);
  await all.at("2026-03-02T10:29:59Z", gateway);
  await all.at("2026-03-02T10:30:00Z", gateway);
  await all.at("2026-03-02T10:30:01Z", gateway);
  await all.at("2026-03-02T11:00:02Z", gateway);
  await all.at("2026-03-03T09:00:00Z", gateway);
  await gateway.stop();
  assert.deepEqual(told(all.asked), [
    "EACH 02T10:30 after never",
    "EACH 02T11:00 after 02T10:30",
    "NINE 03T09:00 after never",
    "EACH 03T09:00 after 02T11:00",
  ]);
  assert.equal(all.pending.size, 0);
});

test("what was missed while no gateway ran is run once at the start, and is told to be late", async () => {
  const all = world("2026-03-02T08:00Z");
  all.list = [scheduled("NINE", "0 9 * * *")];
  const before = all.gateway();
  await all.at("2026-03-02T08:00Z", before);
  await all.at("2026-03-02T09:00Z", before);
  await before.stop();
  const gateway = all.gateway();
  await all.at("2026-03-06T12:00Z", gateway);
  await all.at("2026-03-06T12:01Z", gateway);
  await all.at("2026-03-07T09:00:59Z", gateway);
  await gateway.stop();
  assert.deepEqual(told(all.asked), [
    "NINE 02T09:00 after never",
    "NINE 06T09:00 after 02T09:00 late",
    "NINE 07T09:00 after 06T09:00",
  ]);
});

test("while one run is not done the next waits, and is one then", async () => {
  const all = world("2026-03-02T09:00:30Z");
  all.list = [scheduled("EACH", "* * * * *")];
  const gateway = all.gateway();
  const first = Promise.withResolvers<undefined>();
  all.decide = () => first.promise;
  await all.at("2026-03-02T09:00:30Z", gateway);
  for (const minute of ["01", "02", "03", "04"])
    await all.at(`2026-03-02T09:${minute}:10Z`, gateway);
  assert.deepEqual(told(all.asked), ["EACH 02T09:01 after never"]);
  assert.equal(all.log.lines.filter(({ level }) => level === "warn").length, 1);
  all.decide = undefined;
  first.resolve(undefined);
  await first.promise;
  await new Promise((end) => setImmediate(end));
  await all.at("2026-03-02T09:04:30Z", gateway);
  await gateway.stop();
  assert.deepEqual(told(all.asked).slice(1), ["EACH 02T09:04 after 02T09:01"]);
});

test("a run that failed is tried again as a status is, and holds the next one up until it is done", async () => {
  const all = world("2026-03-02T09:00:30Z");
  all.list = [scheduled("EACH", "* * * * *")];
  const gateway = all.gateway();
  all.decide = () => Promise.resolve({ fault: "trigger_failed: each.ts:1:1 Error" });
  await all.at("2026-03-02T09:00:30Z", gateway);
  await all.at("2026-03-02T09:01:00Z", gateway);
  assert.deepEqual(all.postponed, ["id-1"]);
  await all.at("2026-03-02T09:02:00Z", gateway);
  assert.equal(all.asked.length, 1);
  // It was decided at last, by who does what was kept for later.
  all.pending.clear();
  all.decide = undefined;
  await all.at("2026-03-02T09:02:01Z", gateway);
  await gateway.stop();
  assert.deepEqual(told(all.asked).slice(1), ["EACH 02T09:02 after 02T09:01"]);
});

test("of two gateways one runs it", async () => {
  const all = world("2026-03-02T08:59Z");
  all.list = [scheduled("NINE", "0 9 * * *")];
  const one = all.gateway();
  const other = all.gateway();
  await all.at("2026-03-02T08:59Z", one);
  await all.at("2026-03-02T08:59Z", other);
  await Promise.all([all.at("2026-03-02T09:00Z", one), all.at("2026-03-02T09:00Z", other)]);
  await Promise.all([one.stop(), other.stop()]);
  assert.deepEqual(told(all.asked), ["NINE 02T09:00 after never"]);
});

test("another cron, another zone, and a trigger that is put back begin anew", async () => {
  const all = world("2026-03-02T08:00Z");
  all.list = [scheduled("JOB", "0 18 * * *")];
  const gateway = all.gateway();
  await all.at("2026-03-02T08:00Z", gateway);
  await all.at("2026-03-02T18:00Z", gateway);
  // At ten, nine o'clock of today was not missed.
  all.list = [scheduled("JOB", "0 9 * * *")];
  await all.at("2026-03-03T10:00Z", gateway);
  all.list = [];
  await all.at("2026-03-03T11:00Z", gateway);
  assert.equal(all.kept.size, 0);
  all.list = [scheduled("JOB", "0 9 * * *")];
  await all.at("2026-03-08T11:00Z", gateway);
  await all.at("2026-03-09T09:00Z", gateway);
  await gateway.stop();
  assert.deepEqual(told(all.asked), ["JOB 02T18:00 after never", "JOB 09T09:00 after never"]);
});

test("a clock that was years ahead, or is put back, does no harm", async () => {
  const all = world("2031-03-02T08:00Z");
  all.list = [scheduled("NINE", "0 9 * * *")];
  const wrong = all.gateway();
  await all.at("2031-03-02T08:00Z", wrong);
  await all.at("2031-03-02T09:00Z", wrong);
  await wrong.stop();
  const gateway = all.gateway();
  await all.at("2026-03-02T08:00Z", gateway);
  await all.at("2026-03-02T09:00Z", gateway);
  // An hour back: nine o'clock has been.
  await all.at("2026-03-02T08:01Z", gateway);
  await all.at("2026-03-02T09:00Z", gateway);
  await gateway.stop();
  assert.deepEqual(told(all.asked).slice(1), ["NINE 02T09:00 after never"]);
});

test("a database that does not answer is asked again, and nothing is lost", async () => {
  const all = world("2026-03-02T08:59Z");
  all.list = [scheduled("NINE", "0 9 * * *")];
  const gateway = all.gateway();
  await all.at("2026-03-02T08:59Z", gateway);
  const { kept } = all;
  Object.assign(all, { kept: { get: () => assert.fail("away") } });
  await all.at("2026-03-02T09:00Z", gateway);
  assert.equal(all.log.lines.filter(({ level }) => level === "error").length, 1);
  Object.assign(all, { kept });
  await all.at("2026-03-02T09:00:01Z", gateway);
  await gateway.stop();
  assert.deepEqual(told(all.asked), ["NINE 02T09:00 after never"]);
});
