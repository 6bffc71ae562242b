import type { ErrorCode } from "../../model/error.ts";
import type { Decided } from "../sdk-events.ts";
import { type TlvAct, wishesFrom } from "./tlvs.ts";

/**
 * One action as it crosses over: a letter and its fields, null where nothing was said. What they
 * mean and which are allowed is decided on the gateway's side (outcome.ts); here nothing is checked,
 * because a script could go round any check in its own isolate.
 */
export type Act =
  | readonly [act: "a", charge: number | "route" | null, account: string | null]
  | readonly [act: "r", code: ErrorCode | number, reason: string | null]
  | readonly [
      act: "f",
      channel: string | null,
      account: string | null,
      from: string | null,
      to: string | null,
      text: string | null,
      report: true | null,
      tlvs: readonly TlvAct[] | null,
      destination: string | null,
      /** Left out, or false before an else, where nothing was said: few name one. */
      dataCoding?: number | false,
      others?: readonly string[],
    ]
  | readonly [act: "p"]
  | readonly [act: "o", state: string | null, error: string | null, tlvs: readonly TlvAct[] | null]
  | readonly [act: "x", reason: string]
  | readonly [
      act: "s",
      channel: string,
      account: string | null,
      from: string,
      to: string,
      text: string,
      priority: number | null,
      tlvs: readonly TlvAct[] | null,
      dataCoding?: number,
    ]
  | readonly [act: "t", text: string];

/** One trigger at work on one event. */
export interface Run {
  /** The gateway's number for the event, as text. */
  readonly key: string;
  /** Which handler of this file it is. */
  readonly handler: number;
  /** The id that the world knows the event by. */
  readonly eventId: string;
  /** Milliseconds since 1970 UTC at which the event came in. */
  readonly atMs: number;
  /** One line per trigger that ran before: its name, a blank, its acts as JSON. */
  readonly before: readonly string[];
  readonly acts: Act[];
  /** The handler has returned, and its promise is settled. */
  ended: boolean;
  /** Host calls so far; the number of the next one. */
  calls: number;
  /** Queries of a database that were made and that nobody has awaited yet. */
  unasked: number;
  /** Who waits for the answer of a call, by its number; undefined as long as there was none. */
  waiting: Map<number, Waiter> | undefined;
}

export interface Waiter {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Lines for the host, in the order in which they came about. Emptied by each pump. */
export const outbox: string[] = [];

/** Runs that have asked the host for something and may get an answer, by `waitingName`. */
export const waitingRuns = new Map<string, Run>();

export function waitingName(handler: number, key: string): string {
  return `${handler} ${key}`;
}

/** Notes what a script asks for. */
export function ask(run: Run, act: Act): void {
  if (run.ended) outbox.push(`L${run.key} ${names[act[0]]}`);
  else run.acts.push(act);
}

const names = {
  a: "accept",
  r: "reject",
  f: "forward",
  p: "apply",
  o: "report",
  x: "fail",
  s: "send",
  t: "trace",
} as const;

/**
 * Asks the gateway for something and gives its answer, which is believed to be what the call is known
 * to give. The number makes a rerun get the same answer.
 */
export function hostCall<T>(run: Run, name: string, args: readonly unknown[]): Promise<T> {
  if (run.ended) {
    outbox.push(`L${run.key} ${name}`);
    return Promise.reject(new Error(`${name} was called after the handler had ended`));
  }
  const text = JSON.stringify(args);
  const number = run.calls++;
  outbox.push(`C${run.key} ${number} ${name} ${text}`);
  const waiting = (run.waiting ??= new Map());
  waitingRuns.set(waitingName(run.handler, run.key), run);
  return new Promise((resolve, reject) => waiting.set(number, { resolve, reject }));
}

/** A line for the trigger's log. */
export function log(text: unknown): void {
  outbox.push(`G${JSON.stringify(String(text))}`);
}

/** What triggers before this one asked for. */
export function decidedBefore(run: Run): readonly Decided[] {
  return run.before.map((line) => {
    const blank = line.indexOf(" ");
    return { trigger: line.slice(0, blank), actions: actionsOf(line.slice(blank + 1)) };
  });
}

function actionsOf(payload: string): Decided["actions"] {
  const acts: Act[] = JSON.parse(payload); // Written by this same file in another isolate.
  return acts.map((act): Decided["actions"][number] => {
    switch (act[0]) {
      case "a":
        return { do: "accept", ...given({ charge: act[1], account: act[2] }) };
      case "r":
        return { do: "reject", code: act[1], ...given({ reason: act[2] }) };
      case "f":
        return {
          do: "forward",
          ...given({ channel: act[1] }),
          ...given({ account: act[2], from: act[3], to: act[4], text: act[5], report: act[6] }),
          ...given({
            tlvs: wishesFrom(act[7]),
            destination: act[8],
            dataCoding: act[9] === false ? undefined : act[9],
          }),
          ...given({ else: act[10] }),
        };
      case "p":
        return { do: "apply" };
      case "o":
        return {
          do: "report",
          ...given({ state: act[1], error: act[2], tlvs: wishesFrom(act[3]) }),
        };
      case "x":
        return { do: "fail", reason: act[1] };
      case "s":
        return {
          do: "send",
          channel: act[1],
          from: act[3],
          to: act[4],
          text: act[5],
          ...given({ account: act[2], priority: act[6], tlvs: wishesFrom(act[7]) }),
          ...given({ dataCoding: act[8] }),
        };
      case "t":
        return { do: "trace", text: act[1] };
    }
  });
}

/** The fields that are there. */
function given<T extends Record<string, unknown>>(
  fields: T,
): { [K in keyof T]?: NonNullable<T[K]> } {
  const kept: { [K in keyof T]?: NonNullable<T[K]> } = {};
  for (const key of Object.keys(fields) as (keyof T)[]) {
    const value = fields[key];
    if (value !== null && value !== undefined) kept[key] = value;
  }
  return kept;
}
