import type { Clock } from "../model/clock.ts";
import { rule, type Ruling } from "../model/decision.ts";
import { GatewayError } from "../model/error.ts";
import type { Log } from "../model/log.ts";
import type { Readings } from "../model/meter.ts";
import type { TriggerView } from "../model/view.ts";
import { openDispatch } from "./dispatch.ts";
import { type FleetFacts, openFleet } from "./fleet.ts";
import { watchFolder } from "./folder.ts";
import { type HostFunctions, openHostCalls } from "./host-calls.ts";
import { hostProgram } from "./host-program.ts";
import type { TriggerLimits } from "./limits.ts";
import { type EngineRequest, requestFacts } from "./request.ts";
import { isolateOf } from "./slot.ts";
import { type LiveTrigger, type Routes, routesOf, type Script } from "./routes.ts";
import { openScripts, type ScriptFile } from "./scripts.ts";

/** The door of the trigger engine: it turns events into decisions by what the scripts say. */
export interface Engine {
  /**
   * Asks the triggers that match. Never rejects and never takes longer than `eventDeadlineMs`, for
   * what nobody waits for `statusDeadlineMs`: what goes wrong is a ruling of the verdict
   * `undecided`. An event that matches no trigger is ruled at once. Called once per event, many at
   * a time.
   */
  decide(request: EngineRequest): Promise<Ruling>;
  /** Would any trigger be asked? What no trigger is for need not be kept or counted. */
  wants(request: EngineRequest): boolean;
  /** How long changes of this channel must last until some trigger is to be told, in milliseconds. */
  waitsFor(channel: string): ReadonlySet<number>;
  /** Every trigger, and every file that has none because it is broken. */
  list(): readonly TriggerView[];
  facts(): EngineFacts;
  /** Looks at the folder now, instead of when the file system tells of a change. */
  rescan(): Promise<void>;
  /** Resolves when the next change of the folder has been dealt with, whatever came of it. */
  changed(): Promise<void>;
  /** Ends the hosts and the watch; events that are open then are undecided. */
  close(): Promise<void>;
}

export interface EngineFacts extends FleetFacts {
  /** Events that are not decided yet. */
  readonly openEvents: number;
  readonly batches: number;
  /** What is counted of each version that runs; of a file that never ran only that it is broken. */
  readonly triggers: Readings["triggers"];
}

export interface EngineOptions {
  /** The folder of the trigger files. */
  readonly directory: string;
  readonly limits: TriggerLimits;
  readonly log: Log;
  readonly clock: Clock;
  /** What scripts may ask for, by name; see host-calls.ts. */
  readonly calls: HostFunctions;
  /** Names of the channels that there are, to warn of a trigger that names another one. */
  readonly channels?: () => readonly string[];
}

