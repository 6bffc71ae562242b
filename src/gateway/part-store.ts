import type { Channel } from "../channel/channel.ts";
import { GatewayError } from "../model/error.ts";
import type { MessageAnswer, MessageEvent } from "../model/event.ts";
import type { Log } from "../model/log.ts";
import type { Writer } from "../store/writer.ts";
import type { WaitingPart } from "./waiting-part.ts";

export type Refused = Extract<MessageAnswer, { kind: "refused" }>;

/** Parts on their way to their row: they are put to the others at once, and answered when it is there. */
export interface PartStore {
  /** Why its sender is to be refused; undefined when it is committed. */
  put(part: WaitingPart): Promise<Refused | undefined>;
  /** False for one that could not be stored; waits for one that is still on its way. */
  has(part: WaitingPart): Promise<boolean>;
  /** The same of one that is known to have been put to the others. */
  isCommitted(id: string): Promise<boolean>;
}

export function createPartStore({
  writer,
  channel,
  log,
}: {
  readonly writer: Pick<Writer, "receivePart">;
  readonly channel: (name: string) => Channel | undefined;
  readonly log: Log;
}): PartStore {
  const storing = new Map<string, Promise<void>>();

  return {
    put,
    async has(part) {
      await storing.get(part.id)?.catch(() => undefined); // put tells its sender.
      return !part.isLost;
    },
    async isCommitted(id) {
      const written = storing.get(id);
      if (written === undefined) return true;
      return written.then(
        () => true,
        () => false,
      );
    },
  };

  async function put(part: WaitingPart): Promise<Refused | undefined> {
    const { message, known, id } = part;
    const waitMs = channel(message.channel)?.joinWaitMs ?? 0;
    const written = writer.receivePart({
      message,
      dueMs: part.atMs + waitMs,
      repeats: known === id ? undefined : known,
    });
    storing.set(id, written);
    try {
      await written;
      return undefined;
    } catch (cause) {
      part.isLost = true;
      return refusalOf(part, cause);
    } finally {
      storing.delete(id);
    }
  }

  function refusalOf({ message, origin }: WaitingPart, cause: unknown): Refused {
    if (!(cause instanceof GatewayError)) throw cause;
    if (cause.code === "queue_full") return notNow(origin, cause.message);
    log.error({ channel: message.channel, message: message.id, err: cause }, "part not stored");
    return { kind: "refused", code: cause.code, reason: cause.message };
  }
}

/** It may come again: nothing of it was kept. */
export function notNow(origin: MessageEvent["origin"], reason: string): Refused {
  return { kind: "refused", code: origin === "customer" ? "queue_full" : "try_later", reason };
}
