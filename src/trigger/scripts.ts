import { join } from "node:path";
import type { Clock } from "../model/clock.ts";
import type { Log } from "../model/log.ts";
import type { KeptSources, TriggerCanary, TriggerPin } from "../model/trigger-version.ts";
import { type Built, bundleKept } from "./bundle.ts";
import { countsOf } from "./failing.ts";
import { changedSince, speaksOfBinds } from "./folder.ts";
import { type GoodBuilt, isScript, type LoadingOwner, openLoading } from "./loading.ts";
import { type EarlyLook, lookInto, stillGood } from "./look.ts";
import type { Fault } from "./position.ts";
import type { Script } from "./routes.ts";
import { type KeptState, openKeeping, put, type VersionKeeper } from "./versions.ts";

/** A trigger file and what runs of it. */
export interface ScriptFile {
  readonly file: string;
  /** What runs, for all or for most: usually the last good version, while the file is there. */
  readonly script: Script | undefined;
  /** A newer one that only some get. */
  readonly candidate: Script | undefined;
  /** Why what runs is not what the folder has; undefined when it is, or because that is broken. */
  readonly pin: TriggerPin | undefined;
  readonly canary: TriggerCanary | undefined;
  /** What is wrong with the file as it is on disk; undefined when that is what runs. */
  readonly fault: Fault | undefined;
  readonly faultSinceMs: number;
  /** Nothing of it runs, and what it says may be for binds: only its text can tell. */
  readonly mayBind: boolean;
}

/** What is to run of a file from now on. */
export type Settlement = Pick<ScriptFile, "script" | "candidate" | "pin" | "canary">;

/** A file as the operator's side needs it. */
export interface Known extends ScriptFile {
  /** What the last look saw: the hash of the sources, or what is wrong with them; empty: it is gone. */
  readonly seen: string;
  readonly built: Built;
  /** What ran before `script`, while it is remembered. */
  readonly before: Script | undefined;
}

export interface Scripts {
  files(): readonly ScriptFile[];
  /**
   * Looks at the folder and brings in what has changed. Calls queue up. False, and nothing is brought
   * in, when a file was written less than `quietMs` ago or meanwhile: the rest of that save may follow.
   */
  scan(quietMs: number): Promise<boolean>;
  /** Does this when no file is being brought in, and lets none be brought in meanwhile. */
  alone<T>(act: () => Promise<T>): Promise<T>;
  known(file: string): Known | undefined;
  /** Loads a version beside all that runs of other files; made of kept texts where there is no bundle. */
  load(file: string, version: number, built?: GoodBuilt): Promise<Script | Fault>;
  /** Swaps in what is loaded and disposes of what is left out. Nothing is written down. */
  settle(file: string, settlement: Settlement): void;
  /** Writes down what was settled, so that it is so after a restart. Rejects when that fails. */
  remember(file: string, settled: Pick<Settlement, "pin" | "canary">): Promise<void>;
  /** Resolves when all versions are kept that can be. */
  kept(): Promise<void>;
}

export interface ScriptsOwner extends LoadingOwner {
  readonly directory: string;
  /** Files that are left out are as if they were not there; undefined: none is. */
  readonly takes: ((file: string) => boolean) | undefined;
  /** A look into the folder that was begun before; with `takes` there is none. */
  readonly early?: Promise<EarlyLook> | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: { readonly versionsKept: number; readonly versionsKeptMs: number };
  readonly keeper: VersionKeeper;
  /** What the keeper had at the start. */
  readonly state: KeptState;
  /** A last word on a file that could be loaded; what it says is a fault, and the file stays out. */
  readonly approve: Approve | undefined;
  arm(script: Script): void;
  /** The live triggers are others now; the retired scripts are not in them any more. */
  swapped(retired: readonly Script[]): void;
}

/** @param sources the file and all that it imports, by path relative to the folder. */
export type Approve = (file: string, sources: KeptSources) => Promise<string | undefined>;

type Writable = { -readonly [Field in keyof Known]: Known[Field] };

/** Files that were saved together and are not in yet, because something is wrong with one of them. */
type Save = Set<string>;

interface Change {
  readonly one: Writable;
  /** undefined: the file is gone. */
  readonly next: Settlement | undefined;
}

