import type { Clock } from "../model/clock.ts";
import { GatewayError } from "../model/error.ts";
import type { ErasedRows, Erasure, WaitingRow } from "../store/erasure.ts";
import type { Store } from "../store/store.ts";
import { endCancelled } from "./kept.ts";
import type { Sender } from "./send.ts";
import type { SentMemory } from "./sent-memory.ts";

/** Lives that are emptied in one transaction: some hundred rows, a few hundred milliseconds. */
const livesPerBatch = 100;

/** Milliseconds until lives of which something was with a peer are tried again. */
const againMs = 500;

/** Milliseconds that answers of peers are waited for; longer than `responseTimeoutMs` usually is. */
const inFlightMs = 30_000;

/**
 * Milliseconds after which a decision that had begun with the old content is committed: triggers have
 * `eventDeadlineMs`, the statuses that follow 200 ms.
 */
const decidedMs = 3_000;

export interface ErasureStep {
  readonly done: number;
  readonly total: number;
}

/**
 * Erases a number, a batch of lives at a time, telling how far it is. What waits to go out is
 * cancelled first and its sender told. Throws `bad_request` for what is no number, at the end
 * `message_in_flight` when a peer did not answer for so long that some lives are left. Ended anywhere,
 * it is gone on with by asking again.
 */
export type Erase = (
  number: string,
  given: { readonly by: string; readonly signal: AbortSignal },
) => AsyncGenerator<ErasureStep, ErasedRows>;

export function createErase(parts: {
  readonly store: Store;
  readonly sender: Sender;
  readonly memory: Pick<SentMemory, "forget">;
  readonly clock: Clock;
  readonly newId: () => string;
}): Erase {
  const { store, sender, memory, clock, newId } = parts;

  return async function* (number, { by, signal }) {
    const erasure = store.erasureOf(number);
    // What comes from now on is another matter: somebody writes to that number anew.
    const before = newId();
    const total = await erasure.count(before);
    const sum = { messages: 0, traces: 0, reports: await erasure.eraseUnmatched() };
    const emptied = new Set<string>();
    const goingOn = new Set<string>();
    const giveUpMs = clock.tickMs() + inFlightMs;
    for (;;) {
      let inFlight = 0;
      let after: string | undefined;
      do {
        signal.throwIfAborted();
        const page = await erasure.next({ after, before, limit: livesPerBatch });
        const batch = await eraseLives(erasure, page.roots, by);
        inFlight += batch.inFlight.size;
        add(sum, batch.erased);
        for (const root of batch.unfinished) goingOn.add(root);
        for (const root of page.roots) if (!batch.inFlight.has(root)) emptied.add(root);
        // A report may have begun a new life meanwhile, which nobody had counted.
        yield { done: emptied.size, total: Math.max(total, emptied.size) };
        ({ after } = page);
      } while (after !== undefined);
      if (inFlight === 0) break;
      if (clock.tickMs() > giveUpMs)
        throw new GatewayError(
          "message_in_flight",
          `${inFlight} lives are left, because a message of theirs is with a peer; ask again later.`,
        );
      await pause(againMs, signal);
    }
    if (goingOn.size > 0) {
      await pause(decidedMs, signal);
      for (const roots of chunksOf([...goingOn], livesPerBatch))
        add(sum, (await eraseLives(erasure, roots, by)).erased);
    }
    add(sum, { messages: 0, traces: 0, reports: await erasure.eraseUnmatched() });
    return sum;
  };

  async function eraseLives(erasure: Erasure, roots: readonly string[], by: string) {
    const nothing = { messages: 0, traces: 0, reports: 0 };
    const inFlight = new Set<string>();
    if (roots.length === 0) return { erased: nothing, unfinished: [], inFlight };
    await cancel(await erasure.waiting(roots), by);
    // What is left waits for the customer, who is to hear what became of his message, or is under way.
    const waiting = await erasure.waiting(roots);
    const kept = keep(waiting);
    try {
      const keptIds = new Set(kept.flatMap(({ ids }) => ids));
      // A message that could not be cancelled must not go out empty, so its life is left, too.
      for (const { id, root, kind } of waiting)
        if (kind === "sms" || !keptIds.has(id)) inFlight.add(root);
      const ready = roots.filter((root) => !inFlight.has(root));
      if (ready.length === 0) return { erased: nothing, unfinished: [], inFlight };
      const result = await erasure.erase(ready);
      memory.forget(new Set(ready));
      return { ...result, inFlight };
    } finally {
      // Memory has let go of them, so they are read anew, without the number.
      for (const { queue, ids } of kept) sender.free(queue, ids);
    }
  }

  async function cancel(waiting: readonly WaitingRow[], by: string): Promise<void> {
    const kept = keep(waiting.filter(({ kind }) => kind === "sms"));
    try {
      const rows = await store.queue.rowsOf(kept.flatMap(({ ids }) => ids));
      // One that could not be ended waits on, and is seen as waiting by the next look.
      await endCancelled(parts, rows, { what: "cancelled", by });
    } finally {
      for (const { queue, ids } of kept) sender.free(queue, ids);
    }
  }

  /** Those of them that are not with a peer, by queue; nobody sends them until they are freed. */
  function keep(rows: readonly WaitingRow[]): { queue: string; ids: string[] }[] {
    return [...Map.groupBy(rows, ({ queue }) => queue)].map(([queue, some]) => ({
      queue,
      ids: sender.keep(
        queue,
        some.map(({ id }) => id),
      ),
    }));
  }
}

function add(sum: { messages: number; traces: number; reports: number }, more: ErasedRows): void {
  sum.messages += more.messages;
  sum.traces += more.traces;
  sum.reports += more.reports;
}

function chunksOf<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, n) =>
    list.slice(n * size, (n + 1) * size),
  );
}

/** Rejects when it is aborted. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new Error("the erasure was broken off"));
    });
  });
}
