import type { Clock } from "../model/clock.ts";
import type { ScheduleEvent } from "../model/event.ts";
import type { Log } from "../model/log.ts";
import type { KeptSchedule, SchedulesTable } from "../store/schedules.ts";
import type { Writer } from "../store/writer.ts";
import type { Engine } from "../trigger/engine.ts";
import type { LaterNotice, Notices } from "./notice.ts";

/** How often it is looked what is due. So late a run may be; minutes are what schedules are made of. */
const lookMs = 1_000;

/** A run that begins later than this after it was due is told to be late. */
const lateMs = 60_000;

/**
 * A run that nothing is heard of for so long is taken up as what was kept is: its gateway has died.
 * Longer than the 30 s that a trigger has.
 */
const againMs = 60_000;

/** A run that failed is tried again after this, and then as statuses are. */
const retryFirstMs = 1_000;

/** Nothing is run so far ahead: a schedule that has, has seen a clock that was wrong. */
const aheadMostMs = 86_400_000;

export interface SchedulesParts {
  readonly engine: Pick<Engine, "schedules">;
  readonly table: SchedulesTable;
  readonly notices: Pick<Notices, "again">;
  readonly writer: Pick<Writer, "postpone">;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => string;
}

/**
 * Runs triggers by the clock. Each run is written down before it begins, as something to be decided: so it
 * is run once, by one gateway, and again after a crash; while it waits there the next one does not begin.
 */
export interface Schedules {
  /** Begins what is due. Called by itself each second after `start`. Never rejects. */
  look(): Promise<void>;
  start(): void;
  /** Begins nothing new, and settles when what was begun has ended. */
  stop(): Promise<void>;
}

type Scheduled = ReturnType<Engine["schedules"]>[number];

/** How far one schedule of the triggers that are in is. */
interface State extends Scheduled {
  kept: KeptSchedule;
  /** Milliseconds since 1970 UTC; asked each second, so it is not computed each time. */
  nextMs: number;
  /** That it waits for the run before has been told. */
  isHeldUp: boolean;
}

export function createSchedules(parts: SchedulesParts): Schedules {
  const { engine, table, notices, writer, clock, log, newId } = parts;
  const running = new Map<string, Promise<void>>();
  let states: State[] = [];
  let seen: readonly Scheduled[] = [];
  let kept: Map<string, KeptSchedule> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;
  let stopped = false;

  return {
    look: lookOnce,
    start,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await looking;
      await Promise.all(running.values());
    },
  };

  function start(): void {
    if (stopped) return;
    timer = setTimeout(() => void lookOnce().then(start), lookMs);
    timer.unref();
  }

  /** One look at a time: a database that is slow is not asked the same again. */
  function lookOnce(): Promise<void> {
    return (looking ??= look().finally(() => (looking = undefined)));
  }

  async function look(): Promise<void> {
    if (stopped) return;
    try {
      if (engine.schedules() !== seen) await takeIn();
      const nowMs = clock.nowMs();
      await Promise.all(states.filter((one) => one.nextMs <= nowMs).map((one) => run(one, nowMs)));
    } catch (cause) {
      log.error({ err: cause }, "could not look which schedules are due");
    }
  }

  /** The triggers are others now. */
  async function takeIn(): Promise<void> {
    const now = engine.schedules();
    kept ??= new Map((await table.all()).map((one) => [one.name, one]));
    const nowMs = clock.nowMs();
    const next: State[] = [];
    for (const one of now) {
      const { name, times } = one;
      const { cron, zone } = times;
      let known = kept.get(name);
      const isSame = known?.cron === cron && known.zone === zone;
      // What another schedule of that name has missed is nothing to make up for.
      if (known === undefined || !isSame || known.sinceMs > nowMs + aheadMostMs) {
        known = { name, cron, zone, sinceMs: nowMs, dueMs: undefined };
        await table.begin(known);
        kept.set(name, known);
      }
      next.push({ ...one, kept: known, nextMs: times.next(known.sinceMs), isHeldUp: false });
    }
    // One that was taken out here begins anew when it is put back. One that has not been there since the
    // start is left alone: its file may be broken just now.
    for (const { name } of states)
      if (!now.some((one) => one.name === name)) {
        await table.remove(name);
        kept.delete(name);
      }
    states = next;
    seen = now;
  }

  async function run(state: State, nowMs: number): Promise<void> {
    const { name, times } = state;
    if (running.has(name)) return heldUp(state);
    const { sinceMs, dueMs: previousMs } = state.kept;
    const dueMs = times.last(sinceMs, nowMs) ?? state.nextMs;
    const late = nowMs - dueMs > lateMs;
    const event: ScheduleEvent = { id: newId(), name, dueMs, previousMs, late };
    const payload: LaterNotice = { notice: { kind: "schedule", event } };
    const row = { name, sinceMs, dueMs, id: event.id, payload: JSON.stringify(payload), againMs };
    if (!(await table.run(row))) return heldUp(state);
    state.kept = { ...state.kept, sinceMs: dueMs, dueMs };
    kept?.set(name, state.kept);
    state.nextMs = times.next(dueMs);
    state.isHeldUp = false;
    const ending = decide(event)
      // The row is there, and is taken up after a while.
      .catch((cause: unknown) => log.error({ schedule: name, err: cause }, "a schedule went wrong"))
      .finally(() => running.delete(name));
    running.set(name, ending);
  }

  async function decide(event: ScheduleEvent): Promise<void> {
    const { id, name } = event;
    const still = await notices.again({ kind: "schedule", event });
    if (still === undefined) return;
    await writer.postpone({ id, dueMs: clock.nowMs() + retryFirstMs, tries: 1 });
    log.warn(
      { schedule: name, event: id, why: still.fault },
      "schedule not decided; it is tried again",
    );
  }

  function heldUp(state: State): void {
    if (state.isHeldUp) return;
    state.isHeldUp = true;
    log.warn({ schedule: state.name }, "a schedule is due and waits for the run before");
  }
}
