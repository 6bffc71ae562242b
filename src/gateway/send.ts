import type { Channel, SendResult } from "../channel/channel.ts";
import type { Clock } from "../model/clock.ts";
import type { Log } from "../model/log.ts";
import type { Message } from "../model/message.ts";
import type { Meter } from "../model/meter.ts";
import { isDatagram } from "../model/mode.ts";
import type { QueueView } from "../model/view.ts";
import type { Queue } from "../store/queue.ts";
import type { Forward, Writer } from "../store/writer.ts";
import { standardPolicy } from "../model/failure-policy.ts";
import { createAway } from "./away.ts";
import { createClaiming } from "./claiming.ts";
import { startExpiry } from "./expiry.ts";
import type { End, Finisher, SendRow } from "./finish.ts";
import { type Keeping, createKeeping } from "./keeping.ts";
import { meteredSend } from "./metered.ts";
import { type FailureParts, createMoving } from "./moving.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import type { OutdatedOf } from "./outdated.ts";
import {
  type Claimed,
  type QueueState,
  type Tally,
  count,
  createQueues,
  doubt,
  leave,
  letGo,
  take,
} from "./queues.ts";
import type { OnItsWay } from "./on-its-way.ts";
import type { OptOuts } from "./opt-outs.ts";
import type { PartTally } from "./part-tally.ts";
import { type PartlyEnd, createPartSender } from "./partly.ts";
import { type Placing, createPlacing, forWhom, rowOf } from "./placing.ts";
import { createRefill, queueAhead } from "./refill.ts";
import type { SentMemory } from "./sent-memory.ts";
import { stoppedEnd } from "./stopped.ts";
import { type Stops, createStops } from "./stops.ts";
import { createWaking } from "./waking.ts";

export interface SendParts {
  readonly writer: Pick<Writer, "claim" | "again" | "part">;
  readonly queue: Pick<Queue, "fetch" | "counts" | "takeUp" | "expired">;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
  readonly channel: (name: string) => Channel | undefined;
  /** An operator wants that nothing is handed over to it. */
  readonly held: (channel: string) => boolean;
  /** Reports for customers that are not to be tried again, because a later one tells more. */
  readonly outdated?: OutdatedOf;
  /** Where a report will look for what a provider has taken. */
  readonly memory: Pick<SentMemory, "put">;
  /** Where what is told of the parts of a message is counted. */
  readonly tally: Pick<PartTally, "begin" | "forget">;
  /** Where a report for a number will look whether its message is still to be answered. */
  readonly onItsWay: Pick<OnItsWay, "handed" | "landed">;
  /** Rows of a datagram that are older than this are of an earlier start, and not taken up. */
  readonly startId?: string;
  /** Who wants no messages; nobody, when left out. */
  readonly optOuts?: Pick<OptOuts, "holdsBack">;
  /** What follows from failures; the standard for all when left out. */
  readonly failures?: FailureParts;
  /** A scheduled message is about to be handed over for the first time. */
  readonly due?: (row: SendRow) => void;
  /** Writes down how the sending of a message ended; gives what is to be told because of it. */
  readonly finisher: Finisher;
  /** Told when that is committed. */
  readonly finished?: (row: SendRow, end: End) => void;
}

/** Hands on what waits in the queues, at the pace of each channel's windows. */
export interface Sender extends Keeping, Placing {
  /** Called after the commit that wrote these rows; all of them were made of this original. */
  offer(forwards: readonly Forward[], original?: Message): void;
  /** Called when this channel can take more. */
  ready(channel: string): void;
  /** Takes up what an earlier start left: rows that were in flight then are sent again, marked. */
  takeUp(): Promise<void>;
  /** Of all queues of this channel. Asked for each message that is forwarded, so it costs nothing. */
  counts(channel: string): Readonly<Tally>;
  /** When the first of what waits for this channel was due. */
  oldestDueMs(channel: string): number | undefined;
  /** What failure policies leave alone for a while. */
  readonly stops: Pick<Stops, "view" | "lift">;
  /** Every queue that holds something, by name. */
  queues(): QueueView[];
  /** Resolves when nothing is claimed, with a peer or being committed. */
  settled(): Promise<void>;
  /** Takes nothing new and settles when all results of what was handed over are committed. */
  drain(): Promise<void>;
}

