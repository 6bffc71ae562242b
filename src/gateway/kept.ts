import type { Clock } from "../model/clock.ts";
import type { Queue, QueueRow } from "../store/queue.ts";
import type { Store } from "../store/store.ts";
import type { Sender } from "./send.ts";

/** Rows that an operator's order keeps from being sent, until they are ended, moved or freed. */
export interface KeptParts {
  readonly store: Pick<Store, "queue" | "reports">;
  readonly sender: Pick<Sender, "keep" | "free" | "end">;
  readonly clock: Clock;
}

/** All that keeping takes. */
export interface KeepingParts {
  readonly store: { readonly queue: Pick<Queue, "rowsOf"> };
  readonly sender: Pick<Sender, "keep" | "free">;
}

/**
 * Keeps these rows of a queue from being sent and gives those that do wait: what memory or an earlier
 * look knew of them may be over. Each of them is to be ended, moved or freed by the caller.
 */
export async function keepRows(
  { sender, store }: KeepingParts,
  queue: string,
  ids: readonly string[],
): Promise<QueueRow[]> {
  const kept = sender.keep(queue, ids);
  try {
    const rows = (await store.queue.rowsOf(kept)).filter((row) => row.queue === queue);
    const there = new Set(rows.map(({ id }) => id));
    sender.free(
      queue,
      kept.filter((id) => !there.has(id)),
    );
    return rows;
  } catch (cause) {
    sender.free(queue, kept);
    throw cause;
  }
}

/** Ends kept rows as CANCELLED; gives how many. The others could not be stored, and wait on. */
export async function endCancelled(
  { sender, store, clock }: KeptParts,
  rows: readonly QueueRow[],
  { what, by }: { readonly what: "cancelled" | "dropped"; readonly by: string },
): Promise<number> {
  // In one query; a row that has no original here is looked up again, and alone, by who ends it.
  const sent = await store.reports.sentOfAll(rows.map(({ id }) => id)).catch(() => undefined);
  const at = clock.nowMs();
  const ended = await Promise.all(
    rows.map((row) => {
      const { id, queue, tries, maybeTwice } = row;
      const facts = { message: id, queue, by, ...(maybeTwice && { maybeTwice }) };
      const end = {
        status: "CANCELLED",
        error: "cancelled",
        providerId: undefined,
        tries,
      } as const;
      const original = sent?.get(id)?.original;
      return sender.end({ ...row, original }, { ...end, lines: [{ at, what, facts }] });
    }),
  );
  return ended.filter(Boolean).length;
}
