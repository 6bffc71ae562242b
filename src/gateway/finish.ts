import type { Clock } from "../model/clock.ts";
import type { Message, TraceLine } from "../model/message.ts";
import { promised } from "../model/promised.ts";
import type { Status } from "../model/status.ts";
import type { Announcer } from "../model/webhook.ts";
import type { QueueRow } from "../store/queue.ts";
import type { Finish, Forward, Writer } from "../store/writer.ts";
import { queueParts } from "./queue-name.ts";
import type { Following } from "./status.ts";

/** A row of a queue; of what was accepted in this life of the process with its original. */
export interface SendRow extends QueueRow {
  readonly original: Message | undefined;
}

/** How the sending of a message ended. */
export type End = Pick<Finish, "status" | "error" | "providerId" | "tries" | "inParts"> & {
  /** What else is to be told of it, before what the triggers do with it. */
  readonly lines?: readonly TraceLine[];
};

/**
 * One operation: the attempt, the state, the place in the queue given up and, when the message has
 * ended, what the triggers want to follow. Gives what waits to go out now because of it.
 */
export type Finisher = (row: SendRow, end: End) => Promise<readonly Forward[]>;

export function createFinisher(parts: {
  readonly writer: Writer;
  readonly clock: Clock;
  readonly announce?: Pick<Announcer, "sent">;
  /** Asks the triggers what follows when a message has ended here, before that is committed. */
  readonly ended: (row: SendRow, status: Status, error: string | undefined) => Promise<Following>;
}): Finisher {
  const { writer, clock, ended, announce } = parts;

  return (row, end) => promised(() => finish(row, end));

  /** Twice in each life, and most of them wait here for their commit. */
  function finish(row: SendRow, end: End): Promise<readonly Forward[]> {
    const { status, error, providerId, tries, inParts = false, lines = [] } = end;
    const { id, message, maybeTwice } = row;
    const { root, kind, joined } = message;
    // It may have been moved to another queue than the one that it was forwarded to.
    const { channel } = queueParts(row.queue);
    const atMs = clock.nowMs();
    // Each field by its name: copying what is left of an object takes several times as long.
    const write: Finish = {
      id,
      kind,
      root,
      joined,
      channel,
      tries,
      providerId,
      status,
      error,
      inParts,
      reportAsked: asksReport(message),
      atMs,
      maybeTwice,
    };
    if (kind === "sms" && status === "SENT") {
      // No end when a report was asked for, and nobody waits for one when none was. Nothing is
      // awaited before this is in the writer's queue: the report must come behind it.
      const hooks = announce?.sent(message, row.original ?? row.came, atMs) ?? [];
      return writer.finish(hooks.length === 0 ? write : { ...write, hooks }).then(noForwards);
    }
    if (kind === "report")
      return conclude(write, lines, deliveredLine(row, end, atMs)).then(noForwards);
    return ended(row, status, error).then(async (following) => {
      await conclude(write, lines, following);
      const { tell, made = [] } = following;
      return [...tell, ...made.map(({ forward }) => forward)];
    });
  }

  function conclude(
    write: Finish,
    lines: readonly TraceLine[],
    following: Following,
  ): Promise<void> {
    const conclusion =
      lines.length === 0 ? following : { ...following, lines: [...lines, ...following.lines] };
    return writer.finish({ ...write, conclusion });
  }
}

function noForwards(): readonly Forward[] {
  return [];
}

/** Will the provider tell what became of it? registered_delivery bits 0-1, SMPP v3.4 §5.2.17. */
export function asksReport({ kind, sms }: Message): boolean {
  return kind === "sms" && ((sms?.registeredDelivery ?? 0) & 3) !== 0;
}

/** A report out has no attempt: how it went is a line of the life. */
function deliveredLine({ id, queue }: SendRow, { status, error }: End, at: number): Following {
  // The line of the operator who took it out says how it ended.
  if (status === "CANCELLED") return { lines: [], tell: [], later: undefined };
  const facts: Record<string, string> = { message: id, channel: queueParts(queue).channel };
  if (error !== undefined) facts["error"] = error;
  const what = status === "DELIVERED" ? "delivered" : "failed";
  return { lines: [{ at, what, facts }], tell: [], later: undefined };
}
