import { createPassing } from "../model/passing.ts";

/** What has a place in a queue: higher priority first, then in the order of its place or its id. */
export interface Waiting {
  readonly id: string;
  readonly place?: string;
  readonly priority: number;
}

/**
 * The part of one queue that memory holds, in (priority, place) order. Putting in at the end and taking
 * from the front cost nothing; only what is retried or fetched late is sorted in.
 */
export interface WaitingList<W extends Waiting> {
  readonly size: number;
  put(one: W): void;
  /** The first one, left where it is. */
  first(): W | undefined;
  /** Takes the first one out. */
  take(): W | undefined;
  has(id: string): boolean;
  /** Those that wait, in their order; for a look, not for the hot path. */
  all(): readonly W[];
  /** Takes out all for which this is true, wherever they stand. Looks at each one. */
  takeAll(wanted: (one: W) => boolean): W[];
}

export function createWaitingList<W extends Waiting>(): WaitingList<W> {
  const ids = createPassing<string, true>();
  /** What was taken is not held on to. */
  let list: (W | undefined)[] = [];
  let head = 0;
  return {
    get size() {
      return list.length - head;
    },
    put(one) {
      ids.set(one.id, true);
      let at = list.length;
      while (at > head && before(one, list[at - 1])) at -= 1;
      if (at === list.length) list.push(one);
      else list.splice(at, 0, one);
    },
    first: () => list[head],
    take() {
      const one = list[head];
      if (one === undefined) return undefined;
      ids.delete(one.id);
      list[head] = undefined;
      head += 1;
      // Moving what is left costs as much as was taken before, so each place is moved once on average.
      if (head > 1_000 && head * 2 > list.length) {
        list = list.slice(head);
        head = 0;
      }
      return one;
    },
    has: (id) => ids.has(id),
    all: waiting,
    takeAll(wanted) {
      const taken: W[] = [];
      const kept: W[] = [];
      for (const one of waiting()) (wanted(one) ? taken : kept).push(one);
      if (taken.length === 0) return taken;
      for (const one of taken) ids.delete(one.id);
      list = kept;
      head = 0;
      return taken;
    },
  };

  function waiting(): W[] {
    return list.slice(head).filter((one) => one !== undefined);
  }
}

function before(one: Waiting, other: Waiting | undefined): boolean {
  if (other === undefined) return true;
  if (one.priority !== other.priority) return one.priority > other.priority;
  return (one.place ?? one.id) < (other.place ?? other.id);
}