export function openScripts(owner: ScriptsOwner): Scripts {
  const { directory, clock, log, keeper } = owner;
  const loading = openLoading(owner);
  const keeping = openKeeping(keeper, owner.limits, log);
  const known = new Map<string, Writable>();
  const latest = new Map(owner.state.latest);
  const pins = new Map(owner.state.pins);
  const canaries = new Map(owner.state.canaries);
  let held: Save[] = [];
  let first = true;
  let queue: Promise<unknown> = Promise.resolve();

  async function scan(quietMs: number): Promise<boolean> {
    const sinceMs = Date.now() - quietMs;
    const early = first ? await stillGood(directory, owner.early) : undefined;
    const { names, bundles } = early ?? (await lookInto(directory, owner.takes));
    // Asked afterwards, so that it also finds what was written while the files were read.
    if (quietMs > 0 && (await changedSince(directory, sinceMs))) return false;
    const changed: Save = new Set();
    for (const [at, built] of bundles.entries()) {
      const file = names[at] ?? "";
      const seen = built.ok ? built.sources.hash : built.fault.text;
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
    for (const one of known.values()) {
      const isLost = one.fault !== undefined && one.script === undefined;
      one.mayBind = isLost && (await speaksOfBinds(join(directory, one.file)));
    }
    return true;
  }

  function newFile(file: string, seen: string, built: Built): Writable {
    const settled = { pin: pins.get(file), canary: canaries.get(file) };
    const nothing = { script: undefined, candidate: undefined, before: undefined };
    return {
      file,
      seen,
      built,
      ...nothing,
      ...settled,
      fault: undefined,
      faultSinceMs: 0,
      mayBind: false,
    };
  }

  /** The save as one with those that wait and have a file in common with it. */
  function joined(changed: Save, waiting: readonly Save[]): Save[] {
    // Whoever refused a save may be of another opinion now: its tests were mended, say.
    if (changed.size === 0) return owner.approve === undefined ? [] : [...waiting];
    const touching = waiting.filter((save) => [...save].some((file) => changed.has(file)));
    held = held.filter((save) => !touching.includes(save));
    return [new Set([...changed, ...touching.flatMap((save) => [...save])])];
  }

  /** Loads all files of a save and swaps them in together, or none. */
  async function take(save: Save): Promise<boolean> {
    const files = [...save].flatMap((file) => known.get(file) ?? []);
    const loaded: Script[] = [];
    const changes: Change[] = [];
    const faults = new Map<Writable, Fault>();
    for (const one of files) {
      if (one.seen === "") {
        changes.push({ one, next: undefined });
        continue;
      }
      await bringBack(one);
      if (isPassedOver(one)) continue;
      if (!one.built.ok) faults.set(one, one.built.fault);
      else if (runs(one.script, one.seen)) {
        if (one.pin !== undefined)
          changes.push({ one, next: { ...asFolder(one), pin: undefined } });
      } else if (!runs(one.candidate, one.seen)) {
        const result = await loadApproved(one, one.built, [...besides(save), ...loaded]);
        if (!isScript(result)) {
          faults.set(one, result);
          await bringBack(one, true);
        } else {
          loaded.push(result);
          changes.push({ one, next: withNewer(one, result) });
        }
      }
    }
    if (faults.size > 0) {
      for (const { isolate } of loaded) owner.unload(isolate);
      const culprits = [...faults.keys()].map((one) => one.file).join(", ");
      const waits = `waits: of the same save, ${culprits} is broken`;
      for (const one of files) tell(one, faults.get(one) ?? { text: `${one.file} ${waits}` });
      return false;
    }
    for (const one of files) one.fault = undefined;
    swap(changes);
    for (const { one, next } of changes)
      if (next !== undefined)
        await remember(one.file, next).catch((error: unknown) =>
          log.error(
            { file: one.file, error: String(error) },
            "What runs of a trigger file could not be written down; a restart may run another version.",
          ),
        );
    return true;
  }

  async function loadApproved(
    one: Known,
    built: GoodBuilt,
    beside: readonly Script[],
  ): Promise<Script | Fault> {
    const { file } = one;
    const last = latest.get(file);
    const isNew = last?.hash !== built.sources.hash;
    const version = isNew ? (last?.version ?? 0) + 1 : last.version;
    const script = await loading.load(file, built, { version, isNew }, beside);
    if (!isScript(script)) return script;
    // What has run before need not prove itself once more.
    const refused = isNew ? await owner.approve?.(file, built.sources.all) : undefined;
    if (refused === undefined) return script;
    owner.unload(script.isolate);
    return { text: refused };
  }

  /** A new version runs for all, or, where a canary waits for it, for some. */
  function withNewer(one: Known, newer: Script): Settlement {
    const { canary, script } = one;
    if (canary === undefined || script === undefined || !newer.isNew)
      return { script: newer, candidate: undefined, pin: undefined, canary: armedAnew(canary) };
    const { version } = newer;
    const { by } = canary;
    const pin = {
      version: script.version,
      passedOver: one.seen,
      insteadOf: version,
      why: "canary",
      by,
      atMs: clock.nowMs(),
    };
    return { script, candidate: newer, pin, canary: { ...canary, version } };
  }

  /** The folder has again what runs: there is nothing to try out any more. */
  function asFolder({ script, canary }: Known): Omit<Settlement, "pin"> {
    return { script, candidate: undefined, canary: armedAnew(canary) };
  }

  /**
   * What ran when the gateway was stopped runs again, where that is not simply what the folder has: it
   * was pinned, it is what a canary is compared with, or the folder's text is broken or refused now.
   */
  async function bringBack(one: Writable, isRefused = false): Promise<void> {
    const { file, script, pin, canary, seen, built } = one;
    const last = latest.get(file);
    if (script !== undefined || last === undefined) return;
    const isPinned = pin?.passedOver === seen;
    const waitsForNew = canary !== undefined && built.ok && built.sources.hash !== last.hash;
    if (!isPinned && !waitsForNew && built.ok && !isRefused) return;
    const main = await load(file, pin?.version ?? last.version);
    if (!isScript(main)) {
      log.error({ file, fault: main.text }, "The version that ran cannot be loaded any more.");
      return;
    }
    let candidate: Script | undefined;
    if (isPinned && canary?.version !== undefined) {
      const newer = await load(file, canary.version);
      if (isScript(newer)) candidate = newer;
      else log.error({ file, fault: newer.text }, "The version of a canary cannot be loaded.");
    }
    swap([{ one, next: { script: main, candidate, pin, canary } }]);
  }

  async function load(file: string, version: number, bundled?: GoodBuilt): Promise<Script | Fault> {
    await keeping.settled();
    const built = bundled ?? (await keptBundle(file, version));
    if (!built.ok) return built.fault;
    return loading.load(file, built, { version, isNew: false }, besides(new Set([file])));
  }

  async function keptBundle(file: string, version: number): Promise<Built> {
    const whole = await keeper.version(file, version);
    if (whole === undefined) {
      const text = `version ${version} of ${file} is not kept`;
      return { ok: false, fault: { text } };
    }
    return bundleKept(directory, file, { all: whole.sources, hash: whole.hash });
  }

  /** What runs of files that this save does not touch. */
  function besides(save: Save): Script[] {
    const others = [...known.values()].filter((other) => !save.has(other.file));
    return others.flatMap(({ script, candidate }) => [script ?? [], candidate ?? []].flat());
  }

  function swap(changes: readonly Change[]): void {
    const retired: Script[] = [];
    let isOther = false;
    for (const { one, next } of changes) {
      const before = [one.script, one.candidate].flatMap((script) => script ?? []);
      const after = [next?.script, next?.candidate].flatMap((script) => script ?? []);
      retired.push(...before.filter((script) => !after.includes(script)));
      for (const script of after) if (!before.includes(script)) bringIn(script, one.script);
      isOther ||=
        before.length !== after.length || !after.every((script) => before.includes(script));
      if (next === undefined) known.delete(one.file);
      else {
        if (next.script !== one.script) one.before = one.script;
        Object.assign(one, next);
      }
    }
    if (isOther) owner.swapped(retired);
  }

  function bringIn(script: Script, before: Script | undefined): void {
    const { file, version, isNew, sinceMs: atMs } = script;
    const { hash, all } = script.built.sources;
    script.faultShareBefore = before === undefined ? 0 : countsOf(before).share;
    owner.arm(script);
    if (isNew) {
      latest.set(file, { version, hash });
      keeping.keep(file, { version, hash, sources: all, atMs, by: "unknown" });
    }
    const triggers = script.triggers.map((trigger) => trigger.name).join(", ");
    log.info({ file, version, triggers }, "A trigger file is in.");
  }

  function tell(one: Writable, fault: Fault): void {
    if (one.fault?.text === fault.text && one.fault.source === fault.source) return;
    one.fault = fault;
    one.faultSinceMs = clock.nowMs();
    const what = one.script === undefined ? "nothing of it" : `version ${one.script.version}`;
    const { text, source } = fault;
    const facts = { file: one.file, fault: text, source, runs: what };
    log.error(facts, "A trigger file is not in, because it is broken.");
  }

  async function remember(
    file: string,
    { pin, canary }: Pick<Settlement, "pin" | "canary">,
  ): Promise<void> {
    await keeping.settled();
    if (pins.get(file) !== pin) await keeper.pin(file, pin);
    put(pins, file, pin);
    if (canaries.get(file) !== canary) await keeper.canary(file, canary);
    put(canaries, file, canary);
  }

  function alone<T>(act: () => Promise<T>): Promise<T> {
    const done = queue.then(act, act);
    queue = done;
    return done;
  }

  return {
    files: () => [...known.values()],
    scan: (quietMs) => alone(() => scan(quietMs)),
    alone,
    known: (file) => known.get(file),
    load,
    settle(file, next) {
      const one = known.get(file);
      if (one === undefined) return;
      one.fault = undefined;
      swap([{ one, next }]);
    },
    remember,
    kept: () => keeping.settled(),
  };
}

/** The text of the folder is one that is not to run for all. */
function isPassedOver({ pin, seen, script }: Known): boolean {
  return pin?.passedOver === seen && script?.version === pin.version;
}

/** Whether it is of this text and has no trigger in quarantine: a save of it mends that. */
function runs(script: Script | undefined, hash: string): boolean {
  return (
    script?.built.sources.hash === hash &&
    script.triggers.every((trigger) => trigger.quarantine === undefined)
  );
}

/** A canary whose version is gone waits for the next one. */
function armedAnew(canary: TriggerCanary | undefined): TriggerCanary | undefined {
  return canary?.version === undefined ? canary : { ...canary, version: undefined };
}
