import type { Channel } from "../channel/channel.ts";
import type { Clock } from "../model/clock.ts";
import type { Log } from "../model/log.ts";
import type { Writer } from "../store/writer.ts";
import type { End, SendRow } from "./finish.ts";
import { type OutdatedOf, outdatedEnd } from "./outdated.ts";
import { type Claimed, type QueueState, leave, letGo } from "./queues.ts";
import { faultPauseMs } from "./refill.ts";

/**
 * Writes our mark to rows before they are handed over, so that after a crash it is known which of them
 * the peer may have. The mark is a commit, and a place in a full window would stay empty for so long with
 * each answer: so some are marked ahead, and go in the very turn that read the answer.
 */
export interface Claiming {
  /**
   * Requests that may be claimed now: the free places of the window, and some ahead of them. Who needs no more
   * than `enough` of them says so, since it may be the sum of hundreds of sessions.
   */
  room(state: QueueState, channel: Channel, enough?: number): number;
  /** Marks rows that were taken; hands over those that nobody has ended meanwhile, as far as there is room. */
  claim(state: QueueState, claimed: readonly Claimed[]): Promise<void>;
  /** It was written with our mark: it comes behind those whose claims are under way. */
  marked(state: QueueState, claimed: Claimed): void;
  /** Goes on with what is marked. It goes back into the queue when nobody knows when there will be room. */
  handOver(state: QueueState): void;
  /** All that is marked goes back. */
  giveBack(state: QueueState): void;
}

/** Of what the peer has not answered, so many are marked ahead: a commit may take half as long as he. */
const aheadShare = 0.5;

/** Rows. What is marked is told as uncertain after a crash, so no more than a busy provider needs. */
const aheadMax = 100;

export function createClaiming(parts: {
  readonly writer: Pick<Writer, "claim">;
  readonly clock: Clock;
  readonly log: Log;
  readonly channel: (name: string) => Channel | undefined;
  readonly isDraining: () => boolean;
  /** Nothing is to be handed over now. */
  readonly isStopped: (state: QueueState) => boolean;
  /** A peer that may have come back is tried with one message. */
  readonly isProbing: (state: QueueState) => boolean;
  readonly outdated: OutdatedOf | undefined;
  readonly wakeIn: (state: QueueState, waitMs: number) => void;
  readonly finish: (state: QueueState, row: SendRow, end: End) => Promise<boolean>;
  readonly release: (state: QueueState, id: string) => void;
  /** Ends a row whose time is over or that is not to be sent; true when it did. */
  readonly endIfOver: (state: QueueState, row: SendRow, channel: Channel) => boolean;
  /** It was not handed over. */
  readonly putBack: (state: QueueState, row: SendRow) => void;
  readonly hand: (state: QueueState, claimed: Claimed) => void;
  readonly done: () => void;
}): Claiming {
  const { writer, clock, log, isStopped, wakeIn, finish, release, done } = parts;
  return { room, claim, marked, handOver, giveBack };

  function room(state: QueueState, channel: Channel, enough = Infinity): number {
    const free = channel.room(state.account, state.claiming + enough) - state.claiming;
    if (parts.isProbing(state)) return free > 0 && state.busy.size === state.kept.size ? 1 : 0;
    if (channel.isPaced?.() === true) return free;
    return free + Math.min(Math.ceil(state.handed * aheadShare), aheadMax);
  }

  function claim(state: QueueState, claimed: readonly Claimed[]): Promise<void> {
    for (const { requests } of claimed) state.claiming += requests;
    state.claims += 1;
    const claim = mark(state, claimed, state.claimed).finally(() => {
      state.claims -= 1;
    });
    state.claimed = claim;
    return claim;
  }

  function marked(state: QueueState, claimed: Claimed): void {
    if (state.claims === 0) {
      state.ready.push(claimed);
      return;
    }
    state.claims += 1;
    state.claimed = state.claimed.then(() => {
      state.claims -= 1;
      state.ready.push(claimed);
      handOver(state);
    });
  }

  async function mark(
    state: QueueState,
    claimed: readonly Claimed[],
    before: Promise<void>,
  ): Promise<void> {
    let gone: ReadonlySet<string>;
    try {
      gone = new Set(await writer.claim(claimed.map(({ row }) => row.id)));
    } catch (cause) {
      await before;
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
    // Where some are gone it is asked which, so that a later claim may be answered sooner.
    await before;
    for (const one of claimed) {
      const { row, requests } = one;
      const isGone = gone.has(row.id);
      const isOutdated = outdated?.has(row.id) === true;
      if (isGone || isOutdated) state.claiming -= requests;
      // Done, cancelled or expired since it was fetched: whoever did that has told and counted it.
      if (isGone) release(state, row.id);
      else if (isOutdated) void finish(state, row, { ...outdatedEnd, tries: row.tries });
      else state.ready.push(one);
    }
    handOver(state);
  }

  function handOver(state: QueueState): void {
    const channel = parts.channel(state.channel);
    // Not asked for each of them, since that is the sum of as many sessions as it takes.
    let free = 0;
    for (let next = state.ready[0]; next !== undefined; next = state.ready[0]) {
      // The channel may have been paused, or made anew with other settings, since it was written for it;
      // and what was claimed before it may be on its way back.
      if (next.channel !== channel || isStopped(state) || state.returning > 0)
        return giveBack(state);
      if (free <= 0) free = channel.room(state.account, state.ready.length);
      if (free <= 0) break;
      state.ready.shift();
      state.claiming -= next.requests;
      if (parts.endIfOver(state, next.row, channel)) continue;
      free -= next.requests;
      parts.hand(state, next);
    }
    const isComing = state.handed > 0 || channel?.isPaced?.() === true;
    if (!isComing || parts.isDraining()) giveBack(state);
  }

  function giveBack(state: QueueState): void {
    for (const { row, requests } of state.ready.splice(0)) {
      state.claiming -= requests;
      parts.putBack(state, row);
    }
  }
}
