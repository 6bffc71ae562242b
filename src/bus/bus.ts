import type { EventKind, Events } from "../model/event.ts";
import { promised } from "../model/promised.ts";

type Answerer<K extends EventKind> = (event: Events[K]["event"]) => Promise<Events[K]["answer"]>;

type Watcher<K extends EventKind> = (
  event: Events[K]["event"],
  answer: Events[K]["answer"],
) => void;

/**
 * Carries events from channels to the one who answers them, and tells watchers how it ended.
 * In one process it is a function call; nothing durable goes this way, PostgreSQL has that.
 */
export interface Bus {
  /**
   * Called by a channel once per event. Settles with the answer for the peer, after the commit; it
   * never waits without a bound, because every answerer has a deadline. Rejects only on a fault of
   * ours: the channel then answers with `internal`.
   */
  emit<K extends EventKind>(kind: K, event: Events[K]["event"]): Promise<Events[K]["answer"]>;
  /** Names the one answerer of a kind; a second one is a fault of ours. */
  answer<K extends EventKind>(kind: K, answerer: Answerer<K>): void;
  /** Called after the commit, with the outcome, for metrics and views. Must not throw or wait. */
  watch<K extends EventKind>(kind: K, watcher: Watcher<K>): void;
}

export function createBus(): Bus {
  // Each kind's functions are stored under that kind only, so the two casts below cannot mix them.
  const answerers = new Map<EventKind, Answerer<EventKind>>();
  const watchers = new Map<EventKind, Watcher<EventKind>[]>();
  return {
    emit(kind, event) {
      const answerer = answerers.get(kind);
      if (answerer === undefined)
        return Promise.reject(new Error(`nobody answers the event "${kind}"`));
      const answered = promised(() => answerer(event));
      const told = watchers.get(kind);
      if (told === undefined) return answered;
      return answered.then((answer) => {
        for (const watcher of told) watcher(event, answer);
        return answer;
      });
    },
    answer(kind, answerer) {
      if (answerers.has(kind)) throw new Error(`the event "${kind}" has an answerer already`);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
      answerers.set(kind, answerer as unknown as Answerer<EventKind>);
    },
    watch(kind, watcher) {
      const list = watchers.get(kind) ?? [];
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
      list.push(watcher as unknown as Watcher<EventKind>);
      watchers.set(kind, list);
    },
  };
}
