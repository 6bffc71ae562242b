import type { Channel } from "../channel/channel.ts";
import { GatewayError } from "../model/error.ts";
import type { Place, QueueRow, Walk } from "../store/queue.ts";
import type { Store } from "../store/store.ts";
import { type KeptParts, endCancelled, keepRows } from "./kept.ts";
import { queueName, queueParts } from "./queue-name.ts";
import type { Sender } from "./send.ts";
import { queueRowsMax } from "./queues.ts";

/** What an operator does to a whole queue; each batch of rows is one transaction. */
export interface QueueWork {
  /**
   * All that wait in this queue are due now; gives how many were not. Rejects, as the others do, with
   * `unknown_queue`.
   */
  retry(queue: string): Promise<number>;
  /**
   * All that wait here wait there instead, due at once; gives how many. A customer's queue only moves
   * to another channel of the same customer's. Rejects with `unknown_channel`, `wrong_queue`, or with
   * `queue_full` before anything is moved.
   */
  move(queue: string, to: string, by: string): Promise<number>;
  /**
   * Cancels all that wait here now, and tells their senders; what comes meanwhile stays. Gives how
   * many. A failure on the way leaves what was not reached.
   */
  drop(queue: string, by: string): Promise<number>;
}

/** Rows that are ended or moved at a time: what a flush takes without delaying others. */
const rowsPerBatch = 500;

/** Rows that are made due at a time: one statement of some ten milliseconds. */
const hurriedPerBatch = 5_000;

export function createQueueWork(
  parts: KeptParts & {
    readonly store: Pick<Store, "writer" | "queue" | "reports">;
    readonly sender: Sender;
    readonly newId: () => string;
    /** Throws `unknown_channel`. */
    readonly channel: (name: string) => Channel;
  },
): QueueWork {
  const { store, sender, clock, newId } = parts;
  const { queue: table, writer } = store;

  return {
    async retry(queue) {
      check(queue);
      const before = newId();
      let after: Place | undefined;
      let hurried = 0;
      do {
        const batch = await table.hurry(queue, { after, before, limit: hurriedPerBatch });
        hurried += batch.hurried;
        after = batch.places.at(-1);
        sender.hurried(queue);
      } while (after !== undefined);
      return hurried;
    },
    async move(queue, to, by) {
      const rows = check(queue);
      checkTarget(queue, to, rows);
      return eachBatch(queue, async (batch) => {
        const at = clock.nowMs();
        const lines = batch.map(({ id, message: { root } }) => ({
          root,
          line: { at, what: "moved", facts: { message: id, from: queue, to, by } },
        }));
        const ids = batch.map(({ id }) => id);
        try {
          await writer.move({ ids, queue: to, lines });
        } catch (cause) {
          sender.free(queue, ids);
          throw cause;
        }
        sender.moved(batch, to);
        return batch.length;
      });
    },
    async drop(queue, by) {
      check(queue);
      return eachBatch(queue, (batch) => endCancelled(parts, batch, { what: "dropped", by }));
    },
  };

  /**
   * From the front of the queue to its end, keeping each batch from being sent while it is worked on.
   * `act` gives how many rows it got out of the queue.
   */
  async function eachBatch(
    queue: string,
    act: (rows: readonly QueueRow[]) => Promise<number>,
  ): Promise<number> {
    const walk: Walk = { after: undefined, before: newId(), limit: rowsPerBatch };
    let sum = 0;
    let places = await table.walk(queue, walk);
    while (places.length > 0) {
      const ids = places.map(({ id }) => id);
      const rows = await keepRows(parts, queue, ids);
      if (rows.length > 0) sum += await act(rows);
      places = await table.walk(queue, { ...walk, after: places.at(-1) });
    }
    return sum;
  }

  /** Gives how many rows it has; an empty queue is known by its channel. */
  function check(queue: string): number {
    const known = sender.queues().find(({ name }) => name === queue);
    if (known !== undefined) return known.rows;
    try {
      if (isFor(queue, parts.channel(queueParts(queue).channel).taken)) return 0;
    } catch {
      // Then no queue of it is known either.
    }
    throw new GatewayError("unknown_queue", `There is no queue ${queue}.`);
  }

  function checkTarget(queue: string, to: string, rows: number): void {
    const from = queueParts(queue);
    const target = queueParts(to);
    if (to === queue) throw wrong(`${queue} is where they wait already`);
    const { taken, queueMax = queueRowsMax } = parts.channel(target.channel);
    if (!isFor(to, taken))
      throw wrong(
        taken === "SENT"
          ? `${target.channel} is a provider, so its queue is ${target.channel}`
          : `customers bind to ${target.channel}: its queues are ${queueName(target.channel, "ACCOUNT")}`,
      );
    if (from.account === undefined && taken !== "SENT")
      throw wrong("what waits for a provider cannot be handed to a customer");
    if (from.account !== undefined && taken === "SENT")
      throw wrong("what waits for a customer cannot be handed to a provider");
    if (from.account !== target.account)
      throw wrong(`what waits for ${from.account} cannot be handed to ${target.account}`);
    const { queued } = sender.counts(target.channel);
    if (queued + rows > queueMax)
      throw new GatewayError("queue_full", `${to} would hold more than ${queueMax} messages.`);
  }
}

/** A provider has one queue, a channel that customers bind to one for each of them. */
function isFor(queue: string, taken: "SENT" | "DELIVERED"): boolean {
  const { account } = queueParts(queue);
  return taken === "SENT" ? account === undefined : account !== undefined && account !== "";
}

function wrong(text: string): GatewayError {
  return new GatewayError("wrong_queue", `${text}.`);
}
