import type { Channel, SendResult } from "../channel/channel.ts";
import type { Written } from "../channel/writing.ts";
import type { Clock } from "../model/clock.ts";
import type { Log } from "../model/log.ts";
import type { Meter } from "../model/meter.ts";
import { isDatagram } from "../model/mode.ts";
import type { Status } from "../model/status.ts";
import type { Writer } from "../store/writer.ts";
import { type SendRow, asksReport } from "./finish.ts";
import { meteredSend } from "./metered.ts";
import { type Again, type Onward, type Outcome, type Stand, outcomeOf } from "./outcome.ts";
import type { PartTally } from "./part-tally.ts";
import type { QueueState } from "./queues.ts";
import type { SentMemory } from "./sent-memory.ts";

/** A message that is being handed over in parts, each of them a request of its own. */
interface Partly {
  readonly row: SendRow;
  readonly channel: Channel;
  readonly written: Written;
  /** Numbers of the parts that nobody has, from 1, the first first. */
  readonly todo: number[];
  inFlight: number;
  /** Parts that the peer has, by this try or an earlier one. */
  taken: number;
  /** An answer after which no further part is handed over: the message fails, or waits. */
  stop: Outcome | undefined;
  /** The answer that it follows from. */
  stoppedBy: SendResult | undefined;
  /** The peer may have a part of which we do not know it. */
  uncertain: boolean;
}

/** How the handing over of a message in parts came out. */
export type PartlyEnd =
  | {
      readonly do: "finish";
      readonly status: Status;
      readonly error: string | undefined;
      readonly pauseMs?: number;
    }
  | Again
  | Onward;

/**
 * Hands over messages part by part. What became of a part is written down at once, so that after a
 * crash only those are sent again that the peer may not have. A window that is smaller than a message
 * only makes it slower: its first part goes when there is room for one, and the others go before any
 * other message.
 */
export interface PartSender {
  /** All parts that the peer does not have already; the row is claimed. */
  begin(state: QueueState, channel: Channel, row: SendRow, written: Written): void;
  /**
   * Goes on with what has begun, as far as the window allows. With `halt` nothing more is handed over,
   * and what has nothing in flight is given back to the queue. True when parts still wait for room.
   */
  advance(state: QueueState, halt: boolean): boolean;
}

