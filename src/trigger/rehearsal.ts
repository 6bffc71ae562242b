import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Clock, systemClock } from "../model/clock.ts";
import type { Ruling } from "../model/decision.ts";
import type { Log } from "../model/log.ts";
import type { TriggerView } from "../model/view.ts";
import { openEngine } from "./engine.ts";
import type { HostFunction, HostFunctions } from "./host-calls.ts";
import { defaultLimits, type TriggerLimits } from "./limits.ts";
import type { EngineRequest } from "./request.ts";

/** Triggers in the real sandbox, and nothing else: no gateway, no database, no network. */
export interface Rehearsal extends AsyncDisposable {
  /**
   * The decision; it is applied to nothing. Never rejects. `calls` answer the host calls of this event
   * before those of the rehearsal do; a call that neither has is refused, which the script sees.
   */
  decide(request: EngineRequest, calls?: HostFunctions | FindCall): Promise<Ruling>;
  /** Every trigger, and every file that has none because it is broken. */
  list(): readonly TriggerView[];
  /** What is wrong with the files, each with its place; empty when all of them are loaded. */
  faults(): readonly FileFault[];
  /** What scripts and the sandbox have told since the last call. */
  told(): readonly ToldLine[];
  /**
   * Loads these files of the folder, all when left out, each into a new isolate, as they are on disk now:
   * what an earlier event has left in a variable is gone.
   */
  restart(files?: readonly string[]): Promise<void>;
}

/** Answers a host call by its name; undefined: it is not there. */
export type FindCall = (name: string) => HostFunction | undefined;

export interface FileFault {
  readonly file: string;
  /** Begins with `file:line:column` where that is known. */
  readonly fault: string;
  /** The author's line with its number, and a second line with a caret. */
  readonly source: string | undefined;
}

export interface ToldLine {
  /** undefined: the sandbox itself. */
  readonly trigger: string | undefined;
  readonly level: "info" | "warn" | "error";
  readonly text: string;
}

export type RehearsalOptions = {
  /** The files of the folder to begin with; all when left out. */
  readonly only?: readonly string[];
  readonly limits?: Partial<TriggerLimits>;
  readonly clock?: Clock;
  readonly calls?: HostFunctions;
  /** Names of the channels that there are, to tell of a trigger that names another one. */
  readonly channels?: () => readonly string[];
} & (
  | { readonly directory: string }
  /** Texts by file name, subfolders with `/`; they are written into a folder of their own. */
  | { readonly files: Readonly<Record<string, string>> }
);

/** Lines kept between two calls of `told`; whoever writes more is told the first of them. */
const toldMax = 10_000;

/**
 * Starts one host and loads the files; takes some 200 ms, an event after that less than one. To be
 * disposed of. Rejects with `bad_configuration` when the folder cannot be read.
 */
export async function openRehearsal(options: RehearsalOptions): Promise<Rehearsal> {
  const made = "files" in options ? await folderWith(options.files) : undefined;
  const directory = "files" in options ? (made ?? "") : options.directory;
  const own = new WeakMap<EngineRequest, HostFunctions | FindCall>();
  const told: ToldLine[] = [];
  let only = options.only;
  const remove = () => (made === undefined ? undefined : rm(made, { recursive: true }));

  /** The answers of one event, before those of all. */
  function find(name: string, request: EngineRequest): HostFunction | undefined {
    return found(own.get(request), name) ?? found(options.calls, name);
  }

  const engine = await openEngine({
    directory,
    limits: { ...defaultLimits, ...options.limits },
    log: telling(told),
    clock: options.clock ?? systemClock,
    calls: {},
    briefly: { takes: (file) => only?.includes(file) ?? true, find },
    ...(options.channels === undefined ? {} : { channels: options.channels }),
  }).catch(async (cause: unknown) => {
    await remove();
    throw cause;
  });

  return {
    decide(request, calls) {
      // A request of its own, so that one that is asked twice at a time has the right answers.
      const asked = { ...request };
      if (calls !== undefined) own.set(asked, calls);
      return engine.decide(asked);
    },
    list: () => engine.list(),
    faults() {
      const all = engine
        .list()
        .flatMap(({ file, state, detail, source }) =>
          state === "broken" ? [{ file, fault: detail.replace(stillRuns, ""), source }] : [],
        );
      const culprits = all.filter(({ fault }) => !waits.test(fault));
      return culprits.length > 0 ? culprits : all;
    },
    told: () => told.splice(0),
    async restart(files) {
      only = [];
      await engine.rescan();
      only = files;
      await engine.rescan();
    },
    async [Symbol.asyncDispose]() {
      await engine.close();
      await remove();
    },
  };
}

/** What the list says after a fault of what runs instead. */
const stillRuns = /; (version \d+ runs still|nothing of it runs)$/;

/** Nothing is wrong with such a file but the company it keeps. */
const waits = /^\S+ waits: of the same save, /;

function found(
  calls: HostFunctions | FindCall | undefined,
  name: string,
): HostFunction | undefined {
  if (calls === undefined) return undefined;
  if (typeof calls === "function") return calls(name);
  return Object.hasOwn(calls, name) ? calls[name] : undefined;
}

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "signalbox-rehearsal-"));
  for (const [file, text] of Object.entries(files)) {
    const path = join(directory, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  return directory;
}

function telling(told: ToldLine[]): Log {
  const at =
    (level: ToldLine["level"]) => (facts: Readonly<Record<string, unknown>>, text: string) => {
      const { trigger } = facts;
      // That a file was taken or is broken is in the list.
      if (told.length >= toldMax || (trigger === undefined && level !== "warn")) return;
      told.push({ trigger: typeof trigger === "string" ? trigger : undefined, level, text });
    };
  const log: Log = {
    debug: () => {},
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: () => log,
  };
  return log;
}
