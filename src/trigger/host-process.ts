import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { Duplex } from "node:stream";
import type { Clock } from "../model/clock.ts";
import { type HostListener, type LoadAnswer, readResults } from "./batch.ts";
import { frameOf, readFrames } from "./frame.ts";
import type { HostProgram } from "./host-program.ts";
import type { Bundle } from "./isolate.ts";
import type { TriggerLimits } from "./limits.ts";
import { openRecorder, type Position } from "./recorder.ts";

/** How a host ended. */
export interface Death {
  /** Inside which trigger it was; minus an isolate's number while it loaded that; 0 outside. */
  readonly slot: number;
  /** The event that was alone in there, or 0. */
  readonly key: number;
  /** The script did it: it hung, outgrew its memory or crashed. Else it may have been killed from outside. */
  readonly certain: boolean;
  readonly why: string;
}

export interface HostProcess {
  readonly pid: number;
  /** Batches of events of this kind that the host has not taken up yet. */
  batchesOut(kind: string): number;
  /** Counts a batch of the kind as out. */
  sendEvents(kind: string, text: string): void;
  send(text: string): void;
  /** Resolves with what the load gave; never rejects; resolves undefined when the host died. */
  load(bundle: Bundle): Promise<LoadAnswer | undefined>;
  /** Asks it to end and waits for that; kills it if need be. */
  close(): Promise<void>;
}

export interface HostOwner {
  readonly limits: TriggerLimits;
  readonly program: HostProgram;
  readonly clock: Clock;
  /** It is up and can be sent to. */
  started(host: HostProcess): void;
  listenerOf(host: HostProcess): HostListener;
  /** A load that nobody waited for: the host made an isolate anew. */
  loadedAnew(answer: LoadAnswer): void;
  died(host: HostProcess, death: Death): void;
}

/** How often the gateway looks at the recorder while there is work out. */
const lookMs = 50;

/** A host that has not reported by then never will; 60-200 ms are usual, more on a busy machine. */
const startMs = 15_000;

/** How long after the last thing sent the gateway still looks. */
const lookAfterSendMs = 1000;

/** Characters of what a dying host wrote that are kept for the log. */
const lastWordsMax = 2000;

/**
 * Starts a host: a Node of its own, which may read nothing but its one addon, has an empty
 * environment and no way out but one pipe. Watches it: when it makes no progress inside a trigger
 * for `watchdogMs`, or is larger than `hostMemoryMib`, it is killed. Called by fleet.ts.
 */
