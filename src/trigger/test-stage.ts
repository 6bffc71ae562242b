import type { Clock } from "../model/clock.ts";
import { GatewayError } from "../model/error.ts";
import type { Log } from "../model/log.ts";
import {
  answersText,
  type Call,
  eventsText,
  type HostListener,
  type RanLine,
  textOf,
} from "./batch.ts";
import { openFleet } from "./fleet.ts";
import type { HostProcess } from "./host-process.ts";
import { hostProgram } from "./host-program.ts";
import type { TriggerLimits } from "./limits.ts";
import { slotOf } from "./slot.ts";

/** A host of its own in which tests run, one after another; their triggers run in another one. */
export interface TestStage {
  /** Loads a bundle into a new isolate; gives what it declared, unchecked, or why it cannot be loaded. */
  load(bundle: { readonly file: string; readonly code: string }): Promise<StagedFile>;
  /**
   * Runs one test of a file that was loaded, for `testMs` at most. `answer` is asked for what it wants of
   * us. Gives undefined when its function has ended, else what stopped it. Never rejects.
   */
  run(isolate: number, test: number, answer: StageAnswer): Promise<string | undefined>;
  unload(isolate: number): void;
  close(): Promise<void>;
}

export type StagedFile =
  | { readonly isolate: number; readonly registered: string }
  | { readonly fault: string };

export type StageAnswer = (name: string, args: readonly unknown[]) => Promise<unknown>;

interface OnStage {
  readonly key: number;
  readonly slot: number;
  readonly answer: StageAnswer;
  end(why: string | undefined): void;
}

/** @param testMs what one test may take, waiting included. `said`: a line for the log of a test. */
export async function openTestStage(owner: {
  readonly limits: TriggerLimits;
  readonly testMs: number;
  readonly clock: Clock;
  said(text: string): void;
}): Promise<TestStage> {
  let lastIsolate = 0;
  let lastKey = 0;
  let host: HostProcess | undefined;
  let current: OnStage | undefined;

  const listener: HostListener = {
    batchTaken: () => {},
    settled(key, ran) {
      if (current?.key === key) current.end(stopped(ran));
    },
    called(call) {
      const now = current;
      if (now?.key === call.key) void answered(now, call);
    },
    logged: (_slot, text) => owner.said(text),
    spent: () => {},
    reloaded: () => {},
  };

  async function answered(now: OnStage, call: Call): Promise<void> {
    const { key, slot, number } = call;
    const answer = await answerOf(now, call);
    if (current === now) host?.send(answersText([{ key, slot, number, ...answer }]));
  }

  const fleet = await openFleet({
    limits: owner.limits,
    program: await hostProgram(),
    log: silent,
    clock: owner.clock,
    listenerOf: () => listener,
    activated: (one) => (host = one),
    died(_host, death) {
      host = undefined;
      current?.end(`took its host down: ${death.why}`);
    },
    spoiled: () => {},
  });

  return {
    async load({ file, code }) {
      const isolate = ++lastIsolate;
      const answer = await fleet.load({ isolate, file, code, prelude: "test" });
      if ("fault" in answer) return { fault: answer.fault };
      return { isolate, registered: answer.registered };
    },
    run: (isolate, test, answer) =>
      new Promise((resolve) => {
        const slot = slotOf(isolate, test);
        const key = ++lastKey;
        const end = (why: string | undefined) => {
          clearTimeout(timer);
          current = undefined;
          resolve(why);
        };
        const timer = setTimeout(() => {
          host?.send(`X${key}`);
          end(`did not end within ${owner.testMs} ms`);
        }, owner.testMs);
        current = { key, slot, answer, end };
        if (host === undefined) return end("found no host to run in");
        const triggers = Array.from({ length: test + 1 }, (_, at) => ({
          name: `test ${at}`,
          skip: false,
        }));
        fleet.arm({ isolate, triggers });
        const tuple = JSON.stringify([`test-${key}`]);
        const atMs = Math.round(owner.clock.nowMs());
        host.sendEvents(
          "test",
          eventsText("test", [{ key, atMs, solo: true, slots: String(slot), tuple }]),
        );
      }),
    unload: (isolate) => fleet.unload(isolate),
    close: () => fleet.close(),
  };
}

/** What stopped a test; undefined when it has ended by itself. */
function stopped(ran: readonly RanLine[]): string | undefined {
  const last = ran.at(-1);
  return last === undefined || last.flag === "." ? undefined : textOf(last.payload);
}

async function answerOf(
  { answer }: OnStage,
  { name, args }: Call,
): Promise<{ readonly ok: boolean; readonly json: string }> {
  try {
    const list: unknown = JSON.parse(args);
    const value = await answer(name, Array.isArray(list) ? list : []);
    return { ok: true, json: JSON.stringify(value ?? null) };
  } catch (error) {
    // A test is told what it has done wrong; what is wrong with us is told as it is.
    const text = error instanceof GatewayError ? error.message : String(error);
    return { ok: false, json: JSON.stringify(text) };
  }
}

/** What a host tells of itself is told of the test that it ran. */
const silent: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silent,
};
