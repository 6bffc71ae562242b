import type { Clock } from "../model/clock.ts";
import { GatewayError } from "../model/error.ts";
import type { Log } from "../model/log.ts";
import type { KeptSources, TriggerDisabled, TriggerPin } from "../model/trigger-version.ts";
import type { TriggerVersionView, TriggerVersionText } from "../model/view.ts";
import { canariesMax } from "./canary.ts";
import { type GoodBuilt, isScript } from "./loading.ts";
import type { LiveTrigger, Script } from "./routes.ts";
import type { Known, Scripts, Settlement } from "./scripts.ts";
import { put, type VersionKeeper } from "./versions.ts";

/**
 * What operators settle about triggers. `name` is a trigger's name or its file's, with or without `.ts`;
 * `by` is who does it. All of it outlives a restart, and is written down before it is done. Each call
 * rejects with a GatewayError when it cannot be done; nothing has changed then.
 */
export interface TriggerControl {
  /** Newest first. */
  versions(name: string): Promise<readonly TriggerVersionView[]>;
  /** The texts of one version; of the one that runs when it is left out. */
  version(name: string, version: number | undefined): Promise<TriggerVersionText>;
  /** An older version runs for all although the folder has another; the one before when left out. */
  rollback(name: string, to: number | undefined, by: string): Promise<void>;
  /** What the folder has runs for all again. */
  followFolder(name: string, by: string): Promise<void>;
  /** The trigger is asked about no event any more, whatever becomes of its file. */
  disable(name: string, by: string): Promise<void>;
  enable(name: string, by: string): Promise<void>;
  /** Ends a quarantine: the version that runs is loaded anew. */
  release(name: string, by: string): Promise<void>;
  /** The next version, or one that is kept, runs for those only whom `wanted` names. */
  canary(name: string, wanted: CanaryWanted, by: string): Promise<void>;
  /** The version of a canary runs for all. */
  promote(name: string, by: string): Promise<void>;
  /** The version of a canary runs for nobody. */
  endCanary(name: string, by: string): Promise<void>;
}

/** Exactly one of `share` (percent, above 0 and below 100) and `accounts`. */
export interface CanaryWanted {
  readonly share?: number | undefined;
  readonly accounts?: readonly string[] | undefined;
  readonly version?: number | undefined;
}

/** The same for the engine, with what it asks for by itself. */
export interface OwnControl extends TriggerControl {
  /** A version that fails is taken back: a canary alone, else for the version before it. Never rejects. */
  takeBack(script: Script, why: string): void;
  disabledBy(name: string): TriggerDisabled | undefined;
}

export interface ControlOwner {
  readonly scripts: Scripts;
  readonly keeper: VersionKeeper;
  readonly disabled: ReadonlyMap<string, TriggerDisabled>;
  readonly clock: Clock;
  readonly log: Log;
  /** Another trigger is switched off or on now. */
  switched(): void;
}

/** Who it was when nobody was asked. */
const ourselves = "signalbox";

