import { createHash, createHmac } from "node:crypto";
import { lstat, readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type Clock, systemClock } from "../model/clock.ts";
import { GatewayError } from "../model/error.ts";
import { type Built, bundle } from "./bundle.ts";
import { madeUpEvent, readEventFile, type RecordedCall } from "./event-file.ts";
import { defaultLimits, type TriggerLimits } from "./limits.ts";
import { type Fault, placedFault } from "./position.ts";
import { openRehearsal, type Rehearsal } from "./rehearsal.ts";
import type { EngineRequest, RequestKind } from "./request.ts";
import { type DeclaredTest, testsOf } from "./test-declared.ts";
import { beginTestEvent, type TestEvent } from "./test-event.ts";
import { filesUnderTest, testFiles } from "./test-files.ts";
import { openTestStage, type StageAnswer } from "./test-stage.ts";

/** What became of one test, or of a file that has none because it cannot be loaded. */
export interface TestResult {
  readonly file: string;
  /** Of the test; undefined: the file as a whole. */
  readonly name: string | undefined;
  /** undefined: it passed. */
  readonly failure: TestFailure | undefined;
  readonly ms: number;
  /** What it has written by console.log. */
  readonly log: readonly string[];
}

export interface TestFailure extends Fault {
  /** Both as text; undefined where nothing was compared. */
  readonly expected: string | undefined;
  readonly actual: string | undefined;
}

export interface TestRunOptions {
  /** The trigger folder. */
  readonly directory: string;
  /** Names of test files; all of the folder when left out. */
  readonly files?: readonly string[] | undefined;
  readonly limits?: Partial<TriggerLimits>;
  /** What one test may take, in milliseconds. */
  readonly testMs?: number;
  /** Called for each test as soon as it has ended. */
  readonly ended?: (result: TestResult) => void;
}

/** Tests wait for nothing but answers that they give themselves: what takes longer hangs. */
const testMsUsual = 5_000;

/** Octets of a recorded event that a test reads. */
const recordedOctetsMax = 4 * 1024 * 1024;

const KINDS: readonly string[] = [
  "bind",
  "message",
  "report",
  "status",
  "channel",
  "session",
  "account",
  "schedule",
] satisfies RequestKind[];

/**
 * Runs the tests of a folder in the real sandbox, one after another, in two hosts of their own: one for
 * the tests and one for the triggers. Takes half a second, and about 20 ms per test. Rejects with
 * `bad_configuration` when the folder cannot be read.
 */
export async function runTests(options: TestRunOptions): Promise<readonly TestResult[]> {
  const { directory, testMs = testMsUsual } = options;
  const files = options.files ?? (await namesIn(directory));
  const results: TestResult[] = [];
  if (files.length === 0) return results;
  const limits = { ...defaultLimits, ...options.limits };
  const clock = settableClock();
  let said: string[] = [];
  await using rehearsal = await openRehearsal({ directory, only: [], limits, clock });
  const stage = await openTestStage({ limits, testMs, clock, said: (text) => said.push(text) });
  const took = (result: TestResult) => {
    results.push(result);
    options.ended?.(result);
  };

  async function runFile(file: string, built: Built): Promise<void> {
    const whole = (fault: Fault) =>
      took({ file, name: undefined, failure: { ...fault, ...uncompared }, ms: 0, log: [] });
    if (!built.ok) return whole(built.fault);
    const declared = await declaredIn(file, built);
    if ("text" in declared) return whole(declared);
    for (const [at, test] of declared.entries()) {
      said = [];
      const beganMs = performance.now();
      const failure = await runOne(file, built, at, test);
      const ms = Math.round(performance.now() - beganMs);
      took({ file, name: test.name, failure, ms, log: said });
    }
  }

  async function declaredIn(
    file: string,
    built: Built & { ok: true },
  ): Promise<readonly DeclaredTest[] | Fault> {
    const loaded = await stage.load({ file, code: built.code });
    if ("fault" in loaded) return placedFault(loaded.fault, file, built.map);
    stage.unload(loaded.isolate);
    const tests = testsOf(loaded.registered);
    return typeof tests === "string" ? { text: `${file} ${tests}` } : tests;
  }

  /** In a new isolate, with triggers that are loaded anew when it asks for the first of them. */
  async function runOne(
    file: string,
    built: Built & { ok: true },
    at: number,
    test: DeclaredTest,
  ): Promise<TestFailure | undefined> {
    const loaded = await stage.load({ file, code: built.code });
    if ("fault" in loaded) return { ...placedFault(loaded.fault, file, built.map), ...uncompared };
    const placed = (stack: string) => placedFault(stack, file, built.map);
    const desk = openDesk(
      rehearsal,
      clock,
      directory,
      () => underTest(directory, file, test),
      placed,
    );
    const why = await stage.run(loaded.isolate, at, desk.answer);
    stage.unload(loaded.isolate);
    if (desk.failure() !== undefined) return desk.failure();
    return why === undefined ? undefined : { ...placed(why), ...uncompared };
  }

  try {
    const bundles = await bundle(directory, files);
    for (const [at, built] of bundles.entries()) await runFile(files[at] ?? "", built);
  } finally {
    await stage.close();
  }
  return results;
}

const uncompared = { expected: undefined, actual: undefined };

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await testFiles(directory);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const text = `The trigger folder ${directory} cannot be used: ${why}.`;
    throw new GatewayError("bad_configuration", text, { cause });
  }
}

