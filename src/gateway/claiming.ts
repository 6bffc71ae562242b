import type { Channel } from "../channel/channel.ts";
import type { Unwritable, Written } from "../channel/writing.ts";
import type { Clock } from "../model/clock.ts";
import type { Log } from "../model/log.ts";
import type { Writer } from "../store/writer.ts";
import type { End, SendRow } from "./finish.ts";
import { type OutdatedOf, outdatedEnd } from "./outdated.ts";
import { type QueueState, leave, letGo } from "./queues.ts";
import { faultPauseMs } from "./refill.ts";

/** A row that is being claimed, as it will go. */
export interface Claimed {
  readonly row: SendRow;
  readonly written: Written | Unwritable;
  readonly requests: number;
}

/**
 * Writes our mark to rows before they are handed over, so that after a crash it is known which of them
 * the peer may have; then hands over those that nobody has ended meanwhile.
 */
export function createClaiming(parts: {
  readonly writer: Pick<Writer, "claim">;
  readonly clock: Clock;
  readonly log: Log;
  /** Nothing is to be handed over now. */
  readonly isStopped: (state: QueueState) => boolean;
  readonly outdated: OutdatedOf | undefined;
  readonly wakeIn: (state: QueueState, waitMs: number) => void;
  readonly finish: (state: QueueState, row: SendRow, end: End) => Promise<boolean>;
  readonly release: (state: QueueState, id: string) => void;
  /** It was not handed over. */
  readonly putBack: (state: QueueState, row: SendRow) => void;
  readonly handOver: (state: QueueState, channel: Channel, claimed: Claimed) => void;
  readonly done: () => void;
}): (state: QueueState, channel: Channel, claimed: readonly Claimed[]) => Promise<void> {
  const { writer, clock, log, isStopped, wakeIn, finish, release, putBack, handOver, done } = parts;

  return async (state, channel, claimed) => {
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
    for (const one of claimed) {
      const { row, requests } = one;
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
      if (channel.room(state.account) <= 0 || isStopped(state)) putBack(state, row);
      else handOver(state, channel, one);
    }
  };
}
