import { GatewayError } from "../model/error.ts";
import type { Log } from "../model/log.ts";
import type { Operation, Waiting } from "./operation.ts";
import { codeOf } from "./system-error.ts";
import { isAccepting } from "./writer-queue.ts";

/** PostgreSQL's code for a disk without room (PostgreSQL 18 manual, appendix A). */
export const diskFullCode = "53100";

/** After each try that found no room; somebody must delete something first. */
const restMs = 1_000;

/**
 * What the writer does while the database has no room: what is new is refused at once, what finishes
 * work waits, and a flush is tried every second until one is committed. Told once at its beginning
 * and once at its end.
 */
export interface FullDisk {
  /** Nothing is sent to the database now. */
  readonly resting: boolean;
  /** Why this is not even put into the queue; undefined when it is. */
  refusal(operation: Operation): GatewayError | undefined;
  /** A flush found no room: gives those of its operations that wait, the others are rejected. */
  met(waiting: readonly Waiting[], reject: (one: Waiting, error: GatewayError) => void): Waiting[];
  /** A flush was committed. */
  wrote(): void;
  close(): void;
}

/** `awake` is called when it is time for the next try. */
export function createFullDisk(log: Log, awake: () => void): FullDisk {
  let isFull = false;
  let rest: NodeJS.Timeout | undefined;
  return {
    get resting() {
      return rest !== undefined;
    },
    // Between two rests it is let through: then it may be the one that finds room again.
    refusal: (operation) => (rest !== undefined && isAccepting(operation) ? noRoom() : undefined),
    met(waiting, reject) {
      if (!isFull) log.error({}, "the database's disk is full: what is new is refused");
      isFull = true;
      clearTimeout(rest);
      rest = setTimeout(() => {
        rest = undefined;
        awake();
      }, restMs);
      for (const one of waiting) if (isAccepting(one.operation)) reject(one, noRoom());
      return waiting.filter((one) => !isAccepting(one.operation));
    },
    wrote() {
      if (isFull) log.info({}, "the database writes again: its disk has room");
      isFull = false;
    },
    close: () => clearTimeout(rest),
  };
}

/** What a person asked for, in words that say why it was not done. */
export async function orNoRoom<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (codeOf(cause) !== diskFullCode) throw cause;
    const text = "The database's disk is full: nothing was changed.";
    throw new GatewayError("queue_full", text, { cause });
  }
}

function noRoom(): GatewayError {
  return new GatewayError("queue_full", "The database's disk is full.");
}
