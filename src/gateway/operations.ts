import type { Channel } from "../channel/channel.ts";
import type { Clock } from "../model/clock.ts";
import type { QueueView } from "../model/view.ts";
import type { Store } from "../store/store.ts";
import { type Cancel, createCancel } from "./cancel.ts";
import { type QueueWork, createQueueWork } from "./queue-work.ts";
import { type Resend, createResend } from "./resend.ts";
import type { Sender } from "./send.ts";
import { type Told, createTold } from "./told.ts";

/**
 * What an operator does to what waits. The memory of the sender is the lock: a row is kept from being
 * sent before it is touched, and one that is with a peer is not touched.
 */
export interface Operations extends QueueWork {
  queues(): QueueView[];
  readonly cancel: Cancel;
  readonly resend: Resend;
  /** Not an operator's: a customer has taken a message at his own URL. */
  readonly told: Told;
}

export function createOperations(parts: {
  readonly store: Store;
  readonly sender: Sender;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Throws `unknown_channel`. */
  readonly channel: (name: string) => Channel;
  /** Those that are open now. */
  readonly channels: () => ReadonlyMap<string, Channel>;
}): Operations {
  return {
    queues: () => parts.sender.queues(),
    ...createQueueWork(parts),
    cancel: createCancel(parts),
    resend: createResend(parts),
    told: createTold(parts),
  };
}
