import type { Clock } from "../model/clock.ts";
import type { ErrorCode } from "../model/error.ts";
import type { MessageAnswer, MessageEvent } from "../model/event.ts";
import type { Log } from "../model/log.ts";
import type { Message } from "../model/message.ts";
import type { Writer } from "../store/writer.ts";
import { hopsMax } from "./make.ts";
import type { Permits } from "./permits.ts";
import type { Rates } from "./rates.ts";

type Refused = Extract<MessageAnswer, { kind: "refused" }>;

/**
 * Turns away what no trigger is to see: what goes in a circle, what an account may not send, and what
 * is above a rate.
 */
export type Gate = (event: MessageEvent) => Refused | undefined;

/** What it lets in is answered as before. */
export function gated(
  gate: Gate,
  answer: (event: MessageEvent) => Promise<MessageAnswer>,
): (event: MessageEvent) => Promise<MessageAnswer> {
  return (event) => {
    const refused = gate(event);
    return refused === undefined ? answer(event) : Promise.resolve(refused);
  };
}

/**
 * Most of what it turns away leaves no row, only a count in the log (`worthStoring`), and nobody waits
 * for the rows that tell of the first ones.
 */
export function createGate(parts: {
  readonly rates: Rates;
  readonly permits: Permits;
  readonly writer: Pick<Writer, "record">;
  readonly clock: Clock;
  readonly log: Log;
  readonly worthStoring: (subject: string) => boolean;
}): Gate {
  const { rates, permits, writer, clock, log, worthStoring } = parts;

  return (event) => {
    if (event.message.hops >= hopsMax)
      return turnAway(event, "loop", `it has come in here ${event.message.hops} times`);
    const forbidden = permits(event);
    if (forbidden !== undefined) return turnAway(event, forbidden.code, forbidden.reason);
    const excess = rates.excess(event);
    if (excess === undefined) return undefined;
    return { ...turnAway(event, "throttled", excess.text), waitMs: excess.waitMs };
  };

  function turnAway(event: MessageEvent, code: ErrorCode, reason: string): Refused {
    const { message } = event;
    if (worthStoring(message.account ?? message.channel)) {
      const facts = { result: "refused", error: code, reason };
      const line = { at: clock.nowMs(), what: "answered", facts };
      const row: Message = { ...message, log: [...message.log, line] };
      writer.record(row, "FAILED", code).catch((cause: unknown) => {
        log.warn({ message: message.id, err: cause }, "refusal not stored");
      });
    }
    return { kind: "refused", code, reason };
  }
}
