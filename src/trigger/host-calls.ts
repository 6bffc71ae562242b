import { GatewayError } from "../model/error.ts";
import type { Log } from "../model/log.ts";
import type { Answer, Call } from "./batch.ts";
import type { TriggerLimits } from "./limits.ts";
import type { EngineRequest } from "./request.ts";

/**
 * What a script may ask the gateway for, by name, such as `accounts.verify`. The arguments come from
 * a script and are not checked. `callId` is the same when the event is run again: a key for whoever
 * must not do a thing twice. What it throws as a GatewayError reaches the script by its message;
 * anything else reaches it as "failed". Called at most once per callId, many at once.
 */
export type HostFunction = (
  args: readonly unknown[],
  request: EngineRequest,
  callId: string,
  from: CallOrigin,
) => Promise<unknown>;

/** The trigger that asks. */
export interface CallOrigin {
  readonly trigger: string;
  /** Its file, such as `bind.ts`: what its versions have in common. */
  readonly file: string;
}

export type HostFunctions = Readonly<Record<string, HostFunction>>;

/** The same, looked up for each call: of an event that brings its own answers. */
export type FindHostFunction = (name: string, request: EngineRequest) => HostFunction | undefined;

/** The calls of one open event, by trigger and number, so that a rerun gets the same answers. */
export interface CallRecord {
  readonly calls: Map<string, Recorded>;
  /** Calls without an answer. */
  inFlight: number;
  octets: number;
}

interface Recorded {
  readonly call: Call;
  answer: { readonly ok: boolean; readonly json: string } | undefined;
}

/** The event that a call is for, as this file needs it. */
export interface Caller {
  readonly request: EngineRequest;
  readonly id: string;
  record: CallRecord | undefined;
  isOpen(): boolean;
  /** Gives the answer to the host that has the event now, if any has. */
  answer(answer: Answer): void;
}

/** Octets of arguments and answers kept per open event: four of the largest. */
const recordOctetsMax = 1_048_576;

/** Octets counted for a call beside its texts. */
const callOctets = 256;

export interface HostCalls {
  /** Answers a call, now or later. Gives one sentence when the call is a fault of the trigger. */
  called(call: Call, from: CallOrigin, caller: Caller): string | undefined;
}

export function openHostCalls(
  functions: HostFunctions | FindHostFunction,
  limits: TriggerLimits,
  log: Log,
): HostCalls {
  /** Per trigger: calls that run, and starts that wait for one of them to end. */
  const lanes = new Map<string, { running: number; readonly waiting: (() => void)[] }>();

  function start(recorded: Recorded, from: CallOrigin, caller: Caller): void {
    const { trigger } = from;
    const lane = lanes.get(trigger) ?? { running: 0, waiting: [] };
    lanes.set(trigger, lane);
    if (lane.running >= limits.hostCallsMax) {
      lane.waiting.push(() => start(recorded, from, caller));
      return;
    }
    lane.running++;
    void run(recorded.call, from, caller).then((answer) => {
      lane.running--;
      if (lane.running === 0 && lane.waiting.length === 0) lanes.delete(trigger);
      lane.waiting.shift()?.();
      finish(recorded, answer, caller);
    });
  }

  /** Never rejects. */
  async function run(call: Call, from: CallOrigin, caller: Caller): Promise<Recorded["answer"]> {
    const { trigger } = from;
    if (!caller.isOpen()) return refusal("the event is over");
    try {
      const args = JSON.parse(call.args) as unknown;
      const made = functionOf(functions, call.name, caller.request);
      if (made === undefined || !Array.isArray(args)) return refusal("there is no such call");
      const callId = `${caller.id}:${trigger}:${call.number}`;
      const value = await made(args as unknown[], caller.request, callId, from);
      const json = JSON.stringify(value ?? null);
      if (Buffer.byteLength(json) > limits.resultOctetsMax)
        return refusal(`the answer is larger than ${limits.resultOctetsMax} octets`);
      return { ok: true, json };
    } catch (error) {
      if (error instanceof GatewayError) return refusal(error.message);
      log.error({ trigger, call: call.name, error: String(error) }, "A host call failed.");
      return refusal("failed");
    }
  }

  function finish(recorded: Recorded, answer: Recorded["answer"], caller: Caller): void {
    recorded.answer = answer;
    if (caller.record === undefined || answer === undefined || !caller.isOpen()) return;
    caller.record.inFlight--;
    caller.record.octets += answer.json.length;
    caller.answer({ ...recorded.call, ...answer });
  }

  return {
    called(call, from, caller) {
      caller.record ??= { calls: new Map(), inFlight: 0, octets: 0 };
      const { record } = caller;
      const place = `${call.slot} ${call.number}`;
      const known = record.calls.get(place);
      if (known !== undefined) {
        if (known.call.name !== call.name || known.call.args !== call.args)
          return `was run again and called ${call.name} where it had called ${known.call.name}, or with other arguments`;
        if (known.answer !== undefined) caller.answer({ ...call, ...known.answer });
        return undefined;
      }
      record.octets += call.args.length + callOctets;
      if (record.octets > recordOctetsMax)
        return `called more than ${recordOctetsMax} octets of calls and answers allow`;
      const recorded: Recorded = { call, answer: undefined };
      record.calls.set(place, recorded);
      record.inFlight++;
      if (record.inFlight > limits.hostCallsMax) {
        const text = `more than ${limits.hostCallsMax} calls in flight for one event`;
        finish(recorded, refusal(text), caller);
      } else start(recorded, from, caller);
      return undefined;
    },
  };
}

function functionOf(
  functions: HostFunctions | FindHostFunction,
  name: string,
  request: EngineRequest,
): HostFunction | undefined {
  if (typeof functions === "function") return functions(name, request);
  return Object.hasOwn(functions, name) ? functions[name] : undefined;
}

function refusal(text: string): Recorded["answer"] {
  return { ok: false, json: JSON.stringify(text) };
}
