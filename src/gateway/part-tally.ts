import type { Sent, SentPart, Sms } from "../model/message.ts";
import { type Status, predecessors } from "../model/status.ts";
import type { InParts } from "../store/parts.ts";
import type { PartReport } from "../store/writer.ts";
import { type JoinedOutcome, joinedOutcome } from "./joined-outcome.ts";

/**
 * Messages in parts that are counted in memory: far more than can be told of while a write is under
 * way, so that none is forgotten before what was told of it is stored. Some 200 octets each.
 */
export const talliesRemembered = 50_000;

/** What was told of parts, with what follows from it for the message. */
export interface Told {
  /** What the message becomes by it; undefined: parts are open still, or nothing changes any more. */
  readonly outcome: JoinedOutcome | undefined;
  /** It could not be stored, and will be told again. */
  undo(): void;
  /** It is stored. */
  settled(): void;
}

/**
 * Counts what is told of the parts of messages that we split, so that each message comes to one end,
 * whatever order its parts' reports come in and however often. The gateway is the only writer, so
 * what memory knows of a message is all there is; of others the database is asked first.
 */
export interface PartTally {
  /** A message begins to go out that has never been handed over: nothing can have been told of it. */
  begin(id: string, way: Way): void;
  /** The message has ended on our side: what is told of its parts changes nothing. */
  forget(id: string): void;
  /** Of this part, which is one of a message that we split. */
  tell(sent: Sent & { readonly part: SentPart }, status: Status): Promise<Told>;
}

/** A way of splitting. */
type Way = Pick<SentPart, "total" | "reference">;

interface Tally {
  /** Of each part what was told of it last; undefined before anything was. */
  readonly parts: (Status | undefined)[];
  readonly reference: number;
  /** What the message is known to be by now. */
  status: Status;
}

export function createPartTally(table: {
  inParts(messageId: string): Promise<InParts | undefined>;
}): PartTally {
  const tallies = new Map<string, Tally>();
  const reading = new Map<string, Promise<Tally>>();

  return {
    begin(id, way) {
      keep(id, emptyOf(way));
    },
    forget: (id) => void tallies.delete(id),
    async tell({ message: { id, sms }, part: { number, total, reference } }, status) {
      const tally = tallies.get(id) ?? (await read(id, { total, reference }));
      // Parts of a way of splitting that was given up for another one do not count.
      if (tally.reference !== reference || tally.parts.length !== total) return nothing;
      const before = { part: tally.parts[number - 1], status: tally.status };
      if (mayFollow(before.part ?? "SENT", status)) tally.parts[number - 1] = status;
      const joined = joinedOutcome(tally.parts, isFailuresOnly(sms) ? "failures" : "all");
      const outcome = joined && mayFollow(tally.status, joined.status) ? joined : undefined;
      if (outcome !== undefined) tally.status = outcome.status;
      return {
        outcome,
        undo() {
          tally.parts[number - 1] = before.part;
          if (outcome !== undefined) tally.status = before.status;
        },
        settled() {
          // What was told before stands before this in the writer's queue, so that all is stored.
          if (outcome !== undefined) tallies.delete(id);
        },
      };
    },
  };

  /** Two reports of one message may both wait for this: they get the same tally. */
  function read(id: string, way: Way): Promise<Tally> {
    const under = reading.get(id);
    if (under !== undefined) return under;
    const asked = table
      .inParts(id)
      .then((found) => keep(id, tallyOf(found, way)))
      .finally(() => reading.delete(id));
    reading.set(id, asked);
    return asked;
  }

  function keep(id: string, tally: Tally): Tally {
    tallies.set(id, tally);
    if (tallies.size > talliesRemembered) {
      const oldest = tallies.keys().next();
      if (oldest.done !== true) tallies.delete(oldest.value);
    }
    return tally;
  }
}

const nothing: Told = { outcome: undefined, undo() {}, settled() {} };

/** Of the way of splitting that a part went out by last. */
function tallyOf(found: InParts | undefined, way: Way): Tally {
  const newest = found?.taken.at(-1);
  const tally = emptyOf(
    newest === undefined ? way : { total: newest.parts, reference: newest.reference },
  );
  for (const { part, reference, status } of found?.taken ?? [])
    if (reference === tally.reference) tally.parts[part - 1] = status;
  return { ...tally, status: found?.status ?? "SENT" };
}

function emptyOf({ total, reference }: Way): Tally {
  return { parts: Array.from({ length: total }, () => undefined), reference, status: "SENT" };
}

/** registered_delivery bits 0-1 (SMPP v3.4 §5.2.17). */
function isFailuresOnly(sms: Sms | undefined): boolean {
  return ((sms?.registeredDelivery ?? 0) & 3) === 2;
}

/** A message of which all parts were taken is SENT, though its row may still say QUEUED. */
function mayFollow(from: Status, to: Status): boolean {
  return predecessors(to).includes(from === "QUEUED" ? "SENT" : from);
}

/** What of the parts of a message is written down with what was told of one; none when it has none. */
export function partReports(
  { part }: Sent,
  status: Status,
  error: string | undefined,
): readonly PartReport[] {
  return part === undefined
    ? []
    : [{ part: part.number, reference: part.reference, status, error }];
}

/** It is about a part of a message that we split. */
export function hasPart(sent: Sent): sent is Sent & { readonly part: SentPart } {
  return sent.part !== undefined;
}

/** For the trace. */
export function partFact({ part }: Sent): Readonly<Record<string, string>> {
  return part === undefined ? {} : { part: `${part.number}/${part.total}` };
}
