import type { Ran, RanCall } from "../model/decision.ts";
import type { CallRecord } from "./host-calls.ts";

/** Keeps the host calls of one event for its trace, so that it can be decided again with the same answers. */
export interface Recording {
  /** What the trigger of this slot did, with what it asked for and was told. */
  of(ran: Ran, slot: number): Ran;
}

/** Characters of the arguments of a call that is cut: enough to see what it was about. */
const cutArgumentsMax = 200;

/**
 * `charactersMax` is for all calls of the event together: what goes beyond is kept without its answer,
 * so an event with large ones cannot be decided again. Called once per event that has made calls.
 */
export function recordingOf(record: CallRecord, charactersMax: number): Recording {
  let left = charactersMax;
  return {
    of(ran, slot) {
      const calls: RanCall[] = [];
      for (const { call, answer } of record.calls.values()) {
        if (call.slot !== slot) continue;
        const { name, args } = call;
        const json = answer?.json ?? "";
        const characters = name.length + args.length + json.length;
        if (answer === undefined) {
          // The handler has ended without waiting for it, so nothing hung on what it was.
          calls.push({ name, args: cut(args), answer: undefined, ok: true });
        } else if (characters <= left) {
          left -= characters;
          calls.push({ name, args, answer: json, ok: answer.ok });
        } else calls.push({ name, args: cut(args), answer: undefined, ok: true });
      }
      return calls.length === 0 ? ran : { ...ran, calls };
    },
  };
}

function cut(args: string): string {
  return args.length <= cutArgumentsMax ? args : `${args.slice(0, cutArgumentsMax)}…`;
}
