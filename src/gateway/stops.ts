import type { SendResult } from "../channel/channel.ts";
import type { Clock } from "../model/clock.ts";
import { type BreakerPolicy, type FailurePolicy, refusal } from "../model/failure-policy.ts";
import type { Log } from "../model/log.ts";
import type { StopView } from "../model/stop-view.ts";
import type { QueueState } from "./queues.ts";

/**
 * Queues that are left alone for a while, by the word of a failure policy: all pause together after an
 * answer such as 0x58, and a breaker opens when too many tries fail. A channel that customers bind to
 * has one of each per customer, so that one of them delays nobody else.
 */
export interface Stops {
  /** Why nothing is to be handed over now; undefined for nearly all. Asked on the hot path. */
  of(state: QueueState): "paused" | "breakerOpen" | undefined;
  /** One message at a time, because it is not known whether the peer works again. */
  isProbing(state: QueueState): boolean;
  /** Told of each answer, and of none. */
  note(state: QueueState, result: SendResult, policy: FailurePolicy): void;
  /** The longest pause that somebody has asked for counts. */
  pause(state: QueueState, ms: number, why: string): void;
  /** Of a channel, the worst of its queues. */
  view(channel: string): StopView | undefined;
  /** An operator wants that this channel goes on. */
  lift(channel: string): void;
  /** No timer goes off any more. */
  end(): void;
}

/** Of one queue. Times are of the clock's `tickMs`. */
interface Stop {
  readonly state: QueueState;
  pausedUntilMs: number;
  breaker: "closed" | "open" | "halfOpen";
  openUntilMs: number;
  why: string;
  /** The last tries, oldest first; as many as the policy looks at. */
  recent: { readonly atMs: number; readonly failed: boolean }[];
  timer: NodeJS.Timeout | undefined;
}

export function createStops(parts: {
  readonly clock: Clock;
  readonly log: Log;
  readonly plan: (state: QueueState) => void;
}): Stops {
  const { clock, log, plan } = parts;
  const stops = new Map<QueueState, Stop>();

  return {
    of(state) {
      const stop = stops.get(state);
      if (stop === undefined) return undefined;
      if (stop.breaker === "open") return "breakerOpen";
      return stop.pausedUntilMs > clock.tickMs() ? "paused" : undefined;
    },
    isProbing: (state) => stops.get(state)?.breaker === "halfOpen",
    note(state, result, { breaker }) {
      if (breaker === undefined) {
        const stop = stops.get(state);
        if (stop !== undefined && stop.breaker !== "closed") close(stop);
        return;
      }
      const failed = counts(result);
      const stop = stopOf(state);
      if (stop.breaker === "open") return;
      if (stop.breaker === "halfOpen") {
        if (failed) open(stop, breaker, `the next try failed: ${whyOf(result)}`);
        else close(stop);
        return;
      }
      stop.recent.push({ atMs: clock.tickMs(), failed });
      if (stop.recent.length > breaker.of) stop.recent.shift();
      if (!failed) return;
      const sinceMs = clock.tickMs() - breaker.withinMs;
      const failures = stop.recent.filter((one) => one.failed && one.atMs >= sinceMs).length;
      if (failures >= breaker.failures)
        open(stop, breaker, `${failures} of ${stop.recent.length} failed, last ${whyOf(result)}`);
    },
    pause(state, ms, why) {
      const stop = stopOf(state);
      const untilMs = clock.tickMs() + ms;
      if (untilMs <= stop.pausedUntilMs) return;
      if (stop.pausedUntilMs <= clock.tickMs())
        log.info({ queue: state.name, ms, why }, "left alone for a while");
      stop.pausedUntilMs = untilMs;
      if (stop.breaker !== "open") stop.why = why;
      wake(stop);
    },
    view(channel) {
      let worst: StopView | undefined;
      for (const stop of stops.values()) {
        if (stop.state.channel !== channel) continue;
        const one = viewOf(stop);
        if (one !== undefined && (worst === undefined || rank(one) > rank(worst))) worst = one;
      }
      return worst;
    },
    lift(channel) {
      for (const stop of stops.values())
        if (stop.state.channel === channel) {
          clearTimeout(stop.timer);
          stops.delete(stop.state);
          plan(stop.state);
        }
    },
    end() {
      for (const { timer } of stops.values()) clearTimeout(timer);
    },
  };

  function stopOf(state: QueueState): Stop {
    let stop = stops.get(state);
    if (stop === undefined) {
      const nothing = { pausedUntilMs: 0, openUntilMs: 0, why: "", timer: undefined };
      stops.set(state, (stop = { state, breaker: "closed", recent: [], ...nothing }));
    }
    return stop;
  }

  function open(stop: Stop, { openMs }: BreakerPolicy, why: string): void {
    const { name } = stop.state;
    log.warn({ queue: name, openMs, why }, "breaker open: nothing is handed over for a while");
    stop.breaker = "open";
    stop.why = why;
    stop.openUntilMs = clock.tickMs() + openMs;
    stop.recent = [];
    wake(stop);
    // What may go another way does so now.
    plan(stop.state);
  }

  function close(stop: Stop): void {
    log.info({ queue: stop.state.name }, "breaker closed: it goes on");
    stop.breaker = "closed";
    plan(stop.state);
  }

  /** When the next of both is over. */
  function wake(stop: Stop): void {
    const nowMs = clock.tickMs();
    const open = stop.breaker === "open" ? [stop.openUntilMs] : [];
    const waits = [stop.pausedUntilMs, ...open].filter((atMs) => atMs > nowMs);
    clearTimeout(stop.timer);
    if (waits.length === 0) return;
    stop.timer = setTimeout(
      () => {
        if (stop.breaker === "open" && stop.openUntilMs <= clock.tickMs()) {
          stop.breaker = "halfOpen";
          log.info({ queue: stop.state.name }, "breaker half open: one message is tried");
        }
        wake(stop);
        plan(stop.state);
      },
      Math.max(1, Math.ceil(Math.min(...waits) - nowMs)),
    );
    stop.timer.unref();
  }

  function viewOf({ state, why, ...stop }: Stop): StopView | undefined {
    const queue = state.name;
    const nowMs = clock.tickMs();
    const atMs = (tickMs: number): number => Math.round(clock.nowMs() + tickMs - nowMs);
    if (stop.breaker === "open")
      return { queue, what: "open", untilMs: atMs(stop.openUntilMs), why };
    if (stop.breaker === "halfOpen") return { queue, what: "halfOpen", untilMs: undefined, why };
    if (stop.pausedUntilMs <= nowMs) return undefined;
    return { queue, what: "resting", untilMs: atMs(stop.pausedUntilMs), why };
  }
}

/** Somebody who refuses for good is well; what could not be written never reached him. */
function counts(result: SendResult): boolean {
  if (result.kind === "uncertain") return true;
  return result.kind === "refused" && refusal(result.status).class === "temporary";
}

function whyOf(result: SendResult): string {
  if (result.kind === "uncertain") return result.why;
  return result.kind === "refused" ? result.text : result.kind;
}

function rank({ what }: StopView): number {
  return ["resting", "halfOpen", "open"].indexOf(what);
}
