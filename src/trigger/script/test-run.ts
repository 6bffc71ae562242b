import type { Outcome, TestTools } from "../sdk-test.ts";
import { hostCall, type Run } from "./run.ts";
import { assert, AssertionError } from "./test-assert.ts";
import { crossing, revived } from "./test-crossing.ts";
import type { RegisteredTest } from "./test-registry.ts";
import { madeUpWorld } from "./test-world.ts";

/** How one test goes on inside its isolate; the other side of it is `test-runner.ts`. */

/** What the runner answers to `test.emit`, `test.recorded` and `test.answer`. */
type Step =
  | { readonly outcome: unknown }
  /** Host calls of the triggers, which the test answers. */
  | { readonly event: number; readonly calls: readonly AskedByTrigger[] };

export interface AskedByTrigger {
  readonly number: number;
  /** The id of the event that it is for. */
  readonly event: string;
  readonly trigger: string;
  readonly name: string;
  readonly args: readonly unknown[];
}

/** Why a test failed; crosses over as JSON and is checked there. */
export interface Failure {
  readonly stack: string;
  readonly expected?: string;
  readonly actual?: string;
}

/** 2026-01-01 12:00 UTC: no clock in Europe or America is about to change. */
const beginMs = 1_767_268_800_000;

/** Never rejects for what the test does: that is told by `test.failed`. */
export async function runTest(run: Run, { body }: RegisteredTest): Promise<void> {
  try {
    await body?.(toolsOf(run));
  } catch (error) {
    await hostCall(run, "test.failed", [failureOf(error)]);
  }
}

function toolsOf(run: Run): TestTools {
  let nowMs = beginMs;
  let events = 0;
  const digest = (args: readonly unknown[]) => hostCall<string>(run, "test.digest", args);
  const world = madeUpWorld(() => nowMs, digest);

  async function through(step: Step): Promise<Outcome> {
    let next = step;
    while (!("outcome" in next)) {
      const answers = await Promise.all(
        next.calls.map(async (call) => ({ number: call.number, ...(await world.answer(call)) })),
      );
      next = await hostCall<Step>(run, "test.answer", [next.event, answers]);
    }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the runner wrote it as an Outcome.
    return revived(next.outcome) as Outcome;
  }

  async function emit(kind: string, fields: Readonly<Record<string, unknown>>): Promise<Outcome> {
    events += 1;
    // Not two events of a test are the same one.
    const event = { id: `${kind}-${events}`, ...fields };
    return begun("test.emit", [kind, crossing(event), nowMs]);
  }

  /** What cannot be run is told of the line that asked for it, which the answer knows nothing of. */
  async function begun(call: string, args: readonly unknown[]): Promise<Outcome> {
    const here = new Error("here");
    try {
      return await through(await hostCall<Step>(run, call, args));
    } catch (error) {
      here.message = error instanceof Error ? error.message : String(error);
      here.stack = `Error: ${here.message}\n${String(here.stack).split("\n").slice(1).join("\n")}`;
      throw here;
    }
  }

  return {
    message: (fields = {}) => emit("message", fields),
    async bind(fields = {}) {
      const { password = "", ...event } = fields;
      const id = fields.id ?? `bind-${events + 1}`;
      world.binds.set(id, { systemId: fields.systemId ?? "Test1", password });
      return emit("bind", { ...event, id });
    },
    report: (fields = {}) => emit("report", fields),
    status: (fields = {}) => emit("status", fields),
    session: (fields = {}) => emit("session", fields),
    channel: (fields = {}) => emit("channel", fields),
    account: (fields = {}) => emit("account", fields),
    schedule: ({ at = nowMs, ...fields } = {}) => {
      nowMs = at;
      return emit("schedule", fields);
    },
    recorded: (file) => begun("test.recorded", [file]),
    ...world.tools,
    clock: {
      now: () => nowMs,
      set(time) {
        const at = typeof time === "number" ? time : Date.parse(time);
        if (!Number.isFinite(at)) throw new TypeError(`${time} is no time`);
        nowMs = at;
      },
      advance(ms) {
        nowMs += ms;
      },
    },
    assert,
  };
}

function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { stack: `thrown: ${String(error)}` };
  const { name, message } = error;
  const stack = String(error.stack);
  const text = stack.includes(message) ? stack : `${name}: ${message}\n${stack}`;
  if (!(error instanceof AssertionError)) return { stack: text };
  const { actual, expected } = error;
  return {
    stack: text,
    ...(actual === undefined ? {} : { actual }),
    ...(expected === undefined ? {} : { expected }),
  };
}
