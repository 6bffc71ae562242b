import type { Channel } from "../channel/channel.ts";
import type { Message } from "../model/message.ts";
import { createPassing } from "../model/passing.ts";
import type { Forward, Writer } from "../store/writer.ts";
import type { Claiming } from "./claiming.ts";
import type { SendRow } from "./finish.ts";
import { type Claimed, type QueueState, type Queues, letGo, take } from "./queues.ts";

/**
 * A row for which its window has room is written with our mark: its claim is the commit that accepts it, and it is handed
 * over as soon as that is through. Where something waits already, it waits behind that, and is claimed when its turn comes.
 */
export interface Placing {
  /** The same forward, marked where there is a place for it now; that is kept until it is offered or forgone. */
  reserve(forward: Forward, original?: Message): Forward;
  /** It was not written, whatever the reason: its place is free again. */
  forgo(forward: Forward): void;
}

/** For the queues themselves. */
export interface Places extends Placing {
  /** It is written: true when it has a place and is marked. */
  filled(state: QueueState, id: string): boolean;
}

export function createPlacing(parts: {
  readonly queues: Queues;
  readonly claiming: Claiming;
  readonly channel: (name: string) => Channel | undefined;
  readonly isDraining: () => boolean;
  /** Nothing is to be handed over now. */
  readonly isStopped: (state: QueueState) => boolean;
  /** A place has become free. */
  readonly plan: (state: QueueState) => void;
  readonly done: () => void;
}): Places {
  const { queues, claiming, isDraining, isStopped, plan, done } = parts;
  const kept = createPassing<string, Claimed>();
  /** Queues whose channel was asked for room in this turn of the event loop. */
  let asked: QueueState[] = [];

  return {
    reserve(forward, original) {
      if (forward.dueMs !== 0 || isDraining()) return forward;
      const state = queues.of(forward.queue);
      if (!state.complete || state.waiting.size > 0 || state.returning > 0) return forward;
      const channel = parts.channel(state.channel);
      if (channel === undefined || isStopped(state)) return forward;
      if (placesIn(state, channel) <= 0) return forward;
      const row = forWhom(rowOf(forward, original), state.account);
      const written = channel.write(row.message);
      const requests = "code" in written ? 1 : written.requests.length;
      take(state, row.id);
      state.claiming += requests;
      state.places -= requests;
      kept.set(row.id, { row, channel, written, requests });
      return { ...forward, taken: true };
    },
    forgo({ queue, message: { id } }) {
      const claimed = kept.get(id);
      if (claimed === undefined) return;
      kept.delete(id);
      const state = queues.of(queue);
      state.claiming -= claimed.requests;
      letGo(state, id);
      plan(state);
      done();
    },
    filled(state, id) {
      const claimed = kept.get(id);
      if (claimed === undefined) return false;
      kept.delete(id);
      claiming.marked(state, claimed);
      // Nobody hands anything over any more.
      if (isDraining()) claiming.giveBack(state);
      return true;
    },
  };

  /** Not asked for each message, since it is the sum of as many sessions as a customer has. */
  function placesIn(state: QueueState, channel: Channel): number {
    if (state.places > 0) return state.places;
    if (asked.length === 0) setImmediate(endTurn);
    asked.push(state);
    return (state.places = claiming.room(state, channel));
  }

  function endTurn(): void {
    for (const state of asked) state.places = 0;
    asked = [];
  }
}

/** The same writer, for whom a place is kept in the windows for all that it makes wait. */
export function placedWriter(
  writer: Writer,
  { reserve, forgo }: Placing,
): Pick<Writer, "accept" | "conclude" | "record" | "receivePart" | "hold"> {
  const { record, receivePart, hold } = writer;
  return {
    record,
    receivePart,
    hold,
    accept(acceptance) {
      const { message } = acceptance;
      const forwards = acceptance.forwards.map((forward) => reserve(forward, message));
      return writer.accept({ ...acceptance, forwards }).then(
        (answer) => {
          if (answer !== "accepted") forwards.forEach(forgo);
          return answer;
        },
        (cause: unknown) => {
          forwards.forEach(forgo);
          throw cause;
        },
      );
    },
    conclude(conclusion) {
      const tell = conclusion.tell.map((forward) => reserve(forward));
      return writer.conclude({ ...conclusion, tell }).catch((cause: unknown) => {
        tell.forEach(forgo);
        throw cause;
      });
    },
  };
}

/** It was another's, or a provider's, when a failure policy sent it this way. */
export function forWhom(row: SendRow, account: string | undefined): SendRow {
  if (account === undefined || row.message.account === account) return row;
  return { ...row, message: { ...row.message, account } };
}

/** A row as it stands in its queue before its first try. */
export function rowOf(forward: Forward, original: Message | undefined): SendRow {
  const { message, queue, priority, dueMs, expiresMs, ways } = forward;
  const { id } = message;
  const times = { dueMs, expiresMs, tries: 0, maybeTwice: false };
  const row = { ...times, id, message, original, queue, priority };
  return ways === undefined ? row : { ...row, ways };
}
