import type { Clock } from "../model/clock.ts";
import type { Log } from "../model/log.ts";
import { type Built, bundle } from "./bundle.ts";
import { changedSince, triggerFiles } from "./folder.ts";
import type { LoadAnswer } from "./batch.ts";
import { placedFault } from "./position.ts";
import { type Registration, registrationsOf } from "./registration.ts";
import type { LiveTrigger, Script } from "./routes.ts";
import type { Bundle } from "./isolate.ts";
import { slotOf } from "./slot.ts";

/** A trigger file and what runs of it. */
export interface ScriptFile {
  readonly file: string;
  /** The last good version, while the file is there. */
  script: Script | undefined;
  /** What is wrong with the file as it is on disk; undefined when that is what runs. */
  fault: string | undefined;
  faultSinceMs: number;
}

export interface Scripts {
  files(): readonly ScriptFile[];
  /**
   * Looks at the folder and brings in what has changed. Calls queue up. False, and nothing is brought
   * in, when a file was written less than `quietMs` ago or meanwhile: the rest of that save may follow.
   */
  scan(quietMs: number): Promise<boolean>;
  /** A loaded script turned out not to be loadable any more. */
  scriptOf(isolate: number): Script | undefined;
}

export interface ScriptsOwner {
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
  load(bundle: Bundle): Promise<LoadAnswer>;
  unload(isolate: number): void;
  arm(script: Script): void;
  /** The live triggers are others now; the retired scripts are not in them any more. */
  swapped(retired: readonly Script[]): void;
}

interface Known extends ScriptFile {
  /** What the last look saw. */
  seen: string;
  built: Built;
  versions: number;
}

/** Files that were saved together and are not in yet, because something is wrong with one of them. */
type Save = Set<string>;

