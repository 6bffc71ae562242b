import type { Clock } from "../model/clock.ts";
import { GatewayError } from "../model/error.ts";
import type { RecordedCall, RecordedEvent } from "./event-file.ts";
import type { HostFunction } from "./host-calls.ts";
import { outcomeWords } from "./outcome-words.ts";
import type { Rehearsal } from "./rehearsal.ts";

/** What has become of a recorded event with other triggers. */
export interface Replayed {
  readonly event: RecordedEvent;
  readonly verdict: "same" | "changed" | "unsure";
  /** What was decided then; empty when that is not known. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** Why it cannot be told; undefined when it can. */
  readonly why: string | undefined;
}

/** Events that are decided at a time: enough for batches, and far below `queuedEventsMax`. */
const eventsAtATime = 256;

/** A clock that a replay sets: to its triggers an event comes in when it came in. */
export interface ReplayClock extends Clock {
  set(ms: number): void;
}

export function replayClock(): ReplayClock {
  let now = 0;
  return { nowMs: () => now, tickMs: () => performance.now(), set: (ms) => void (now = ms) };
}

/**
 * Decides recorded events again by other triggers, with the answers that the gateway gave then; nothing
 * is done. `clock` is the one that the rehearsal was opened with. Tells each as it is decided, which need
 * not be in their order.
 */
export async function replay(
  events: AsyncIterable<RecordedEvent> | Iterable<RecordedEvent>,
  given: { readonly rehearsal: Rehearsal; readonly clock: ReplayClock },
  tell: (replayed: Replayed) => void,
): Promise<void> {
  const open = new Set<Promise<void>>();
  for await (const event of events) {
    const one: Promise<void> = replayed(event, given).then((result) => {
      open.delete(one);
      tell(result);
    });
    open.add(one);
    if (open.size >= eventsAtATime) await Promise.race(open);
  }
  await Promise.all(open);
}

async function replayed(
  event: RecordedEvent,
  { rehearsal, clock }: { readonly rehearsal: Rehearsal; readonly clock: ReplayClock },
): Promise<Replayed> {
  const answers = answersOf(event.calls);
  // The engine looks at the time before anything else is done.
  clock.set(event.atMs);
  const ruling = await rehearsal.decide(event.request, answers.find);
  const after = outcomeWords(event.request, ruling);
  const before = event.outcome?.words ?? [];
  const why =
    answers.wanting() ??
    (event.outcome === undefined ? "what was decided is not recorded" : event.outcome.doubt);
  const same = after.length === before.length && after.every((word, at) => word === before[at]);
  const verdict = why !== undefined ? "unsure" : same ? "same" : "changed";
  return { event, verdict, before, after, why };
}

/** Each recorded answer once, to the call of the same name with the same arguments. */
function answersOf(calls: readonly RecordedCall[]): {
  find(name: string): HostFunction;
  wanting(): string | undefined;
} {
  let wanting: string | undefined;
  // Nearly no event has any.
  let left = calls.length === 0 ? undefined : [...calls];
  return {
    find: (name) => (args, _request, _callId, from) => {
      const text = JSON.stringify(args);
      const fits = (one: RecordedCall) =>
        one.name === name && one.answer !== undefined && sameJson(one.args, text);
      const found =
        left?.find((one) => one.trigger === from.trigger && fits(one)) ?? left?.find(fits);
      if (found?.answer !== undefined) {
        left = left?.filter((one) => one !== found);
        const value: unknown = JSON.parse(found.answer);
        return found.ok
          ? Promise.resolve(value)
          : Promise.reject(new GatewayError("bad_request", String(value)));
      }
      const known = calls.filter((one) => one.name === name);
      wanting ??= known.some(({ answer }) => answer === undefined)
        ? `the answer of ${name} is not kept whole`
        : known.length > 0
          ? `${from.trigger} called ${name} with other arguments, or more often`
          : `${from.trigger} called ${name}, which it did not then`;
      return Promise.reject(new GatewayError("bad_request", "no answer is recorded"));
    },
    wanting: () => wanting,
  };
}

function sameJson(recorded: string, text: string): boolean {
  if (recorded === text) return true;
  try {
    return JSON.stringify(JSON.parse(recorded)) === text;
  } catch {
    // Arguments that were cut.
    return false;
  }
}