export function createSender(parts: SendParts): Sender {
  const { writer, queue, clock, log, finisher } = parts;
  const queues = createQueues();
  let draining = false;
  let onSettled: (() => void)[] = [];
  const isDraining = (): boolean => draining;
  const wakeIn = createWaking({ clock, isDraining, plan });
  const fetch = createRefill({
    queue,
    clock,
    log,
    isDraining,
    plan,
    wakeIn,
    done,
  });
  const failures = parts.failures ?? standardFailures;
  const { policyOf } = failures;
  const stops = createStops({ clock, log, plan });
  const isStopped = (state: QueueState): boolean =>
    parts.held(state.channel) || stops.of(state) !== undefined;
  const { channel: channelNamed, held } = parts;
  const awayOf = createAway({ clock, held, stops, policyOf, wakeIn });
  const moving = createMoving({
    failures,
    writer,
    queues,
    clock,
    log,
    channel: channelNamed,
    isStopped,
    plan,
    wakeIn,
    release,
  });
  const partly = createPartSender({
    ...parts,
    isDraining,
    standOf: moving.standOf,
    answered: (state, result) => stops.note(state, result, policyOf(state.channel)),
    ended: settlePartly,
  });
  const keeping = createKeeping({
    queues,
    clock,
    isDraining,
    plan,
    release,
    finish,
  });
  const claiming = createClaiming({
    ...parts,
    isDraining,
    isStopped,
    isProbing: stops.isProbing,
    outdated: parts.outdated,
    wakeIn,
    finish,
    release,
    endIfOver,
    putBack: moving.putBack,
    hand,
    done,
  });
  const placing = createPlacing({
    queues,
    claiming,
    channel: channelNamed,
    isDraining,
    isStopped,
    plan,
    done,
  });
  const expiry = startExpiry({ queues, table: queue, clock, log, expired });

  return {
    offer,
    ready(channel) {
      for (const state of queues.all()) if (state.channel === channel) plan(state);
    },
    async takeUp() {
      const uncertain = await queue.takeUp();
      if (uncertain > 0)
        log.warn(
          { uncertain },
          "messages were in flight at the last end and are sent again, marked",
        );
      for (const [name, found] of await queue.counts("earlier")) {
        const state = queues.of(name);
        count(state, found.rows);
        doubt(state, found.uncertain);
        leave(state, found.oldestDueMs);
        plan(state);
      }
    },
    counts: (channel) => queues.counts(channel),
    oldestDueMs: (channel) => queues.oldestDueMs(channel),
    queues: () => queues.views(),
    ...keeping,
    reserve: placing.reserve,
    forgo: placing.forgo,
    stops,
    settled,
    async drain() {
      draining = true;
      expiry.stop();
      stops.end();
      for (const state of queues.all()) {
        clearTimeout(state.wake);
        partly.advance(state, true);
        claiming.giveBack(state);
      }
      await settled();
    },
  };

  function offer(forwards: readonly Forward[], original?: Message): void {
    for (const forward of forwards) {
      const state = queues.of(forward.queue);
      count(state, 1);
      // What is scheduled stays in the table until it is due: 0 is at once.
      const fits = state.complete && state.waiting.size < queueAhead && forward.dueMs === 0;
      if (placing.filled(state, forward.message.id)) {
        // It goes with the next turn.
      } else if (fits) state.waiting.put(rowOf(forward, original));
      else leave(state, forward.dueMs === 0 ? undefined : forward.dueMs);
      plan(state);
    }
  }

  /** Once per turn of the event loop, so that all that one commit brought is claimed together. */
  function plan(state: QueueState): void {
    if (state.pumpPlanned || draining) return;
    state.pumpPlanned = true;
    setImmediate(() => {
      state.pumpPlanned = false;
      if (!draining) pump(state);
    });
  }

  function pump(state: QueueState): void {
    const channel = parts.channel(state.channel);
    const isHeld = channel === undefined || isStopped(state);
    // What has begun goes first, so that a message that is longer than the window ends, too.
    if (partly.advance(state, isHeld)) return;
    claiming.handOver(state);
    if (state.returning > 0) return;
    const away = awayOf(state, channel);
    if (isHeld && away === undefined) return;
    if (!state.complete && state.waiting.size < queueAhead / 2) void fetch(state);
    if (away !== undefined) moving.divert(state, away);
    if (isHeld) return;
    // It is asked of each session of the channel.
    if (state.waiting.size === 0) return;
    let room = claiming.room(state, channel);
    const taken: Claimed[] = [];
    while (room > 0) {
      const next = state.waiting.take();
      if (next === undefined) break;
      const row = forWhom(next, state.account);
      take(state, row.id);
      if (endIfOver(state, row, channel)) continue;
      const written = channel.write(row.message);
      const requests = "code" in written ? 1 : written.requests.length;
      taken.push({ row, channel, written, requests });
      room -= requests;
    }
    if (taken.length > 0) void claiming.claim(state, taken);
  }

  function endIfOver(state: QueueState, row: SendRow, channel: Channel): boolean {
    if (row.expiresMs <= clock.nowMs()) {
      expired(state, row);
      return true;
    }
    const stopped = stoppedEnd(row, channel, parts);
    if (stopped === undefined) return false;
    void finish(state, row, { ...stopped, tries: row.tries });
    return true;
  }

  function hand(state: QueueState, { row, channel, written }: Claimed): void {
    state.handed += 1;
    // Nothing is asked of the others: none is scheduled.
    if (row.tries === 0 && (row.message.sms?.scheduleTime ?? "") !== "") parts.due?.(row);
    if ("code" in written) {
      settle(state, channel, row, { kind: "impossible", ...written });
      return;
    }
    const { message } = row;
    if (channel.taken === "SENT") parts.onItsWay.handed(channel.group, message);
    const [request, ...others] = written.requests;
    if (request === undefined) throw new Error("a message is never written as nothing");
    if (others.length > 0) partly.begin(state, channel, row, written);
    else
      meteredSend({ channel, message, request }, parts, (result) =>
        settle(state, channel, row, result),
      );
  }

  /** Runs inside the handler that read the peer's last answer. */
  function settlePartly(state: QueueState, row: SendRow, end: PartlyEnd): void {
    state.handed -= 1;
    if (end.do !== "finish") follow(state, row, end);
    else follow(state, row, { ...end, providerId: undefined }, true);
  }

  /** Runs inside the handler that read the peer's answer. */
  function settle(state: QueueState, channel: Channel, row: SendRow, result: SendResult): void {
    state.handed -= 1;
    // A report that nobody asked for, should one come, is found in the database.
    const isAwaited = (row.message.sms?.registeredDelivery ?? 0) !== 0;
    if (result.kind === "taken" && row.original !== undefined && isAwaited)
      parts.memory.put(channel.group, result.providerId, {
        message: row.message,
        original: row.original,
      });
    stops.note(state, result, policyOf(state.channel));
    const given = { ...moving.standOf(state, row), taken: channel.taken };
    const outcome = outcomeOf(result, { ...given, once: isDatagram(row.message) });
    follow(state, row, outcome);
  }

  function follow(state: QueueState, row: SendRow, outcome: Outcome, inParts = false): void {
    const tries = row.tries + 1;
    const { pauseMs, error } = outcome;
    if (pauseMs !== undefined) stops.pause(state, pauseMs, error ?? "a part was refused");
    if (outcome.do === "again") moving.back(state, row, { ...outcome, tries });
    else if (outcome.do === "onward") moving.onward(state, row, outcome, tries);
    else {
      const { status, providerId } = outcome;
      void finish(state, row, { status, error, providerId, tries, inParts });
    }
    plan(state);
  }

  function finish(state: QueueState, row: SendRow, end: End): Promise<boolean> {
    if (end.status !== "SENT") parts.tally.forget(row.id);
    return finisher(row, end).then(
      (tell) => {
        count(state, -1);
        if (row.maybeTwice) doubt(state, -1);
        release(state, row.id);
        offer(tell);
        parts.finished?.(row, end);
        return true;
      },
      (cause: unknown) => {
        // With our mark it stays in the table for the next start, which sends it again as uncertain;
        // without, because it was never handed over, it is fetched again.
        log.error({ queue: state.name, message: row.id, err: cause }, "result not stored");
        leave(state);
        release(state, row.id);
        return false;
      },
    );
  }

  function expired(state: QueueState, row: SendRow): void {
    const { tries, taken = [] } = row;
    void finish(state, row, {
      status: "EXPIRED",
      error: taken.length > 0 ? "partial" : "expired_here",
      providerId: undefined,
      tries,
    });
  }

  function release(state: QueueState, id: string): void {
    parts.onItsWay.landed(id);
    letGo(state, id);
    plan(state);
    done();
  }

  async function settled(): Promise<void> {
    if (!allSettled()) await new Promise<void>((resolve) => onSettled.push(resolve));
  }

  function done(): void {
    if (onSettled.length === 0 || !allSettled()) return;
    const waiting = onSettled;
    onSettled = [];
    for (const resolve of waiting) resolve();
  }

  function allSettled(): boolean {
    for (const state of queues.all()) if (state.busy.size > 0 || state.fetching) return false;
    return true;
  }
}

/** For who has no settings: the standard for all, and no other ways. */
const standardFailures: FailureParts = {
  policyOf: () => standardPolicy,
  backupQueue: () => undefined,
  newId: () => {
    throw new Error("the standard puts nothing behind others");
  },
};
