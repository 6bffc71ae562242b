import type { Channel } from "../channel/channel.ts";
import type { Unwritable, Written } from "../channel/writing.ts";
import type { Clock } from "../model/clock.ts";
import type { Log } from "../model/log.ts";
import type { Writer } from "../store/writer.ts";
import type { End, SendRow } from "./finish.ts";
import { type OutdatedOf, outdatedEnd } from "./outdated.ts";
import { type Claimed, type QueueState, leave, letGo } from "./queues.ts";
import { faultPauseMs } from "./refill.ts";

/**
 * Marks rows in the table before they are handed over, so that after a crash it is known which of them a
 * peer may have. The mark is a commit, and a peer whose window is full would wait for it with each
 * answer: so some are marked ahead, and are handed over in the turn that read the answer.
 */
export interface Claiming {
  /**
   * Places of the window that may be claimed beyond those that are free. None while nothing is with the
   * peer: what is marked is told as uncertain after a crash, and nobody knows when there will be room.
   */
  ahead(state: QueueState, channel: Channel): number;
  /** Marks them, and hands over those for which there is room then. */
  claim(state: QueueState, channel: Channel, claimed: readonly Claimed[]): Promise<void>;
  /** Hands over what is marked as far as there is room; when nothing is with the peer, the rest goes back. */
  handOver(state: QueueState, channel: Channel): void;
  /** What is marked goes back into the queue. */
  giveBack(state: QueueState): void;
}

/** Of what is with the peer, so many are marked ahead: a commit may take half as long as an answer. */
const aheadShare = 0.5;

export function createClaiming(parts: {
  readonly writer: Pick<Writer, "claim">;
  readonly clock: Clock;
  readonly log: Log;
  readonly held: (channel: string) => boolean;
  readonly outdated: OutdatedOf | undefined;
  readonly isDraining: () => boolean;
  readonly wakeIn: (state: QueueState, waitMs: number) => void;
  readonly finish: (state: QueueState, row: SendRow, end: End) => Promise<boolean>;
  readonly expired: (state: QueueState, row: SendRow) => void;
  readonly release: (state: QueueState, id: string) => void;
  /** Back into the table as it was. */
  readonly putBack: (state: QueueState, row: SendRow) => void;
  readonly hand: (
    state: QueueState,
    channel: Channel,
    row: SendRow,
    written: Written | Unwritable,
  ) => void;
  readonly done: () => void;
}): Claiming {
  const { writer, clock, log, held, outdated, isDraining, wakeIn } = parts;
  const { finish, expired, release, putBack, hand, done } = parts;
  return { ahead, claim, handOver, giveBack };

  function ahead(state: QueueState, channel: Channel): number {
    return channel.isPaced?.() === true ? 0 : Math.ceil(state.handed * aheadShare);
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
    const late = await outdated?.(claimed.map(({ row }) => row));
    for (const one of claimed) {
      const { row, requests } = one;
      // Done, cancelled or expired since it was fetched: whoever did that has told and counted it.
      const isGone = gone.has(row.id);
      if (isGone || late?.has(row.id) === true) state.claiming -= requests;
      if (isGone) release(state, row.id);
      else if (late?.has(row.id) === true)
        void finish(state, row, { ...outdatedEnd, tries: row.tries });
      else state.ready.push(one);
    }
    // The channel may have been paused while the claim was written.
    if (isDraining() || held(state.channel)) giveBack(state);
    else handOver(state, channel);
  }

  function handOver(state: QueueState, channel: Channel): void {
    while (state.ready.length > 0 && channel.room(state.account) > 0) {
      const next = state.ready.shift();
      if (next === undefined) return;
      const { row, written, requests } = next;
      state.claiming -= requests;
      if (row.expiresMs <= clock.nowMs()) expired(state, row);
      else hand(state, channel, row, written);
    }
    if (state.handed === 0) giveBack(state);
  }

  function giveBack(state: QueueState): void {
    for (const { row, requests } of state.ready.splice(0)) {
      state.claiming -= requests;
      putBack(state, row);
    }
  }
}