export function openScripts(owner: ScriptsOwner): Scripts {
  const { directory, clock, log } = owner;
  const known = new Map<string, Known>();
  let held: Save[] = [];
  let lastIsolate = 0;
  let first = true;
  let queue: Promise<unknown> = Promise.resolve();

  async function scan(quietMs: number): Promise<boolean> {
    const sinceMs = Date.now() - quietMs;
    const names = await triggerFiles(directory);
    const bundles = await bundle(directory, names);
    // Asked afterwards, so that it also finds what was written while the files were read.
    if (quietMs > 0 && (await changedSince(directory, sinceMs))) return false;
    const changed: Save = new Set();
    for (const [at, built] of bundles.entries()) {
      const file = names[at] ?? "";
      const seen = built.ok ? built.hash : built.fault;
      const before = known.get(file);
      if (before?.seen === seen) continue;
      changed.add(file);
      if (before === undefined) known.set(file, newFile(file, seen, built));
      else Object.assign(before, { seen, built });
    }
    const gone = [...known.keys()].filter((file) => !names.includes(file));
    for (const file of gone) {
      changed.add(file);
      const one = known.get(file);
      if (one !== undefined) one.seen = "";
    }
    // At the start nothing runs yet that the files of one save could be at odds with.
    const saves = first ? [...changed].map((file) => new Set([file])) : joined(changed, held);
    first = false;
    for (const save of saves) {
      if (await take(save)) held = held.filter((other) => other !== save);
      else if (!held.includes(save)) held.push(save);
    }
    return true;
  }

  /** The save as one with those that wait and have a file in common with it. */
  function joined(changed: Save, waiting: readonly Save[]): Save[] {
    if (changed.size === 0) return [];
    const touching = waiting.filter((save) => [...save].some((file) => changed.has(file)));
    held = held.filter((save) => !touching.includes(save));
    return [new Set([...changed, ...touching.flatMap((save) => [...save])])];
  }

  /** Loads all files of a save and swaps them in together, or none. */
  async function take(save: Save): Promise<boolean> {
    const files = [...save].flatMap((file) => known.get(file) ?? []);
    const loaded: { known: Known; script: Script }[] = [];
    const faults = new Map<Known, string>();
    for (const one of files) {
      if (one.seen === "") continue;
      if (!one.built.ok) faults.set(one, one.built.fault);
      else if (!runsAlready(one, one.built.hash)) {
        const result = await load(
          one,
          one.built,
          save,
          loaded.map(({ script }) => script),
        );
        if (typeof result === "string") faults.set(one, result);
        else loaded.push({ known: one, script: result });
      }
    }
    if (faults.size > 0) {
      for (const { script } of loaded) owner.unload(script.isolate);
      const culprits = [...faults.keys()].map((one) => one.file).join(", ");
      for (const one of files) {
        const fault =
          faults.get(one) ?? `${one.file} waits: of the same save, ${culprits} is broken`;
        tell(one, fault);
      }
      return false;
    }
    swap(files, loaded);
    return true;
  }

  function runsAlready(one: Known, hash: string): boolean {
    const { script } = one;
    return (
      script?.hash === hash && script.triggers.every((trigger) => trigger.quarantine === undefined)
    );
  }

  function swap(files: readonly Known[], loaded: { known: Known; script: Script }[]): void {
    const retired: Script[] = [];
    for (const one of files) {
      one.fault = undefined;
      if (one.seen !== "") continue;
      known.delete(one.file);
      if (one.script !== undefined) retired.push(one.script);
    }
    for (const { known: one, script } of loaded) {
      if (one.script !== undefined) retired.push(one.script);
      one.script = script;
      one.versions = script.version;
      owner.arm(script);
      const triggers = script.triggers.map((trigger) => trigger.name).join(", ");
      log.info({ file: one.file, version: script.version, triggers }, "A trigger file is in.");
    }
    if (retired.length > 0 || loaded.length > 0) owner.swapped(retired);
  }

  function tell(one: Known, fault: string): void {
    if (one.fault === fault) return;
    one.fault = fault;
    one.faultSinceMs = clock.nowMs();
    const runs = one.script === undefined ? "nothing of it" : `version ${one.script.version}`;
    log.error({ file: one.file, fault, runs }, "A trigger file is not in, because it is broken.");
  }

  async function load(
    one: Known,
    built: Built & { ok: true },
    save: Save,
    beside: readonly Script[],
  ): Promise<Script | string> {
    const isolate = ++lastIsolate;
    const { file } = one;
    const answer = await owner.load({ isolate, file, code: built.code });
    if ("fault" in answer) return placedFault(answer.fault, file, built.map);
    const registrations = registrationsOf(answer.registered);
    const wrong =
      typeof registrations === "string" ? registrations : nameTaken(registrations, save, beside);
    if (typeof registrations === "string" || wrong !== undefined) {
      owner.unload(isolate);
      return `${file} ${wrong}`;
    }
    return scriptFrom(registrations, one, isolate, built);
  }

  /** A name that another file has already, one of this save or one that is not touched by it. */
  function nameTaken(
    registrations: readonly Registration[],
    save: Save,
    beside: readonly Script[],
  ): string | undefined {
    const others = [...known.values()].filter((other) => !save.has(other.file));
    const scripts = [...beside, ...others.flatMap((other) => other.script ?? [])];
    for (const { name } of registrations)
      for (const script of scripts)
        if (script.triggers.some((trigger) => trigger.name === name))
          return `two triggers of the name ${name}: the other one is in ${script.file}`;
    return undefined;
  }

  function scriptFrom(
    registrations: readonly Registration[],
    one: Known,
    isolate: number,
    built: Built & { ok: true },
  ): Script {
    const triggers: LiveTrigger[] = [];
    const script: Script = {
      isolate,
      file: one.file,
      version: one.versions + 1,
      hash: built.hash,
      sinceMs: clock.nowMs(),
      triggers,
      placed: (stack) => placedFault(stack, one.file, built.map),
      open: 0,
      retired: false,
    };
    for (const [handler, registration] of registrations.entries())
      triggers.push({
        ...registration,
        file: one.file,
        version: script.version,
        slot: slotOf(isolate, handler),
        script,
        quarantine: undefined,
        open: 0,
        runs: 0,
        faults: 0,
        strikes: [],
        us: 0,
      });
    return script;
  }

  return {
    files: () => [...known.values()],
    scan(quietMs) {
      const scanned = queue.then(
        () => scan(quietMs),
        () => scan(quietMs),
      );
      queue = scanned;
      return scanned;
    },
    scriptOf: (isolate) =>
      [...known.values()].find((one) => one.script?.isolate === isolate)?.script,
  };
}

function newFile(file: string, seen: string, built: Built): Known {
  return { file, seen, built, script: undefined, fault: undefined, faultSinceMs: 0, versions: 0 };
}