/** Rejects with `bad_configuration` when the folder cannot be read. Broken files do not stop it. */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const { directory, limits, log, clock } = options;
  let routes: Routes = routesOf([]);
  const bySlot = new Map<number, LiveTrigger>();
  const waiters: (() => void)[] = [];

  const dispatch = openDispatch({
    limits,
    clock,
    log,
    calls: openHostCalls(options.calls, limits, log),
    strike,
    drained: dispose,
    triggerAt: (slot) => bySlot.get(slot),
  });
  const hosts = await openFleet({
    limits,
    program: await hostProgram(),
    log,
    clock,
    listenerOf: dispatch.listenerOf,
    activated: dispatch.hostUp,
    died: dispatch.hostDied,
    spoiled(isolate, why) {
      for (const trigger of bySlot.values())
        if (isolateOf(trigger.slot) === isolate) quarantine(trigger, why);
    },
  });

  const scripts = openScripts({
    directory,
    clock,
    log,
    load: hosts.load,
    unload: hosts.unload,
    arm(script) {
      for (const trigger of script.triggers) bySlot.set(trigger.slot, trigger);
      const triggers = script.triggers.map(({ name, skip }) => ({ name, skip }));
      hosts.arm({ isolate: script.isolate, triggers });
      warnOfChannels(script);
    },
    swapped(retired) {
      reroute();
      for (const script of retired) {
        script.retired = true;
        if (script.open === 0) dispose(script);
      }
    },
  });

  function reroute(): void {
    routes = routesOf(scripts.files().flatMap(({ script }) => script?.triggers ?? []));
  }

  function dispose(script: Script): void {
    for (const trigger of script.triggers) bySlot.delete(trigger.slot);
    hosts.unload(script.isolate);
  }

  function strike(trigger: LiveTrigger, why: string): void {
    const nowMs = clock.tickMs();
    trigger.strikes = trigger.strikes.filter((at) => at > nowMs - limits.quarantineMs);
    trigger.strikes.push(nowMs);
    if (trigger.strikes.length >= limits.quarantineFaults)
      quarantine(trigger, `${trigger.strikes.length} times: ${why}`);
  }

  function quarantine(trigger: LiveTrigger, why: string): void {
    if (trigger.quarantine !== undefined) return;
    trigger.quarantine = `in quarantine until ${trigger.file} changes, because ${why}`;
    log.error({ trigger: trigger.name, file: trigger.file, why }, "A trigger is in quarantine.");
    reroute();
    hosts.quarantine(trigger.slot);
    dispatch.quarantined(trigger);
  }

  function warnOfChannels(script: Script): void {
    for (const { name, channel } of unknownChannels(script.triggers))
      log.warn({ trigger: name, channel }, "A trigger names a channel that is not there.");
  }

  function unknownChannels(triggers: readonly LiveTrigger[]): { name: string; channel: string }[] {
    const there = options.channels?.();
    if (there === undefined) return [];
    return triggers.flatMap(({ name, channels }) =>
      [...(channels ?? [])]
        .filter((channel) => !there.includes(channel))
        .map((channel) => ({ name, channel })),
    );
  }

  function viewOf(trigger: LiveTrigger, file: ScriptFile): TriggerView {
    const { name, event, order, version, script, runs, faults, quarantine } = trigger;
    const wanting = unknownChannels([trigger]).map(({ channel }) => channel);
    const running = `version ${version} runs`;
    const channelNote = wanting.length === 0 ? "" : `; there is no channel ${wanting.join(", ")}`;
    const views = { name, event, file: file.file, order, version, runs, faults };
    if (quarantine !== undefined)
      return { ...views, state: "quarantined", detail: quarantine, sinceMs: script.sinceMs };
    if (file.fault !== undefined)
      return {
        ...views,
        state: "broken",
        detail: `${file.fault}; ${running} still`,
        sinceMs: file.faultSinceMs,
      };
    return { ...views, state: "active", detail: running + channelNote, sinceMs: script.sinceMs };
  }

  async function rescan(quietMs = 0): Promise<boolean> {
    try {
      return await scripts.scan(quietMs);
    } finally {
      for (const wake of waiters.splice(0)) wake();
    }
  }

  let unwatch = () => Promise.resolve();
  try {
    // The watch begins first, so that no save falls between it and the first look.
    unwatch = await watchFolder(directory, limits.saveQuietMs, log, () =>
      rescan(limits.saveQuietMs).catch((error: unknown) => {
        log.error({ directory, why: whyNot(error) }, "The trigger folder cannot be read.");
        return true;
      }),
    );
    await rescan();
    hosts.startSpare();
  } catch (error) {
    await unwatch();
    await hosts.close();
    const text = `The trigger folder ${directory} cannot be used: ${whyNot(error)}.`;
    throw new GatewayError("bad_configuration", text, { cause: error });
  }

  return {
    decide(request) {
      const facts = requestFacts(request);
      const chain = routes.chainFor(facts);
      if (chain.unavailable !== undefined) {
        const { name, quarantine } = chain.unavailable;
        const text = `${name} is ${quarantine}`;
        return Promise.resolve({
          verdict: "undecided",
          fault: "trigger_unavailable",
          text,
          ran: chain.absent,
        });
      }
      if (chain.triggers.length === 0) return Promise.resolve(rule(chain.absent, facts.silence));
      return dispatch.decide(request, facts, chain);
    },
    wants(request) {
      const { triggers, unavailable } = routes.chainFor(requestFacts(request));
      return triggers.length > 0 || unavailable !== undefined;
    },
    waitsFor: (channel) => routes.waitsFor(channel),
    list: () =>
      scripts.files().flatMap((file): TriggerView[] => {
        if (file.script !== undefined)
          return file.script.triggers.map((trigger) => viewOf(trigger, file));
        return [brokenView(file)];
      }),
    facts: () => ({
      ...hosts.facts(),
      openEvents: dispatch.openEvents(),
      batches: dispatch.batches(),
      triggers: scripts.files().flatMap((file): Readings["triggers"] => {
        if (file.script === undefined) return [{ ...brokenView(file), tookMs: 0 }];
        return file.script.triggers.map((trigger) => ({
          ...viewOf(trigger, file),
          tookMs: trigger.us / 1_000,
        }));
      }),
    }),
    async rescan() {
      await rescan();
    },
    changed: () => new Promise((resolve) => waiters.push(resolve)),
    async close() {
      await unwatch();
      dispatch.close();
      await hosts.close();
    },
  };
}

/** Why a folder could not be read, in words. */
function whyNot(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "it is not there";
  if (code === "ENOTDIR") return "it is no folder";
  return error.message;
}

/** A file of which nothing has ever run: which triggers it would have is not known. */
function brokenView(file: ScriptFile): TriggerView {
  return {
    name: file.file.replace(/\.ts$/, ""),
    event: "",
    file: file.file,
    order: 0,
    version: 0,
    state: "broken",
    detail: `${file.fault ?? ""}; nothing of it runs`,
    sinceMs: file.faultSinceMs,
    runs: 0,
    faults: 0,
  };
}
