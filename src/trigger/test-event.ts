import { rule, type Ruling } from "../model/decision.ts";
import type { TlvWishes } from "../model/tlv.ts";
import type { RecordedCall } from "./event-file.ts";
import type { FindCall, Rehearsal } from "./rehearsal.ts";
import type { EngineRequest } from "./request.ts";
import { crossing } from "./script/test-crossing.ts";
import type { AskedByTrigger } from "./script/test-run.ts";
import type { AskedCall, Outcome } from "./sdk-test.ts";

/** An event of a test that is being decided: its triggers ask, the test answers. */
export interface TestEvent {
  /** What is next: host calls that the test is to answer, or the outcome. */
  next(): Promise<TestStep>;
  /** Takes the test's answers, unchecked. */
  take(answers: unknown): void;
}

export type TestStep =
  | { readonly outcome: unknown }
  | { readonly calls: readonly AskedByTrigger[] };

interface Waiting {
  readonly call: AskedByTrigger;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/**
 * Begins to decide. `recorded`: answers that come before those of the test, each once.
 */
export function beginTestEvent(
  rehearsal: Rehearsal,
  request: EngineRequest,
  recorded: readonly RecordedCall[],
  refuse: (text: string) => Error,
): TestEvent {
  const kept = [...recorded];
  const asked: AskedCall[] = [];
  const waiting = new Map<number, Waiting>();
  /** Not shown to the test yet. */
  let fresh: AskedByTrigger[] = [];
  let outcome: unknown;
  let wake = () => {};
  let lastNumber = 0;

  const find: FindCall =
    (name) =>
    async (args, _request, _callId, { trigger }) => {
      const known = takeRecorded(kept, trigger, name, args);
      const note = (answer: unknown) => asked.push({ trigger, name, args, answer });
      if (known !== undefined) {
        const value: unknown = JSON.parse(known.answer ?? "null");
        note(known.ok ? value : { error: value });
        if (!known.ok) throw refuse(String(value));
        return value;
      }
      const number = ++lastNumber;
      const call = { number, event: eventId(request), trigger, name, args };
      try {
        const value = await new Promise((resolve, reject) => {
          waiting.set(number, { call, resolve, reject });
          fresh.push(call);
          wake();
        });
        note(value);
        return value;
      } catch (error) {
        note({ error: error instanceof Error ? error.message : String(error) });
        throw error;
      }
    };

  rehearsal.told();
  void rehearsal.decide(request, find).then((ruling) => {
    const log = rehearsal.told().flatMap(({ level, text }) => (level === "info" ? [text] : []));
    outcome = crossing(outcomeOf(ruling, log, asked));
    wake();
  });

  return {
    async next() {
      while (outcome === undefined && fresh.length === 0)
        await new Promise<void>((resolve) => (wake = resolve));
      if (outcome !== undefined) return { outcome };
      const calls = fresh;
      fresh = [];
      return { calls };
    },
    take(answers) {
      if (!Array.isArray(answers)) return;
      for (const answer of answers as unknown[]) {
        if (typeof answer !== "object" || answer === null) continue;
        const number: unknown = Reflect.get(answer, "number");
        const one = typeof number === "number" ? waiting.get(number) : undefined;
        if (one === undefined) continue;
        waiting.delete(one.call.number);
        const error: unknown = Reflect.get(answer, "error");
        if (typeof error === "string") one.reject(refuse(error));
        else one.resolve(Reflect.get(answer, "value"));
      }
    },
  };
}

function eventId(request: EngineRequest): string {
  return request.kind === "message" ? request.event.message.id : request.event.id;
}

/** The answer that this call was given when the event came in; each is given once. */
export function takeRecorded(
  kept: RecordedCall[],
  trigger: string,
  name: string,
  args: readonly unknown[],
): RecordedCall | undefined {
  const text = JSON.stringify(args);
  const at = kept.findIndex(
    (one) => one.trigger === trigger && one.name === name && one.args === text,
  );
  return at < 0 ? undefined : kept.splice(at, 1)[0];
}

/** A ruling by the names that tests know. */
export function outcomeOf(
  ruling: Ruling,
  log: readonly string[],
  calls: readonly AskedCall[],
): Outcome {
  const { verdict, ran } = ruling;
  // One trigger alone is tested, which leaves the answer to another: what it asked for is told all the same.
  const asked = verdict === "unanswered" ? rule(ran, "accept") : ruling;
  const accepted = asked.verdict === "accept" ? asked : undefined;
  return {
    verdict,
    code: verdict === "reject" ? ruling.code : undefined,
    reason: verdict === "reject" ? ruling.reason : "",
    charge: accepted?.charge ?? 0,
    chargesRoute: accepted?.chargesRoute ?? false,
    account: accepted?.account,
    forwards: accepted?.forwards.map(undone) ?? [],
    sends: accepted?.sends.map(({ action }) => undone(action)) ?? [],
    reports: accepted?.reports.map(undone) ?? [],
    applied: accepted?.applied ?? false,
    failed: accepted?.failed,
    fault: verdict === "undecided" ? ruling.text : undefined,
    ran: ran.map(({ trigger }) => trigger),
    trace: ran.flatMap((one) =>
      "actions" in one
        ? one.actions.flatMap((action) => (action.do === "trace" ? [action.text] : []))
        : [],
    ),
    log,
    calls,
  };
}

function undone<T extends { readonly do: string; readonly tlvs?: TlvWishes }>({
  do: _do,
  ...rest
}: T): Omit<T, "do"> {
  if (rest.tlvs === undefined) return rest;
  // As an author writes it: one value is no list.
  const single = Object.entries(rest.tlvs).map(([name, wish]) => {
    const [only, ...more] = Array.isArray(wish) ? (wish as readonly unknown[]) : [wish];
    return [name, more.length === 0 && only !== undefined ? only : wish];
  });
  return { ...rest, tlvs: Object.fromEntries(single) };
}
