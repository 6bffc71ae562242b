import { fixArrayBuffers } from "./array-buffer.ts";
import { bindFrom } from "./bind.ts";
import { channelFrom } from "./channel.ts";
import { console as scriptConsole } from "./console.ts";
import { messageFrom } from "./message.ts";
import { registered } from "./registry.ts";
import { reportFrom } from "./report.ts";
import { log, outbox, waitingName, waitingRuns, type Run } from "./run.ts";
import { accountFrom } from "./account.ts";
import { scheduleFrom } from "./schedule.ts";
import { sessionFrom } from "./session.ts";
import { statusFrom } from "./status.ts";
import { thrownText } from "./thrown.ts";
import { RunTools } from "./tools.ts";

/**
 * What runs beside a script in its isolate: it turns lines into typed events, runs the handlers and
 * turns what they asked for into lines. It shares the realm with the script, so whatever it says is
 * checked again outside; a script that tampers with it hurts only itself. Part of prelude.ts, so it is set up before
 * the first line of the author's.
 */

/** What a handler throws is told up to this length; more is not read by anyone. */
const faultCharactersMax = 4000;

/** Makes the typed object of each kind of event out of its tuple, which its neighbour in that file wrote. */
export const EVENTS: Record<string, { from(tuple: unknown, run: Run): unknown }> = {
  bind: { from: bindFrom },
  message: { from: messageFrom },
  report: { from: reportFrom },
  status: { from: statusFrom },
  channel: { from: channelFrom },
  session: { from: sessionFrom },
  account: { from: accountFrom },
  schedule: { from: scheduleFrom },
};

const nothing: readonly string[] = [];
/** What an async function gives, whatever a script makes of the global name. */
const NativePromise = Promise;

/**
 * Runs one handler for a batch. Called by the host process, never by a script. Items, one or more
 * lines each: `E<key> <atMs> <n>` with the event's tuple and `n` lines of what was decided before;
 * `A<key> <number> <+|->` with the answer of a host call or the text of its error; `F<key>`: the
 * event is over, nobody waits for it. The text comes in pieces, cut anywhere. Gives nothing, because
 * promises settle only after this has returned; what came about is fetched by `collect`.
 */
export function pump(handler: number, ...pieces: readonly string[]): void {
  const lines = pieces.join("").split("\n");
  for (let at = 0; at < lines.length;) {
    const head = lines[at++] ?? "";
    const fields = head.slice(1).split(" ");
    const key = fields[0] ?? "";
    if (head.startsWith("E")) {
      const tuple = lines[at++] ?? "";
      const end = at + Number(fields[2]);
      const before = end > at ? lines.slice(at, end) : nothing;
      at = end;
      begin(handler, key, Number(fields[1]), tuple, before);
    } else if (head.startsWith("A")) {
      answer(handler, key, Number(fields[1]), fields[2] === "+", lines[at++] ?? "");
    } else waitingRuns.delete(waitingName(handler, key));
  }
}

/**
 * The lines of the outbox: `S<key> <flag><payload>` settled, `C<key> <number> <name> <arguments>` host
 * call, `L<key> <what>` called after the end, `G<text>` for the log. One text, in an array for the host's sake.
 */
export function collect(): [string] {
  const text = outbox.join("\n");
  outbox.length = 0;
  return [text];
}

/** Names the triggers: by `conditions.name`, else by the name under which the script exports them. */
export function describe(script: Record<string, unknown>, file: string): string {
  const exported = new Map<unknown, string>();
  for (const [name, value] of Object.entries(script))
    exported.set(value, name === "default" ? file.replace(/\.[a-z]+$/, "") : name);
  return JSON.stringify(
    registered.map(({ event, conditions, handler, mark }) => ({
      event,
      handler: typeof handler,
      exported: exported.get(mark),
      conditions,
    })),
    asData,
  );
}

/** A pattern is nothing in JSON; the gateway gets its text and runs it itself. */
function asData(_name: string, value: unknown): unknown {
  return value instanceof RegExp ? { regexp: value.source, flags: value.flags } : value;
}

function begin(
  place: number,
  key: string,
  atMs: number,
  tuple: string,
  before: readonly string[],
): void {
  const values: readonly [id: string, ...unknown[]] = JSON.parse(tuple);
  const run: Run = {
    key,
    handler: place,
    eventId: values[0],
    atMs,
    before,
    acts: [],
    ended: false,
    calls: 0,
    unasked: 0,
    waiting: undefined,
  };
  const trigger = registered[place];
  if (trigger === undefined) return;
  try {
    const event = EVENTS[trigger.event]?.from(values, run);
    const { handler } = trigger;
    const result = handler(event, new RunTools(run));
    if (!(result instanceof NativePromise)) return settle(run);
    result.then(
      () => settle(run),
      (error: unknown) => fail(run, error),
    );
  } catch (error) {
    fail(run, error);
  }
}

function settle(run: Run): void {
  let flag = ".";
  for (const act of run.acts) {
    if (act[0] === "r") flag = "-";
    else if (act[0] === "a" && flag === ".") flag = "+";
  }
  try {
    if (run.unasked > 0) log("a query that nobody awaited did not run");
    outbox.push(`S${run.key} ${flag}${JSON.stringify(run.acts)}`);
    run.ended = true;
  } catch (error) {
    fail(run, error);
  }
}

function fail(run: Run, error: unknown): void {
  run.ended = true;
  outbox.push(`S${run.key} !${JSON.stringify(thrownText(error).slice(0, faultCharactersMax))}`);
}

function answer(handler: number, key: string, number: number, ok: boolean, text: string): void {
  const run = waitingRuns.get(waitingName(handler, key));
  const waiter = run?.waiting?.get(number);
  if (run?.waiting === undefined || waiter === undefined) return;
  run.waiting.delete(number);
  if (run.waiting.size === 0) waitingRuns.delete(waitingName(handler, key));
  const value: unknown = JSON.parse(text);
  if (ok) waiter.resolve(value);
  else waiter.reject(new Error(String(value)));
}

// What V8 brings along and a trigger has no use for: threads, shared memory, machine code.
for (const name of ["WebAssembly", "SharedArrayBuffer", "Atomics"])
  Reflect.deleteProperty(globalThis, name);
fixArrayBuffers();
Object.defineProperty(globalThis, "console", {
  value: scriptConsole,
});