export function openControl(owner: ControlOwner): OwnControl {
  const { scripts, keeper, clock, log } = owner;
  const disabled = new Map(owner.disabled);
  /** Scripts that are being taken back. */
  const failed = new WeakSet<Script>();

  /** The file that has this name, or a trigger of this name. */
  function fileOf(name: string): Known {
    const files = scripts.files();
    const found =
      files.find(({ file }) => file === name || file === `${name}.ts`) ??
      files.find((one) => triggersOf(one).some((trigger) => trigger.name === name));
    const one = found === undefined ? undefined : scripts.known(found.file);
    if (one === undefined)
      throw new GatewayError("unknown_trigger", `there is no trigger or file ${name}`);
    return one;
  }

  async function changeTo(one: Known, next: Settlement): Promise<void> {
    await scripts.remember(one.file, next);
    scripts.settle(one.file, next);
  }

  /** Loads a version of a file, or throws what is wrong with it. */
  async function loaded(file: string, version: number, built?: GoodBuilt): Promise<Script> {
    const script = await scripts.load(file, version, built);
    if (isScript(script)) return script;
    const isKept = built !== undefined || (await keeper.version(file, version)) !== undefined;
    throw new GatewayError(isKept ? "trigger_state" : "unknown_trigger_version", script.text);
  }

  async function versionBefore(file: string, version: number): Promise<number> {
    await scripts.kept();
    const kept = await keeper.versions(file);
    const before = kept.find((one) => one.version < version);
    if (before === undefined)
      throw new GatewayError(
        "unknown_trigger_version",
        `no version of ${file} before ${version} is kept`,
      );
    return before.version;
  }

  /** undefined when it is what the folder has. */
  function pinOf(
    one: Known,
    script: Script,
    settled: Pick<TriggerPin, "insteadOf" | "by" | "why">,
  ): TriggerPin | undefined {
    if (script.built.sources.hash === one.seen) return undefined;
    return { version: script.version, passedOver: one.seen, ...settled, atMs: clock.nowMs() };
  }

  async function goBack(
    one: Known,
    to: number | undefined,
    { by, why }: { readonly by: string; readonly why: string },
  ): Promise<Script> {
    const { file, script: running, candidate, before } = one;
    const from = candidate ?? running;
    if (from === undefined) throw new GatewayError("trigger_state", `no version of ${file} runs`);
    const version = to ?? (await versionBeforeOf(one, from));
    if (version === running?.version && candidate === undefined)
      throw new GatewayError("trigger_state", `version ${version} of ${file} runs already`);
    const built = before?.version === version ? before.built : undefined;
    const script = version === running?.version ? running : await loaded(file, version, built);
    const pin = pinOf(one, script, { insteadOf: from.version, by, why });
    const next = { script, candidate: undefined, pin, canary: undefined };
    if (by === ourselves) {
      // At once, also while the database is away.
      scripts.settle(file, next);
      await scripts.remember(file, next);
    } else await changeTo(one, next);
    log.warn({ file, version, from: from.version, by, why }, "A trigger file was rolled back.");
    return script;
  }

  async function versionBeforeOf({ file, script, candidate, before }: Known, from: Script) {
    if (candidate !== undefined && script !== undefined) return script.version;
    if (before !== undefined && before.version < from.version) return before.version;
    return versionBefore(file, from.version);
  }

  async function endCanary(one: Known, by: string, why: string): Promise<void> {
    const { file, script, candidate, canary } = one;
    if (canary === undefined) throw new GatewayError("trigger_state", `${file} has no canary`);
    const insteadOf = candidate?.version;
    const pin =
      candidate === undefined || script === undefined
        ? one.pin
        : pinOf(one, script, { insteadOf, by, why });
    const next = { script, candidate: undefined, pin, canary: undefined };
    if (by === ourselves) {
      scripts.settle(file, next);
      await scripts.remember(file, next);
    } else await changeTo(one, next);
    log.warn({ file, version: insteadOf, by, why }, "A canary was ended.");
  }

  async function startCanary(one: Known, wanted: CanaryWanted, by: string): Promise<void> {
    const { file, script, candidate } = one;
    if (script === undefined) throw new GatewayError("trigger_state", `no version of ${file} runs`);
    const others = scripts.files().filter((other) => other.canary !== undefined && other !== one);
    if (others.length >= canariesMax)
      throw new GatewayError("trigger_state", `${canariesMax} files have a canary already`);
    const { share, accounts } = wanted;
    const canary = { share, accounts, by, atMs: clock.nowMs(), version: undefined };
    const version = wanted.version ?? candidate?.version;
    if (version === undefined) {
      await changeTo(one, { script, candidate, pin: one.pin, canary });
      return;
    }
    // Who names the version that runs for all wants it to be for some, and the one before for the rest.
    const main =
      version === script.version
        ? await loaded(file, await versionBefore(file, version), undefined)
        : script;
    const newer =
      [script, candidate].find((one) => one?.version === version) ?? (await loaded(file, version));
    const settled = { insteadOf: version, by, why: "canary" };
    const pin = pinOf(one, main, settled);
    await changeTo(one, { script: main, candidate: newer, pin, canary: { ...canary, version } });
  }

  async function doTakeBack(script: Script, why: string): Promise<void> {
    const one = scripts.known(script.file);
    if (one === undefined) return;
    const { file } = one;
    const { version } = script;
    try {
      if (one.candidate === script) await endCanary(one, ourselves, why);
      else if (one.script === script) await goBack(one, undefined, { by: ourselves, why });
      else return;
      log.error({ file, version, why }, "A version of a trigger file failed and was taken back.");
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      log.error({ file, version, why, error: text }, "A version that fails cannot be taken back.");
    }
  }

  const told = (what: string, one: Known, by: string, more: object = {}) =>
    log.info({ file: one.file, by, ...more }, what);

  return {
    async versions(name) {
      const one = fileOf(name);
      await scripts.kept();
      const kept = await keeper.versions(one.file);
      return kept.map(({ hash, ...version }) => ({
        file: one.file,
        ...version,
        hash: hash.slice(0, hashCharacters),
        runs: runsFor(one, version.version),
      }));
    },
    async version(name, wanted) {
      const one = fileOf(name);
      await scripts.kept();
      const version = wanted ?? one.script?.version ?? 0;
      const whole = await keeper.version(one.file, version);
      if (whole === undefined)
        throw new GatewayError(
          "unknown_trigger_version",
          `version ${version} of ${one.file} is not kept`,
        );
      const { hash, sources, ...rest } = whole;
      return {
        file: one.file,
        ...rest,
        hash: hash.slice(0, hashCharacters),
        runs: runsFor(one, version),
        texts: textsOf(sources),
      };
    },
    rollback: (name, to, by) =>
      scripts.alone(async () => {
        await goBack(fileOf(name), to, { by, why: "" });
      }),
    followFolder: (name, by) =>
      scripts.alone(async () => {
        const one = fileOf(name);
        const { file, pin, built, candidate } = one;
        if (pin === undefined)
          throw new GatewayError("trigger_state", `what runs of ${file} is what the folder has`);
        if (!built.ok) throw new GatewayError("trigger_state", built.fault.text);
        const isCandidate = candidate?.built.sources.hash === built.sources.hash;
        const script = isCandidate
          ? candidate
          : await loaded(file, await numberOf(one, built), built);
        await changeTo(one, { script, candidate: undefined, pin: undefined, canary: undefined });
        told("A trigger file follows its folder again.", one, by, { version: script.version });
      }),
    disable: (name, by) =>
      scripts.alone(async () => {
        const is = scripts.files().some((one) => triggersOf(one).some((it) => it.name === name));
        if (!is) throw new GatewayError("unknown_trigger", `there is no trigger ${name}`);
        const settled = disabled.get(name) ?? { by, atMs: clock.nowMs() };
        await keeper.disabled(name, settled);
        disabled.set(name, settled);
        owner.switched();
        log.info({ trigger: name, by }, "A trigger was disabled.");
      }),
    enable: (name, by) =>
      scripts.alone(async () => {
        if (!disabled.has(name))
          throw new GatewayError("trigger_state", `the trigger ${name} is not disabled`);
        await keeper.disabled(name, undefined);
        put(disabled, name, undefined);
        owner.switched();
        log.info({ trigger: name, by }, "A trigger was enabled.");
      }),
    release: (name, by) =>
      scripts.alone(async () => {
        const one = fileOf(name);
        const { file, script, candidate, pin, canary } = one;
        const anew = async (it: Script | undefined) =>
          it === undefined || !isQuarantined(it) ? it : loaded(file, it.version, it.built);
        if (![script, candidate].some((it) => it !== undefined && isQuarantined(it)))
          throw new GatewayError("trigger_state", `${file} is not in quarantine`);
        const next = { script: await anew(script), candidate: await anew(candidate), pin, canary };
        scripts.settle(file, next);
        told("A quarantine was ended.", one, by);
      }),
    canary: (name, wanted, by) =>
      scripts.alone(async () => {
        const one = fileOf(name);
        await startCanary(one, wanted, by);
        told("A canary was begun.", one, by, wanted);
      }),
    promote: (name, by) =>
      scripts.alone(async () => {
        const one = fileOf(name);
        const { file, script: main, candidate: script } = one;
        if (script === undefined)
          throw new GatewayError("trigger_state", `${file} has no version that only some get`);
        const pin = pinOf(one, script, { insteadOf: main?.version, by, why: "promoted" });
        await changeTo(one, { script, candidate: undefined, pin, canary: undefined });
        told("A canary was promoted.", one, by, { version: script.version });
      }),
    endCanary: (name, by) => scripts.alone(() => endCanary(fileOf(name), by, "")),
    takeBack(script, why) {
      if (failed.has(script)) return;
      failed.add(script);
      void scripts.alone(() => doTakeBack(script, why));
    },
    disabledBy: (name) => disabled.get(name),
  };

  /** The number under which the folder's text ran, or the next one. */
  async function numberOf(one: Known, built: GoodBuilt): Promise<number> {
    await scripts.kept();
    const kept = await keeper.versions(one.file);
    const same = kept.find(({ hash }) => hash === built.sources.hash);
    return same?.version ?? (kept[0]?.version ?? 0) + 1;
  }
}

/** Enough to tell versions apart. */
const hashCharacters = 12;

function triggersOf({ script, candidate }: Known | Pick<Known, "script" | "candidate">) {
  return [...(script?.triggers ?? []), ...(candidate?.triggers ?? [])];
}

function isQuarantined({ triggers }: Script): boolean {
  return triggers.some(({ quarantine }: LiveTrigger) => quarantine !== undefined);
}

function runsFor({ script, candidate }: Known, version: number): TriggerVersionView["runs"] {
  if (candidate?.version === version) return "some";
  if (script?.version !== version) return "none";
  return candidate === undefined ? "all" : "most";
}

function textsOf(sources: KeptSources): TriggerVersionText["texts"] {
  return Object.entries(sources).map(([path, { text }]) => ({ path, text }));
}
