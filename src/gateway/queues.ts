import type { Channel } from "../channel/channel.ts";
import type { Unwritable, Written } from "../channel/writing.ts";
import { idTimeMs } from "../model/id.ts";
import { type Passing, createPassing } from "../model/passing.ts";
import type { QueueView } from "../model/view.ts";
import type { SendRow } from "./finish.ts";
import { queueParts } from "./queue-name.ts";
import { type WaitingList, createWaitingList } from "./waiting.ts";

/** Rows that one channel's queues may hold where it says nothing else (`queueMax`); above, messages for it are refused with `queue_full`. */
export const queueRowsMax = 1_000_000;

/** What stands in all queues of one channel. */
export interface Tally {
  /** Waiting ones, those in flight included. */
  queued: number;
  /** With a peer, or their result is being written. */
  inFlight: number;
  /** Those that the peer may have already. */
  uncertain: number;
}

/** A row that bears our mark, or is being given it, as it will go over this channel. */
export interface Claimed {
  readonly row: SendRow;
  readonly channel: Channel;
  readonly written: Written | Unwritable;
  readonly requests: number;
}

/** What memory knows of one queue. The numbers change by the functions of this file only. */
export interface QueueState {
  readonly name: string;
  readonly channel: string;
  readonly account: string | undefined;
  readonly waiting: WaitingList<SendRow>;
  /** Taken but not yet answered and committed: claimed, handed over, or being finished. */
  readonly busy: Passing<string, true>;
  /** Those of them that are not on their way but kept for an operator's order. */
  readonly kept: Set<string>;
  /** Requests of rows whose claim is under way or that are ready; the channel does not know of them yet. */
  claiming: number;
  /** Requests that there was room for when it was last asked in this turn, less what was kept since. */
  places: number;
  /** Claims that are under way. */
  claims: number;
  /** The end of the last claim; each waits for the one before, so that none overtakes it. */
  claimed: Promise<void>;
  /** Claimed ahead of the window's room, the next first. */
  readonly ready: Claimed[];
  /** Rows that the peer is to answer. */
  handed: number;
  /** Rows on their way back to where they waited: until they are there, none behind them is taken. */
  returning: number;
  /** Rows of this queue, in memory and in the table. */
  rows: number;
  /** Those of them that the peer may have already. */
  uncertain: number;
  /** The sums of all queues of the channel. */
  readonly sums: Tally;
  /** When the first of the rows in the table was due, as far as it is known. */
  tableDueMs: number | undefined;
  /** False when the table holds rows of this queue that are not in memory. */
  complete: boolean;
  /** Since when nobody is bound there, on the clock's `tickMs`, as far as it was looked at. */
  awaySinceMs: number | undefined;
  /** Counts rows that were left in the table, so that a fetch knows what it cannot have seen. */
  left: number;
  /** Counts rows that were changed in the table, so that a fetch knows that it may have seen old ones. */
  changed: number;
  fetching: boolean;
  pumpPlanned: boolean;
  wake: NodeJS.Timeout | undefined;
  /** When that goes off, on the clock's `tickMs`. */
  wakeAtMs: number;
}

/** Every queue that has ever held something since the start. */
export interface Queues {
  /** Made when it is first asked for. */
  of(name: string): QueueState;
  all(): Iterable<QueueState>;
  /** The sums of a channel, which change in place; asked for with each message that is forwarded. */
  counts(channel: string): Readonly<Tally>;
  /** When the first of what waits for this channel was due. */
  oldestDueMs(channel: string): number | undefined;
  /** Those that hold something. */
  views(): QueueView[];
}

export function createQueues(): Queues {
  const states = new Map<string, QueueState>();
  const tallies = new Map<string, Tally>();

  return {
    of: (name) => states.get(name) ?? open(name),
    all: () => states.values(),
    counts: tallyOf,
    oldestDueMs(channel) {
      let oldestMs = Infinity;
      for (const state of states.values())
        if (state.channel === channel && state.rows > 0)
          oldestMs = Math.min(oldestMs, dueMs(state) ?? Infinity);
      return oldestMs === Infinity ? undefined : oldestMs;
    },
    views: () => [...states.values()].filter(({ rows }) => rows > 0).map(viewOf),
  };

  function tallyOf(channel: string): Tally {
    let tally = tallies.get(channel);
    if (tally === undefined)
      tallies.set(channel, (tally = { queued: 0, inFlight: 0, uncertain: 0 }));
    return tally;
  }

  function open(name: string): QueueState {
    const { channel, account } = queueParts(name);
    const state: QueueState = {
      name,
      channel,
      account,
      waiting: createWaitingList(),
      busy: createPassing(),
      kept: new Set(),
      claiming: 0,
      places: 0,
      claims: 0,
      claimed: Promise.resolve(),
      ready: [],
      handed: 0,
      returning: 0,
      rows: 0,
      uncertain: 0,
      sums: tallyOf(channel),
      tableDueMs: undefined,
      complete: true,
      awaySinceMs: undefined,
      left: 0,
      changed: 0,
      fetching: false,
      pumpPlanned: false,
      wake: undefined,
      wakeAtMs: 0,
    };
    states.set(name, state);
    return state;
  }
}

/** So many rows more, or fewer. */
export function count(state: QueueState, rows: number): void {
  state.rows += rows;
  state.sums.queued += rows;
}

/** So many more of which the peer may have them already, or fewer. */
export function doubt(state: QueueState, rows: number): void {
  state.uncertain += rows;
  state.sums.uncertain += rows;
}

/** Out of what waits: nobody else sends or ends it until it is let go. */
export function take(state: QueueState, id: string): void {
  if (state.busy.has(id)) return;
  state.busy.set(id, true);
  state.sums.inFlight += 1;
}

export function letGo(state: QueueState, id: string): void {
  if (state.busy.delete(id)) state.sums.inFlight -= 1;
}

/** A row is in the table and not in memory; when it is due, if that is known. */
export function leave(state: QueueState, rowDueMs = Infinity): void {
  state.left += 1;
  state.complete = false;
  if (rowDueMs < (state.tableDueMs ?? Infinity)) state.tableDueMs = rowDueMs;
}

function viewOf(state: QueueState): QueueView {
  const { name, channel, account, rows, uncertain, busy } = state;
  const inFlight = busy.size;
  return { name, channel, account, rows, inFlight, uncertain, oldestDueMs: dueMs(state) };
}

/** Memory holds the front of a queue; of what is behind it in the table the first due is known. */
function dueMs({ waiting, tableDueMs }: QueueState): number | undefined {
  let oldestMs = tableDueMs ?? Infinity;
  // What is due at once is due since it was made.
  for (const row of waiting.all())
    oldestMs = Math.min(oldestMs, Math.max(row.dueMs, idTimeMs(row.id)));
  return oldestMs === Infinity ? undefined : oldestMs;
}
