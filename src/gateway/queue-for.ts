import type { Channel } from "../channel/channel.ts";
import type { ErrorCode } from "../model/error.ts";
import { queueName } from "./queue-name.ts";
import { queueRowsMax } from "./queues.ts";

/** Where something is to go. */
export interface Destination {
  readonly channel: string;
  /** For a channel that customers bind to: whose sessions get it. */
  readonly account?: string | undefined;
}

/** The queue of a destination, or why there is none. */
export type QueueFor = (
  to: Destination,
) => { readonly queue: string } | { readonly code: ErrorCode };

export function queueForOf(parts: {
  readonly channel: (name: string) => Channel | undefined;
  /** Messages that wait for this channel. */
  readonly queued: (name: string) => number;
}): QueueFor {
  return ({ channel: name, account }) => {
    const channel = parts.channel(name);
    if (channel === undefined) return { code: "unknown_channel" };
    const { queueMax = queueRowsMax } = channel;
    if (parts.queued(name) >= queueMax) return { code: "queue_full" };
    // Where customers bind, each account has a queue of its own: one who is away delays nobody.
    if (channel.taken === "SENT") return { queue: queueName(name, undefined) };
    if (account === undefined) return { code: "unknown_account" };
    return { queue: queueName(name, account) };
  };
}
