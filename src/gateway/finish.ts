import type { Clock } from "../model/clock.ts";
import type { Message } from "../model/message.ts";
import type { Status } from "../model/status.ts";
import type { QueueRow } from "../store/queue.ts";
import type { Finish, Forward, Writer } from "../store/writer.ts";
import type { Following } from "./status.ts";

/** A row of a queue; of what was accepted in this life of the process with its original. */
export interface SendRow extends QueueRow {
  readonly original: Message | undefined;
}

/** How the sending of a message ended. */
export type End = Pick<Finish, "status" | "error" | "providerId" | "tries">;

/**
 * One operation: the attempt, the state, the place in the queue given up and, when the message has
 * ended, what the triggers want to follow. Gives the reports that wait to go out now.
 */
export type Finisher = (row: SendRow, end: End) => Promise<readonly Forward[]>;

export function createFinisher(parts: {
  readonly writer: Writer;
  readonly clock: Clock;
  /** Asks the triggers what follows when a message has ended here, before that is committed. */
  readonly ended: (row: SendRow, status: Status, error: string | undefined) => Promise<Following>;
}): Finisher {
  const { writer, clock, ended } = parts;

  return async (row, end) => {
    const { id, message, maybeTwice } = row;
    const { root, channel, sms, kind } = message;
    const atMs = clock.nowMs();
    const reportAsked = kind === "sms" && ((sms?.registeredDelivery ?? 0) & 3) !== 0;
    const finish: Finish = { id, root, channel, kind, ...end, reportAsked, atMs, maybeTwice };
    if (kind === "sms" && end.status === "SENT") {
      // No end when a report was asked for, and nobody waits for one when none was. Nothing is
      // awaited before this is in the writer's queue: the report must come behind it.
      await writer.finish(finish);
      return [];
    }
    const conclusion =
      kind === "report" ? deliveredLine(row, end, atMs) : await ended(row, end.status, end.error);
    await writer.finish({ ...finish, conclusion });
    return conclusion.tell;
  };
}

/** A report out has no attempt: how it went is a line of the life. */
function deliveredLine({ id, message }: SendRow, { status, error }: End, at: number): Following {
  const facts: Record<string, string> = { message: id, channel: message.channel };
  if (error !== undefined) facts["error"] = error;
  const what = status === "DELIVERED" ? "delivered" : "failed";
  return { lines: [{ at, what, facts }], tell: [], later: undefined };
}