export function createPartSender(parts: {
  readonly writer: Pick<Writer, "part">;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
  readonly memory: Pick<SentMemory, "put">;
  readonly tally: Pick<PartTally, "begin">;
  /** How a row stands, for the failure policy. */
  readonly standOf: (state: QueueState, row: SendRow) => Stand;
  /** Told of each answer, and of none. */
  readonly answered: (state: QueueState, result: SendResult) => void;
  /** The gateway stops: what has nothing in flight waits for the next start. */
  readonly isDraining: () => boolean;
  /** Called in the handler that read the last answer. */
  readonly ended: (state: QueueState, row: SendRow, end: PartlyEnd) => void;
}): PartSender {
  const { writer, clock, log, memory, tally, ended } = parts;
  /** What has begun and not ended, by queue; at most what the windows hold. */
  const begun = new Map<QueueState, Partly[]>();

  return {
    begin(state, channel, row, written) {
      const { requests, reference } = written;
      const total = requests.length;
      const has = new Set(
        row.taken?.flatMap((one) =>
          one.reference === reference && one.parts === total ? one.part : [],
        ),
      );
      const todo = requests.flatMap((_request, at) => (has.has(at + 1) ? [] : at + 1));
      if (row.tries === 0 && !row.maybeTwice) tally.begin(row.id, { total, reference });
      const { size: taken } = has;
      const one = { row, channel, written, todo, inFlight: 0, taken };
      const others = begun.get(state) ?? [];
      const nothing = { stop: undefined, stoppedBy: undefined, uncertain: false };
      begun.set(state, [...others, { ...one, ...nothing }]);
      advance(state, false);
    },
    advance,
  };

  function advance(state: QueueState, halt: boolean): boolean {
    for (const one of begun.get(state) ?? []) {
      const hasRoom = (): boolean => one.channel.room(state.account, 1) > 0;
      while (!halt && one.stop === undefined && hasRoom()) {
        const number = one.todo.shift();
        if (number === undefined) break;
        handOver(state, one, number);
      }
      // What only its rate holds back stays as it is: giving it back would write a row for each part.
      endIfDone(state, one, halt || (!hasRoom() && one.channel.isPaced?.() !== true));
    }
    return (
      begun.get(state)?.some(({ stop, todo }) => stop === undefined && todo.length > 0) ?? false
    );
  }

  function handOver(state: QueueState, one: Partly, number: number): void {
    const request = one.written.requests[number - 1];
    if (request === undefined) throw new Error(`there is no part ${number}`);
    one.inFlight += 1;
    const { channel, row } = one;
    meteredSend({ channel, message: row.message, request }, parts, (result) => {
      one.inFlight -= 1;
      answered(state, one, number, result);
      endIfDone(state, one, parts.isDraining());
    });
  }

  function answered(state: QueueState, one: Partly, number: number, result: SendResult): void {
    const { row, channel, written } = one;
    const { message, original, tries, id } = row;
    const total = written.requests.length;
    const { reference } = written;
    const atMs = clock.nowMs();
    parts.answered(state, result);
    const outcome = outcomeFor(state, one, result);
    const providerId = result.kind === "taken" ? result.providerId : undefined;
    if (result.kind === "taken") one.taken += 1;
    else one.todo.push(number);
    if (result.kind === "uncertain") one.uncertain = true;
    // What ends the message outweighs what lets it wait.
    if (result.kind !== "taken" && one.stop?.do !== "finish") {
      one.stop = outcome;
      one.stoppedBy = result;
    }
    const reportAsked = asksReport(message);
    if (providerId !== undefined && original !== undefined && reportAsked)
      memory.put(channel.group, providerId, {
        message,
        original,
        part: { number, total, reference },
      });
    const status = outcome.do === "finish" ? outcome.status : "QUEUED";
    const { error } = outcome;
    writer
      .part({
        id,
        root: message.root,
        channel: state.channel,
        tries: tries + 1,
        part: number,
        parts: total,
        reference,
        providerId,
        status,
        error,
        reportAsked,
        maybeTwice: row.maybeTwice || result.kind === "uncertain",
        atMs,
      })
      .catch((cause: unknown) => {
        // It is sent again then, should the message still have to wait.
        log.error({ queue: state.name, message: id, part: number, err: cause }, "part not stored");
      });
  }

  /** Who has a part of it gets the rest, or nobody does. */
  function outcomeFor(state: QueueState, one: Partly, result: SendResult): Outcome {
    const { row, channel, taken } = one;
    const stand = { ...parts.standOf(state, row), stays: taken > 0 };
    return outcomeOf(result, { ...stand, taken: channel.taken, once: isDatagram(row.message) });
  }

  /** `stuck`: nothing more can be handed over now. */
  function endIfDone(state: QueueState, one: Partly, stuck: boolean): void {
    const { row, channel, stoppedBy, todo, taken, uncertain } = one;
    let { stop } = one;
    if (one.inFlight > 0 || (stop === undefined && todo.length > 0 && !stuck)) return;
    const all = begun.get(state) ?? [];
    if (!all.includes(one)) return;
    const others = all.filter((other) => other !== one);
    if (others.length > 0) begun.set(state, others);
    else begun.delete(state);
    // What was taken after that, or may have been, binds it to this channel.
    if (stop?.do === "onward" && stoppedBy !== undefined && (taken > 0 || uncertain))
      stop = outcomeFor(state, { ...one, taken: 1 }, stoppedBy);
    if (stop?.do === "again" || stop?.do === "onward")
      ended(state, row, { ...stop, uncertain, error: undefined });
    else if (stop !== undefined) ended(state, row, failure(stop, taken));
    else if (todo.length > 0)
      ended(state, row, { do: "again", waitMs: 0, uncertain, error: undefined });
    else ended(state, row, { do: "finish", status: channel.taken, error: undefined });
  }
}

/** The answers of the parts are in their attempts; of the whole it counts whether anything is out. */
function failure({ status, error, pauseMs }: Outcome & { do: "finish" }, taken: number): PartlyEnd {
  const whole = status === "EXPIRED" ? error : "multipart_failed";
  const end = { do: "finish", status, error: taken > 0 ? "partial" : whole } as const;
  return pauseMs === undefined ? end : { ...end, pauseMs };
}
