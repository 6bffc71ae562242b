import type { Channel, SendResult } from "../channel/channel.ts";
import type { Clock } from "../model/clock.ts";
import type { Log } from "../model/log.ts";
import type { Message } from "../model/message.ts";
import type { Queue, QueueRow } from "../store/queue.ts";
import type { Forward, Writer } from "../store/writer.ts";
import type { End, Finisher, SendRow } from "./finish.ts";
import { outcomeOf } from "./outcome.ts";
import { queueParts } from "./queue-name.ts";
import type { SentMemory } from "./sent-memory.ts";
import { type WaitingList, createWaitingList } from "./waiting.ts";

/** Messages of one queue in memory; what is behind them stays in the table and costs nothing. */
export const queueAhead = 2_000;

/** How often what waits in memory is looked through for messages whose validity has ended. */
const expiryLookMs = 1_000;

/** The same for the table, where a look costs more and nobody else comes by. */
const expirySweepMs = 10_000;

/** Expired rows that one sweep finishes: what a flush takes without delaying others. */
const expiredPerSweep = 500;

/** After a fault of the database or of ours, a queue is looked at again this much later. */
const faultPauseMs = 1_000;

export interface SendParts {
  readonly writer: Pick<Writer, "claim" | "again">;
  readonly queue: Pick<Queue, "fetch" | "counts" | "takeUp" | "expired">;
  readonly clock: Clock;
  readonly log: Log;
  readonly channel: (name: string) => Channel | undefined;
  /** Where a report will look for what a provider has taken. */
  readonly memory: Pick<SentMemory, "put">;
  /** Writes down how the sending of a message ended; gives what is to be told because of it. */
  readonly finisher: Finisher;
}

/** Hands on what waits in the queues, at the pace of each channel's windows. */
export interface Sender {
  /** Called after the commit that wrote these rows; all of them were made of this original. */
  offer(forwards: readonly Forward[], original?: Message): void;
  /** Called when this channel can take more. */
  ready(channel: string): void;
  /** Takes up what an earlier start left: rows that were in flight then are sent again, marked. */
  takeUp(): Promise<void>;
  /** Rows in the queues of this channel, and how many of them are with the peer. */
  counts(channel: string): { readonly queued: number; readonly inFlight: number };
  /** Resolves when nothing is claimed, with a peer or being committed. */
  settled(): Promise<void>;
  /** Takes nothing new and settles when all results of what was handed over are committed. */
  drain(): Promise<void>;
}

interface QueueState {
  readonly name: string;
  readonly channel: string;
  readonly account: string | undefined;
  readonly waiting: WaitingList<SendRow>;
  /** Taken but not yet answered and committed: claimed, handed over, or being finished. */
  readonly busy: Set<string>;
  /** Claims under way; they have a place in the window but are not known to the channel yet. */
  claiming: number;
  /** Rows of this queue, in memory and in the table. */
  rows: number;
  /** False when the table holds rows of this queue that are not in memory. */
  complete: boolean;
  /** Counts rows that were left in the table, so that a fetch knows what it cannot have seen. */
  left: number;
  fetching: boolean;
  pumpPlanned: boolean;
  wake: NodeJS.Timeout | undefined;
}

