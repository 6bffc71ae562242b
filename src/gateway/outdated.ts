import type { Log } from "../model/log.ts";
import type { Queue, QueueRow } from "../store/queue.ts";

/** Those of these rows that are not to be sent any more. Asked before each try of theirs. */
export type OutdatedOf = (rows: readonly QueueRow[]) => Promise<ReadonlySet<string>>;

/** How a report for a customer ends that he never took; its trace tells why. */
export const outdatedEnd = {
  status: "FAILED",
  error: "a later report tells more",
  providerId: undefined,
} as const;

const NONE: ReadonlySet<string> = new Set();

/**
 * Reports for customers that were refused for now, while a later one of the same message was written:
 * one who got DELIVRD and then, at last, UNKNOWN would believe what he heard last. A first try costs
 * no look-up, and when it fails all are sent as they are.
 */
export function createOutdatedOf(queue: Pick<Queue, "outdated">, log: Log): OutdatedOf {
  return async (rows) => {
    const again = rows.filter(({ message, tries }) => tries > 0 && message.kind === "report");
    if (again.length === 0) return NONE;
    try {
      return await queue.outdated(again.map(({ id }) => id));
    } catch (cause) {
      log.warn({ err: cause }, "could not look for later reports; these are sent as they are");
      return NONE;
    }
  };
}