export function startHost(owner: HostOwner): HostProcess {
  const { limits, clock, program } = owner;
  const recorder = openRecorder();
  const child = spawn(process.execPath, hostArguments(limits, program), {
    env: {},
    cwd: "/",
    stdio: ["pipe", "ignore", "pipe", "pipe", recorder.descriptor],
  });
  // One that dies before it has read its program is told of by its exit.
  child.stdin?.on("error", () => {});
  child.stdin?.end(program.code);
  offerToOutOfMemory(child);
  const pipe = child.stdio[3];
  // The types do not know that "pipe" makes it a Duplex.
  if (!(pipe instanceof Duplex)) throw new Error("A child process came without its pipe.");
  const batches = new Map<string, number>();
  const loads = new Map<number, (answer: LoadAnswer | undefined) => void>();
  let up = false;
  let joining = false;
  let sentMs = clock.tickMs();
  let heardMs = sentMs;
  let timer: NodeJS.Timeout | undefined;
  let killed: { readonly why: string; readonly certain: boolean } | undefined;
  let lastWords = "";

  /** What the dispatch has for the host goes in one write: each costs as much as a trigger. */
  const join = (): void => {
    if (joining) return;
    joining = true;
    pipe.cork();
    queueMicrotask(() => {
      joining = false;
      pipe.uncork();
    });
  };

  const host: HostProcess = {
    pid: child.pid ?? 0,
    batchesOut: (kind) => batches.get(kind) ?? 0,
    sendEvents(kind, text) {
      owe();
      batches.set(kind, (batches.get(kind) ?? 0) + 1);
      host.send(text);
    },
    send(text) {
      sentMs = clock.tickMs();
      join();
      pipe.write(frameOf(text));
      timer ??= watch();
    },
    load: (bundle) =>
      new Promise((resolve) => {
        owe();
        loads.set(bundle.isolate, resolve);
        host.send(`B${JSON.stringify(bundle)}`);
      }),
    close: () => closed(child, pipe),
  };

  const listener = owner.listenerOf(host);
  const heard: HostListener = {
    ...listener,
    batchTaken(kind) {
      batches.set(kind, (batches.get(kind) ?? 1) - 1);
      listener.batchTaken(kind);
    },
  };

  function take(text: string): void {
    heardMs = clock.tickMs();
    if (text.startsWith("R")) return readResults(text.slice(1), heard);
    if (text.startsWith("B")) {
      const answer: LoadAnswer = JSON.parse(text.slice(1)); // Written by host.ts.
      return answered(answer);
    }
    if (up) return kill("told something that cannot be", false);
    up = true;
    owner.started(host);
  }

  function answered(answer: LoadAnswer): void {
    const resolve = loads.get(answer.isolate);
    loads.delete(answer.isolate);
    if (resolve === undefined) owner.loadedAnew(answer);
    else resolve(answer);
  }

  /** Called before the host is given something that it has to answer. */
  function owe(): void {
    if (!isOwing()) heardMs = clock.tickMs();
  }

  function isOwing(): boolean {
    if (!up || loads.size > 0) return true;
    for (const count of batches.values()) if (count > 0) return true;
    return false;
  }

  function watch(): NodeJS.Timeout {
    let seen = recorder.read();
    // Looks are counted, not milliseconds: while the gateway itself stood still it did not look.
    let unchanged = 0;
    let workedMs: number | undefined;
    let looks = 0;
    return setInterval(() => {
      const now = recorder.read();
      unchanged = now.slot !== 0 && now.counter === seen.counter ? unchanged + 1 : 0;
      if (unchanged === 0 && now.slot !== 0) workedMs = processorMs(child);
      seen = now;
      const limitMs = limitInside(now);
      const stuck = unchanged * lookMs >= limitMs;
      const nowMs = clock.tickMs();
      const silentMs = nowMs - heardMs;
      // Without the processor nobody makes progress; for that a host has as long as an event has.
      if (stuck && (workedMs === undefined || workedFor(child, workedMs) >= limitMs / 2))
        kill(`no progress for ${limitMs} ms`, true);
      else if (isOwing() && silentMs > (up ? limits.eventDeadlineMs : startMs))
        kill(`no answer for ${Math.round(silentMs)} ms`, false);
      else if (looks++ % 4 === 0 && residentMib(child) > limits.hostMemoryMib)
        // What grew slowly need not have been grown by whoever is inside just now.
        kill(`more than ${limits.hostMemoryMib} MiB`, unchanged > 0);
      else if (!isOwing() && now.slot === 0 && nowMs - sentMs > lookAfterSendMs) {
        clearInterval(timer);
        timer = undefined;
      }
    }, lookMs);
  }

  /** Loading is stopped by V8 after `loadMs`; the watchdog comes after that. */
  function limitInside(position: Position): number {
    return position.slot < 0 ? limits.watchdogMs + limits.loadMs : limits.watchdogMs;
  }

  function kill(why: string, certain: boolean): void {
    killed ??= { why, certain };
    child.kill("SIGKILL");
  }

  readFrames(pipe, take, (breach) => kill(breach, false));
  // A dead host breaks its pipe; what follows from that is done once, at its exit.
  pipe.on("error", () => {});
  child.stderr?.setEncoding("utf8");
  child.stderr?.on("data", (text: string) => {
    lastWords = (lastWords + text).slice(-lastWordsMax);
  });
  // A process that cannot be started has no exit event, so both lead to the same end, once.
  child.once("error", (error) => ended(`cannot be started: ${error.message}`));
  child.once("close", (code, signal) =>
    ended(killed?.why ?? `ended with ${signal ?? code}`, signal !== "SIGKILL"),
  );

  let over = false;
  function ended(why: string, crashed = false): void {
    if (over) return;
    over = true;
    clearInterval(timer);
    const { slot, key } = recorder.read();
    recorder.close();
    for (const resolve of loads.values()) resolve(undefined);
    loads.clear();
    const words = lastWords.trim() === "" ? "" : `; it wrote: ${lastWords.trim()}`;
    const certain = slot !== 0 && (killed?.certain === true || crashed);
    owner.died(host, { slot, key, certain, why: why + words });
  }

  timer = watch();
  return host;
}

function hostArguments(limits: TriggerLimits, { reads }: HostProgram): string[] {
  return [
    "--no-node-snapshot",
    "--no-warnings",
    "--title=signalbox-trigger-host",
    "--permission",
    "--allow-addons",
    ...reads.map((path) => `--allow-fs-read=${path}`),
    "--input-type=commonjs",
    "-",
    JSON.stringify(limits),
  ];
}

/** When the machine runs out of memory, a host is to go, not the gateway or the database. */
function offerToOutOfMemory(child: ChildProcess): void {
  try {
    writeFileSync(`/proc/${child.pid}/oom_score_adj`, "1000");
  } catch {
    // Not Linux, or not allowed: then the machine chooses by itself.
  }
}

function workedFor(child: ChildProcess, sinceMs: number): number {
  return (processorMs(child) ?? Infinity) - sinceMs;
}

/** Milliseconds of processor that the process has had; undefined where the system does not tell. */
function processorMs(child: ChildProcess): number | undefined {
  try {
    const stat = readFileSync(`/proc/${child.pid}/stat`, "latin1");
    // proc(5): the name in brackets may hold anything; utime and stime are 12th and 13th after it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * tickMs;
  } catch {
    // No such file: the clock alone must do.
    return undefined;
  }
}

/** proc(5) counts in ticks of USER_HZ, which is 100 on every Linux. */
const tickMs = 10;

/** MiB; 0 where the system does not tell (it does on Linux) or the process is gone. */
function residentMib(child: ChildProcess): number {
  try {
    const status = readFileSync(`/proc/${child.pid}/status`, "latin1");
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    // No such file: nothing to measure.
    return 0;
  }
}

/** How long a host that was asked to end may take. */
const endMs = 500;

async function closed(child: ChildProcess, pipe: Duplex): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const end = new Promise((resolve) => child.once("close", resolve));
  pipe.end();
  const timer = setTimeout(() => child.kill("SIGKILL"), endMs);
  await end;
  clearTimeout(timer);
}
