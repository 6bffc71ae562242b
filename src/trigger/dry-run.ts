import { GatewayError } from "../model/error.ts";
import type { RecordedEvent } from "./event-file.ts";
import type { HostFunctions } from "./host-calls.ts";
import { openRehearsal } from "./rehearsal.ts";
import type { AskedCall, Outcome } from "./sdk-test.ts";
import { outcomeOf, takeRecorded } from "./test-event.ts";

/** What the triggers of one file made of one event. */
export interface DryRun {
  readonly file: string;
  /** Its kind and id. */
  readonly event: string;
  /** Those that ran. */
  readonly triggers: readonly string[];
  readonly outcome: Outcome;
  /** Of a fault: the author's line, and a second one with a caret. */
  readonly source: readonly string[];
}

/**
 * Runs the triggers of a file for one event in the real sandbox; nothing is done. Host calls are answered
 * as they were when the event came in, then by `answers`; others are refused, which the script sees.
 * Rejects with `bad_request` when the file is not there or broken.
 */
export async function dryRun(asked: {
  readonly directory: string;
  readonly file: string;
  readonly event: RecordedEvent;
  readonly answers: HostFunctions;
}): Promise<DryRun> {
  const { directory, file, event, answers } = asked;
  const { request, atMs } = event;
  const clock = { nowMs: () => atMs, tickMs: () => performance.now() };
  await using rehearsal = await openRehearsal({ directory, only: [file], clock });
  const [broken] = rehearsal.faults();
  if (broken !== undefined) throw refusal(broken.fault);
  if (rehearsal.list().length === 0)
    throw refusal(`there is no trigger file ${file} in ${directory}`);
  const kept = [...event.calls];
  const calls: AskedCall[] = [];
  const ruling = await rehearsal.decide(request, (name) => async (args, same, callId, from) => {
    const { trigger } = from;
    const note = (answer: unknown) => calls.push({ trigger, name, args, answer });
    const refuse = (text: string) => {
      note({ error: text });
      return refusal(text);
    };
    const known = takeRecorded(kept, trigger, name, args);
    if (known !== undefined) {
      const value: unknown = JSON.parse(known.answer ?? "null");
      if (!known.ok) throw refuse(String(value));
      note(value);
      return value;
    }
    const made = Object.hasOwn(answers, name) ? answers[name] : undefined;
    if (made === undefined)
      throw refuse(`a dry run asks nobody; give an answer: --answer ${name}=…`);
    const value = await made(args, same, callId, from);
    note(value);
    return value;
  });
  const log = rehearsal.told().flatMap(({ level, text }) => (level === "info" ? [text] : []));
  const outcome = outcomeOf(ruling, log, calls);
  const source = ruling.ran.flatMap((one) =>
    "fault" in one ? (one.source?.split("\n") ?? []) : [],
  );
  const id = request.kind === "message" ? request.event.message.id : request.event.id;
  return { file, event: `${request.kind} ${id}`, triggers: outcome.ran, outcome, source };
}

function refusal(text: string): GatewayError {
  return new GatewayError("bad_request", text);
}
