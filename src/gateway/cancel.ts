import { GatewayError } from "../model/error.ts";
import type { EntryRow } from "../store/lives.ts";
import type { QueueRow } from "../store/queue.ts";
import type { Status } from "../model/status.ts";
import type { Store } from "../store/store.ts";
import { type KeptParts, endCancelled, keepRows } from "./kept.ts";

/**
 * Takes one message, or all that an original was forwarded as, out of the queue, and tells its sender.
 * Rejects with `unknown_message_id`, `message_in_flight`, `cancel_too_late`; then nothing has changed.
 */
export type Cancel = (
  id: string,
  by: string,
) => Promise<{ readonly id: string; readonly status: Status }>;

export function createCancel(
  parts: KeptParts & { readonly store: Pick<Store, "queue" | "reports" | "messages"> },
): Cancel {
  const { store, sender } = parts;

  return async (id, by) => {
    const entry = await store.messages.show(id);
    if (entry === undefined)
      throw new GatewayError("unknown_message_id", `no message is known by ${id}`);
    const waiting = (await forwardedAs(entry)).flatMap(({ message, pending }) =>
      pending === undefined ? [] : { id: message.id, queue: pending.queue },
    );
    if (waiting.length === 0) throw tooLate(entry);
    await cancelAll(waiting, by);
    const after = await store.messages.show(entry.message.id);
    return { id: entry.message.id, status: after?.status ?? "CANCELLED" };
  };

  /** Of an original what was made of it, which may be several messages in several queues. */
  async function forwardedAs(entry: EntryRow): Promise<readonly EntryRow[]> {
    const { id, parent } = entry.message;
    if (parent !== undefined) return [entry];
    const [life] = await store.messages.life(id, 1);
    return life?.entries.filter(({ message }) => message.kind === "sms" && message.id !== id) ?? [];
  }

  /** All of them or none: when one is with its peer, nothing is cancelled. */
  async function cancelAll(
    waiting: readonly { readonly id: string; readonly queue: string }[],
    by: string,
  ): Promise<void> {
    const rows: QueueRow[] = [];
    try {
      for (const { id, queue } of waiting) rows.push(...(await keepRows(parts, queue, [id])));
      if (rows.length < waiting.length) throw new GatewayError("message_in_flight");
    } catch (cause) {
      for (const { id, queue } of rows) sender.free(queue, [id]);
      throw cause;
    }
    const ended = await endCancelled(parts, rows, { what: "cancelled", by });
    if (ended < rows.length) throw new GatewayError("internal");
  }
}

function tooLate({ status, message }: EntryRow): GatewayError {
  const { id, kind } = message;
  if (kind === "bind") return new GatewayError("cancel_too_late", `${id} is a bind, not a message`);
  const why = status === "RECEIVED" ? "it was forwarded nowhere" : `it is ${status} already`;
  return new GatewayError("cancel_too_late", `${id} waits nowhere: ${why}`);
}