export function createSender(parts: SendParts): Sender {
  const { writer, queue, clock, log, finisher } = parts;
  const queues = new Map<string, QueueState>();
  let draining = false;
  let onSettled: (() => void)[] = [];
  const look = setInterval(expireInMemory, expiryLookMs);
  const sweep = setInterval(() => void expireInTable(), expirySweepMs);
  for (const timer of [look, sweep]) timer.unref();

  return {
    offer,
    ready(channel) {
      for (const state of queues.values()) if (state.channel === channel) plan(state);
    },
    async takeUp() {
      const uncertain = await queue.takeUp();
      if (uncertain > 0)
        log.warn(
          { uncertain },
          "messages were in flight at the last end and are sent again, marked",
        );
      for (const [name, count] of await queue.counts()) {
        const state = stateOf(name);
        state.rows = count.rows;
        leave(state);
        plan(state);
      }
    },
    counts(channel) {
      let queued = 0;
      let inFlight = 0;
      for (const state of queues.values()) {
        if (state.channel !== channel) continue;
        queued += state.rows;
        inFlight += state.busy.size;
      }
      return { queued, inFlight };
    },
    settled,
    async drain() {
      draining = true;
      clearInterval(look);
      clearInterval(sweep);
      for (const state of queues.values()) clearTimeout(state.wake);
      await settled();
    },
  };

  function offer(forwards: readonly Forward[], original?: Message): void {
    for (const forward of forwards) {
      const state = stateOf(forward.queue);
      state.rows += 1;
      const fits = state.complete && state.waiting.size < queueAhead;
      if (fits) state.waiting.put(rowOf(forward, original));
      else leave(state);
      plan(state);
    }
  }

  function stateOf(name: string): QueueState {
    let state = queues.get(name);
    if (state === undefined) {
      state = {
        name,
        ...queueParts(name),
        waiting: createWaitingList(),
        busy: new Set(),
        claiming: 0,
        rows: 0,
        complete: true,
        left: 0,
        fetching: false,
        pumpPlanned: false,
        wake: undefined,
      };
      queues.set(name, state);
    }
    return state;
  }

  function leave(state: QueueState): void {
    state.left += 1;
    state.complete = false;
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
    if (channel === undefined) return;
    if (!state.complete && state.waiting.size < queueAhead / 2) void fetch(state);
    const room = channel.room(state.account) - state.claiming;
    const taken: SendRow[] = [];
    const nowMs = clock.nowMs();
    while (taken.length < room) {
      const row = state.waiting.take();
      if (row === undefined) break;
      state.busy.add(row.id);
      if (row.expiresMs <= nowMs) expired(state, row);
      else taken.push(row);
    }
    if (taken.length > 0) void claim(state, channel, taken);
  }

  async function claim(state: QueueState, channel: Channel, rows: SendRow[]): Promise<void> {
    state.claiming += rows.length;
    let gone: ReadonlySet<string>;
    try {
      gone = new Set(await writer.claim(rows.map((row) => row.id)));
    } catch (cause) {
      log.error({ queue: state.name, err: cause }, "could not take messages out of the queue");
      state.claiming -= rows.length;
      for (const row of rows) state.busy.delete(row.id);
      leave(state);
      wakeIn(state, faultPauseMs);
      done();
      return;
    }
    for (const row of rows) {
      state.claiming -= 1;
      if (gone.has(row.id)) {
        // Done, cancelled or expired since it was fetched: whoever did that has told and counted it.
        release(state, row);
        continue;
      }
      // The session may have gone while the claim was written.
      if (channel.room(state.account) <= 0)
        putBack(state, row, {
          waitMs: 0,
          tries: row.tries,
          error: undefined,
          uncertain: false,
        });
      else channel.send(row.message, (result) => settle(state, channel, row, result));
    }
  }

  /** Runs inside the handler that read the peer's answer. */
  function settle(state: QueueState, channel: Channel, row: SendRow, result: SendResult): void {
    if (result.kind === "taken" && row.original !== undefined)
      parts.memory.put(channel.group, result.providerId, {
        message: row.message,
        original: row.original,
      });
    const { tries, expiresMs } = row;
    const given = { tries, expiresMs, nowMs: clock.nowMs(), taken: channel.taken };
    const outcome = outcomeOf(result, given);
    if (outcome.do === "finish") finish(state, row, { ...outcome, tries: tries + 1 });
    else putBack(state, row, { ...outcome, tries: tries + 1 });
    plan(state);
  }

  function finish(state: QueueState, row: SendRow, end: End): void {
    finisher(row, end).then(
      (tell) => {
        state.rows -= 1;
        release(state, row);
        offer(tell);
      },
      (cause: unknown) => {
        // The row stays in the table with our mark; the next start sends it again as uncertain.
        log.error({ queue: state.name, message: row.id, err: cause }, "result not stored");
        release(state, row);
      },
    );
  }

  function expired(state: QueueState, row: SendRow): void {
    const { tries } = row;
    finish(state, row, { status: "EXPIRED", error: "expired_here", providerId: undefined, tries });
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
    const { root, channel } = message;
    const { waitMs, tries, error, uncertain } = back;
    const maybeTwice = row.maybeTwice || uncertain;
    const atMs = clock.nowMs();
    const dueMs = waitMs === 0 ? 0 : atMs + waitMs;
    writer.again({ id, root, channel, tries, error, dueMs, maybeTwice, atMs }).then(
      () => {
        leave(state);
        release(state, row);
        wakeIn(state, waitMs);
      },
      (cause: unknown) => {
        log.error({ queue: state.name, message: id, err: cause }, "retry not stored");
        release(state, row);
      },
    );
  }

  /** Brings rows from the table into memory, as far as there is room and they are due. */
  async function fetch(state: QueueState): Promise<void> {
    if (state.fetching || draining) return;
    state.fetching = true;
    const left = state.left;
    try {
      const wanted = queueAhead - state.waiting.size;
      const known = state.busy.size + state.waiting.size;
      // Rows that memory knows already may come first, so as many more are asked for.
      const batch = await queue.fetch(state.name, wanted + known);
      let added = 0;
      let isCut = false;
      for (const row of batch.rows) {
        if (state.waiting.has(row.id) || state.busy.has(row.id)) continue;
        // Some that were known have been finished since, so there may be more than there is room for.
        isCut = added === wanted;
        if (isCut) break;
        state.waiting.put({ ...row, original: undefined });
        added += 1;
      }
      state.complete =
        !isCut &&
        batch.rows.length < wanted + known &&
        batch.nextDueMs === undefined &&
        state.left === left;
      if (batch.nextDueMs !== undefined) wakeIn(state, batch.nextDueMs - clock.nowMs());
      // What was left in the table meanwhile may not have been seen.
      if (added > 0 || state.left !== left) plan(state);
    } catch (cause) {
      log.error({ queue: state.name, err: cause }, "could not fetch from the queue");
      wakeIn(state, faultPauseMs);
    } finally {
      state.fetching = false;
      done();
    }
  }

  function wakeIn(state: QueueState, waitMs: number): void {
    if (draining) return;
    clearTimeout(state.wake);
    state.wake = setTimeout(() => plan(state), Math.max(1, Math.ceil(waitMs)));
    state.wake.unref();
  }

  function expireInMemory(): void {
    const nowMs = clock.nowMs();
    for (const state of queues.values())
      for (const row of state.waiting.takeAll(({ expiresMs }) => expiresMs <= nowMs)) {
        state.busy.add(row.id);
        expired(state, row);
      }
  }

  async function expireInTable(): Promise<void> {
    try {
      for (const row of await queue.expired(expiredPerSweep)) {
        const state = stateOf(row.queue);
        if (state.busy.has(row.id) || state.waiting.has(row.id)) continue;
        state.busy.add(row.id);
        expired(state, { ...row, original: undefined });
      }
    } catch (cause) {
      log.error({ err: cause }, "could not look for expired messages");
    }
  }

  function release(state: QueueState, row: QueueRow): void {
    state.busy.delete(row.id);
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
    for (const state of queues.values()) if (state.busy.size > 0 || state.fetching) return false;
    return true;
  }
}

function rowOf(forward: Forward, original: Message | undefined): SendRow {
  const { message, queue, priority, dueMs, expiresMs } = forward;
  const { id } = message;
  const times = { dueMs, expiresMs, tries: 0, maybeTwice: false };
  return { id, message, original, queue, priority, ...times };
}
