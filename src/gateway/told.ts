import type { Channel } from "../channel/channel.ts";
import { GatewayError } from "../model/error.ts";
import { type KeptParts, keepRows } from "./kept.ts";
import { queueParts } from "./queue-name.ts";

/**
 * A webhook of this customer has taken a message that was forwarded to him. Where that is its delivery, it
 * ends as one; where only a session may take it, nothing changes. Called again after a crash, it finds that
 * it has ended. Rejects when that could not be stored: then he is to be told again.
 */
export type Told = (inbound: {
  readonly account: string;
  /** The message as it was forwarded. */
  readonly id: string;
  readonly webhook: string;
}) => Promise<void>;

export function createTold(
  parts: KeptParts & { readonly channels: () => ReadonlyMap<string, Channel> },
): Told {
  const { store, sender, clock, channels } = parts;

  return async ({ account, id, webhook }) => {
    const takers = [...channels().values()].filter((one) => one.told !== undefined);
    /** Handed over to a channel already, which waits for him there. */
    const isHeld = (): boolean => takers.some((one) => one.told?.(account, id));
    if (takers.length === 0 || isHeld()) return;
    const [waiting] = await store.queue.rowsOf([id]);
    const to = waiting && channels().get(queueParts(waiting.queue).channel);
    if (waiting !== undefined && to?.told === undefined) return;
    const [row] = waiting === undefined ? [] : await keepRows(parts, waiting.queue, [id]);
    if (row === undefined) {
      // It has ended, or has just been handed over.
      isHeld();
      return;
    }
    const line = { at: clock.nowMs(), what: "told", facts: { message: id, webhook } };
    const end = { status: "DELIVERED", error: undefined, providerId: undefined } as const;
    // Who ends a row without its original looks it up again.
    const sent = await store.reports.sentOfAll([id]).catch(() => undefined);
    const original = sent?.get(id)?.original;
    const more = { tries: row.tries + 1, lines: [line] };
    if (!(await sender.end({ ...row, original }, { ...end, ...more })))
      throw new GatewayError("internal", `the delivery of ${id} could not be stored`);
  };
}