async function underTest(
  directory: string,
  file: string,
  { files }: DeclaredTest,
): Promise<readonly string[]> {
  return files ?? (await filesUnderTest(directory, file));
}

interface SettableClock extends Clock {
  set(nowMs: number): void;
}

/** Stands still where the test has set it; durations go by the real one. */
function settableClock(): SettableClock {
  let nowMs = systemClock.nowMs();
  return {
    nowMs: () => nowMs,
    tickMs: () => systemClock.tickMs(),
    set: (ms) => (nowMs = ms),
  };
}

/** Answers what one test asks of us. */
function openDesk(
  rehearsal: Rehearsal,
  clock: SettableClock,
  directory: string,
  filesOf: () => Promise<readonly string[]>,
  placed: (stack: string) => Fault,
): { readonly answer: StageAnswer; failure(): TestFailure | undefined } {
  const events = new Map<number, TestEvent>();
  let ready: Promise<void> | undefined;
  let failure: TestFailure | undefined;

  async function getReady(): Promise<void> {
    const files = await filesOf();
    await rehearsal.restart(files);
    const [broken] = rehearsal.faults();
    if (broken !== undefined) throw refusal(broken.fault);
    const loaded = new Set(rehearsal.list().map(({ file }) => file));
    const missing = files.find((file) => !loaded.has(file));
    if (missing !== undefined) throw refusal(`there is no trigger file ${missing}`);
  }

  async function emit(request: EngineRequest, calls: readonly RecordedCall[]): Promise<unknown> {
    await (ready ??= getReady());
    const number = events.size + 1;
    const event = beginTestEvent(rehearsal, request, calls, refusal);
    events.set(number, event);
    return { event: number, ...(await event.next()) };
  }

  /** The name of the schedule that a test means when it names none. */
  function onlySchedule(): string {
    const names = rehearsal
      .list()
      .flatMap(({ event, name }) => (event === "schedule" ? [name] : []));
    const [name] = names;
    if (name !== undefined && names.length === 1) return name;
    throw refusal(
      name === undefined ? "there is no schedule" : `name one of the schedules ${names.join(", ")}`,
    );
  }

  return {
    failure: () => failure,
    async answer(name, [first, second, third, fourth]) {
      switch (name) {
        case "test.emit": {
          const nowMs = timeOf(third);
          if (!isKind(first) || !isRecord(second))
            throw refusal(`there is no event ${String(first)}`);
          clock.set(nowMs);
          await (ready ??= getReady());
          const fields = first === "schedule" ? { name: onlySchedule(), ...second } : second;
          return emit(madeUpEvent(first, fields, nowMs), []);
        }
        case "test.recorded": {
          const [event] = readEventFile(
            await recordedText(directory, String(first)),
            String(first),
          );
          if (event === undefined) throw refusal(`${String(first)} holds no event`);
          clock.set(event.atMs);
          return emit(event.request, event.calls);
        }
        case "test.answer": {
          const event = typeof first === "number" ? events.get(first) : undefined;
          if (event === undefined) throw refusal("there is no such event");
          event.take(second);
          return { event: first, ...(await event.next()) };
        }
        case "test.digest":
          return digestOf([first, second, third, fourth]);
        case "test.failed":
          failure = failureOf(first, placed);
          return null;
        default:
          throw refusal(`a test cannot call ${name}`);
      }
    },
  };
}

/** Of `crypto` in tests: the arguments are algorithm, encoding, key or null, data. */
function digestOf([algorithm, encoding, key, data]: readonly unknown[]): string {
  const name = ["sha256", "sha512", "sha1", "md5"].find((one) => one === algorithm);
  const form = (["hex", "base64", "base64url"] as const).find((one) => one === encoding);
  if (name === undefined || form === undefined) throw refusal("there is no such hash");
  const hash = key === null ? createHash(name) : createHmac(name, octetsOf(key));
  return hash.update(octetsOf(data)).digest(form);
}

/** A text, or octets as a list of one text: `script/crossing.ts`. */
function octetsOf(value: unknown): Buffer {
  return Array.isArray(value)
    ? Buffer.from(String(value[0]), "latin1")
    : Buffer.from(String(value), "utf8");
}

function refusal(text: string): GatewayError {
  return new GatewayError("bad_request", text);
}

function isKind(value: unknown): value is RequestKind {
  return typeof value === "string" && KINDS.includes(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function timeOf(value: unknown): number {
  return typeof value === "number" ? value : systemClock.nowMs();
}

function failureOf(told: unknown, placed: (stack: string) => Fault): TestFailure {
  const field = (name: string): string | undefined => {
    const value: unknown = isRecord(told) ? told[name] : undefined;
    return typeof value === "string" ? value : undefined;
  };
  const fault = placed(field("stack") ?? "thrown: something that cannot be told");
  return { ...fault, expected: field("expected"), actual: field("actual") };
}

/** Files of the folder only: a test has no more access to the machine than a trigger. */
async function recordedText(directory: string, file: string): Promise<string> {
  if (!/^[\w-][\w.-]*(\/[\w-][\w.-]*)*\.jsonl?$/.test(file))
    throw refusal(`${JSON.stringify(file)} is no name of a .json file of the trigger folder`);
  const path = resolve(directory, file);
  const found = await lstat(path).catch(() => undefined);
  if (found?.isFile() !== true) throw refusal(`there is no file ${file} in the trigger folder`);
  if (found.size > recordedOctetsMax)
    throw refusal(`${file} has ${found.size} octets; ${recordedOctetsMax} are allowed`);
  return readFile(path, "utf8");
}
