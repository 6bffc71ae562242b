import type { Channel, SendResult } from "../channel/channel.ts";
import type { Unwritable, Written } from "../channel/writing.ts";
import type { Clock } from "../model/clock.ts";
import type { Log } from "../model/log.ts";
import type { Message } from "../model/message.ts";
import type { Meter } from "../model/meter.ts";
import { isDatagram } from "../model/mode.ts";
import type { QueueView } from "../model/view.ts";
import type { Queue, QueueRow } from "../store/queue.ts";
import type { Forward, Writer } from "../store/writer.ts";
import { startExpiry } from "./expiry.ts";
import type { End, Finisher, SendRow } from "./finish.ts";
import { type Keeping, createKeeping } from "./keeping.ts";
import { meteredSend } from "./metered.ts";
import { outcomeOf } from "./outcome.ts";
import { type OutdatedOf, outdatedEnd } from "./outdated.ts";
import {
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
import { createRefill, faultPauseMs, queueAhead } from "./refill.ts";
import type { SentMemory } from "./sent-memory.ts";
import { stoppedEnd } from "./stopped.ts";
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
  /** A scheduled message is about to be handed over for the first time. */
  readonly due?: (row: SendRow) => void;
  /** Writes down how the sending of a message ended; gives what is to be told because of it. */
  readonly finisher: Finisher;
  /** Told when that is committed. */
  readonly finished?: (row: SendRow, end: End) => void;
}

/** Hands on what waits in the queues, at the pace of each channel's windows. */
export interface Sender extends Keeping {
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
  const partly = createPartSender({
    ...parts,
    isDraining,
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
    settled,
    async drain() {
      draining = true;
      expiry.stop();
      for (const state of queues.all()) {
        clearTimeout(state.wake);
        partly.advance(state, true);
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
      if (fits) state.waiting.put(rowOf(forward, original));
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
    const isHeld = channel === undefined || parts.held(state.channel);
    // What has begun goes first, so that a message that is longer than the window ends, too.
    if (partly.advance(state, isHeld) || isHeld) return;
    if (!state.complete && state.waiting.size < queueAhead / 2) void fetch(state);
    let room = channel.room(state.account) - state.claiming;
    const taken: Claimed[] = [];
    const nowMs = clock.nowMs();
    while (room > 0) {
      const row = state.waiting.take();
      if (row === undefined) break;
      take(state, row.id);
      if (row.expiresMs <= nowMs) {
        expired(state, row);
        continue;
      }
      const stopped = stoppedEnd(row, channel, parts);
      if (stopped !== undefined) {
        void finish(state, row, { ...stopped, tries: row.tries });
        continue;
      }
      const written = channel.write(row.message);
      const requests = "code" in written ? 1 : written.requests.length;
      taken.push({ row, written, requests });
      room -= requests;
    }
    if (taken.length > 0) void claim(state, channel, taken);
  }

  async function claim(
    state: QueueState,
    channel: Channel,
    claimed: readonly Claimed[],
  ): Promise<void> {
    for (const { requests } of claimed) state.claiming += requests;
    let gone: ReadonlySet<string>;
    try {
      gone = new Set(await writer.claim(claimed.map(({ row }) => row.id)));
    } catch (cause) {
      log.error({ queue: state.name, err: cause }, "could not take messages out of the queue");
      for (const { row, requests } of claimed) {
        state.claiming -= requests;
        letGo(state, row.id);
      }
      leave(state, clock.nowMs());
      wakeIn(state, faultPauseMs);
      done();
      return;
    }
    const outdated = await parts.outdated?.(claimed.map(({ row }) => row));
    for (const { row, written, requests } of claimed) {
      state.claiming -= requests;
      if (outdated?.has(row.id) === true && !gone.has(row.id)) {
        void finish(state, row, { ...outdatedEnd, tries: row.tries });
        continue;
      }
      if (gone.has(row.id)) {
        // Done, cancelled or expired since it was fetched: whoever did that has told and counted it.
        release(state, row.id);
        continue;
      }
      // The session may have gone, or the channel been paused, while the claim was written.
      if (channel.room(state.account) <= 0 || parts.held(state.channel))
        putBack(state, row, {
          waitMs: 0,
          tries: row.tries,
          error: undefined,
          uncertain: false,
        });
      else {
        // Nothing is asked of the others: none is scheduled.
        if (row.tries === 0 && (row.message.sms?.scheduleTime ?? "") !== "") parts.due?.(row);
        handOver(state, channel, row, written);
      }
    }
  }

  function handOver(
    state: QueueState,
    channel: Channel,
    row: SendRow,
    written: Written | Unwritable,
  ): void {
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
    const tries = row.tries + 1;
    if (end.do === "again") putBack(state, row, { ...end, error: undefined, tries });
    else void finish(state, row, { ...end, providerId: undefined, tries, inParts: true });
    plan(state);
  }

  /** Runs inside the handler that read the peer's answer. */
  function settle(state: QueueState, channel: Channel, row: SendRow, result: SendResult): void {
    // A report that nobody asked for, should one come, is found in the database.
    const isAwaited = (row.message.sms?.registeredDelivery ?? 0) !== 0;
    if (result.kind === "taken" && row.original !== undefined && isAwaited)
      parts.memory.put(channel.group, result.providerId, {
        message: row.message,
        original: row.original,
      });
    const { tries, expiresMs } = row;
    const once = isDatagram(row.message);
    const given = { tries, expiresMs, nowMs: clock.nowMs(), taken: channel.taken, once };
    const outcome = outcomeOf(result, given);
    if (outcome.do === "finish") void finish(state, row, { ...outcome, tries: tries + 1 });
    else putBack(state, row, { ...outcome, tries: tries + 1 });
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

  /** Back into the queue, with the failure that a try has met, if there was a try. */
  function putBack(
    state: QueueState,
    row: QueueRow,
    back: {
      readonly waitMs: number;
      readonly tries: number;
      readonly error: string | undefined;
      readonly uncertain: boolean;
    },
  ): void {
    const { id, message } = row;
    const { root } = message;
    const { channel } = state;
    const { waitMs, tries, error, uncertain } = back;
    const maybeTwice = row.maybeTwice || uncertain;
    const atMs = clock.nowMs();
    const dueMs = waitMs === 0 ? 0 : atMs + waitMs;
    writer.again({ id, root, channel, tries, error, dueMs, maybeTwice, atMs }).then(
      () => {
        if (maybeTwice && !row.maybeTwice) doubt(state, 1);
        leave(state, atMs + waitMs);
        release(state, row.id);
        wakeIn(state, waitMs);
      },
      (cause: unknown) => {
        log.error({ queue: state.name, message: id, err: cause }, "retry not stored");
        release(state, row.id);
      },
    );
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

/** A row that is being claimed, as it will go. */
interface Claimed {
  readonly row: SendRow;
  readonly written: Written | Unwritable;
  readonly requests: number;
}

function rowOf(forward: Forward, original: Message | undefined): SendRow {
  const { message, queue, priority, dueMs, expiresMs } = forward;
  const { id } = message;
  const times = { dueMs, expiresMs, tries: 0, maybeTwice: false };
  return { id, message, original, queue, priority, ...times };
}
