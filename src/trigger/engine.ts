import type { Clock } from "../model/clock.ts";
import { rule, type Ruling } from "../model/decision.ts";
import { GatewayError } from "../model/error.ts";
import type { Log } from "../model/log.ts";
import type { Readings } from "../model/meter.ts";
import type { TriggerView } from "../model/view.ts";
import { type Tables, tablesOf } from "./canary.ts";
import { openControl, type TriggerControl } from "./control.ts";
import { openDispatch } from "./dispatch.ts";
import { failing } from "./failing.ts";
import { type FleetFacts, openFleet } from "./fleet.ts";
import { watchFolder } from "./folder.ts";
import { type FindHostFunction, type HostFunctions, openHostCalls } from "./host-calls.ts";
import { hostProgram } from "./host-program.ts";
import type { EarlyLook } from "./look.ts";
import type { TriggerLimits } from "./limits.ts";
import { viewsOf } from "./listing.ts";
import { type EngineRequest, requestFacts } from "./request.ts";
import { isolateOf } from "./slot.ts";
import type { LiveTrigger, Routes, Script } from "./routes.ts";
import { type Approve, openScripts } from "./scripts.ts";
import { forgetfulKeeper, type VersionKeeper } from "./versions.ts";

export type { HostFunction, HostFunctions } from "./host-calls.ts";

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
  /** The triggers that run by the clock. The same list as long as the triggers are the same. */
  schedules(): Routes["schedules"];
  /** Every trigger, and every file that has none because it is broken. */
  list(): readonly TriggerView[];
  /** What operators settle about triggers. */
  readonly control: TriggerControl;
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
  /** Where versions are kept; in memory when left out. */
  readonly keeper?: VersionKeeper;
  /** A last word on each file that could be loaded, before it runs; what it says is a fault of the file. */
  readonly approve?: Approve;
  /** Of `lookEarly`: then the start does not wait for a look of its own. */
  readonly early?: Promise<EarlyLook>;
  /** For a rehearsal: neither a watch nor a spare, and of the folder only what it takes. */
  readonly briefly?: { takes(file: string): boolean; readonly find: FindHostFunction };
}

/** Rejects with `bad_configuration` when the folder cannot be read. Broken files do not stop it. */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const { directory, limits, log, clock } = options;
  const keeper = options.keeper ?? forgetfulKeeper();
  const state = await keeper.state();
  let tables: Tables = tablesOf([], () => false);
  const bySlot = new Map<number, LiveTrigger>();
  const waiters: (() => void)[] = [];

  const dispatch = openDispatch({
    limits,
    clock,
    log,
    calls: openHostCalls(options.briefly?.find ?? options.calls, limits, log),
    strike,
    faulted,
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
    takes: options.briefly?.takes,
    early: options.early,
    clock,
    log,
    limits,
    keeper,
    state,
    approve: options.approve,
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

  const control = openControl({
    scripts,
    keeper,
    disabled: state.disabled,
    clock,
    log,
    switched: reroute,
  });
  const listing = {
    disabledBy: control.disabledBy,
    nowMs: () => clock.nowMs(),
    unknownChannels: (trigger: LiveTrigger) =>
      unknownChannels([trigger]).map(({ channel }) => channel),
  };

  function reroute(): void {
    tables = tablesOf(scripts.files(), (name) => control.disabledBy(name) !== undefined);
  }

  /**
   * Who may come in is not to be decided without a trigger only because that one has never loaded: by the
   * accounts of the configuration file, that is.
   */
  function lostBind(request: EngineRequest): Ruling | undefined {
    if (request.kind !== "bind") return undefined;
    const lost = scripts.files().find(({ mayBind }) => mayBind);
    if (lost === undefined) return undefined;
    const text = `${lost.file} has never loaded, and may be for binds`;
    return { verdict: "undecided", fault: "trigger_unavailable", text, ran: [] };
  }

  /** Which triggers there are for this event. */
  function routesFor(request: EngineRequest): Routes {
    return tables.routesFor === undefined ? tables.most : tables.routesFor(request);
  }

  /** A version that is on trial goes back when it fails too often. */
  function faulted({ script }: LiveTrigger): void {
    if (!isOnTrial(script)) return;
    const why = failing(script, limits);
    if (why !== undefined) control.takeBack(script, why);
  }

  function isOnTrial(script: Script): boolean {
    if (script.retired) return false;
    const { isNew, version, sinceMs } = script;
    const isFresh = isNew && version > 1 && clock.nowMs() < sinceMs + limits.freshMs;
    return isFresh || scripts.known(script.file)?.candidate === script;
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
    trigger.quarantine = `in quarantine until ${trigger.file} changes or it is released, because ${why}`;
    log.error({ trigger: trigger.name, file: trigger.file, why }, "A trigger is in quarantine.");
    reroute();
    hosts.quarantine(trigger.slot);
    dispatch.quarantined(trigger);
    if (isOnTrial(trigger.script)) control.takeBack(trigger.script, why);
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
    if (options.briefly === undefined)
      unwatch = await watchFolder(directory, limits.saveQuietMs, log, () =>
        rescan(limits.saveQuietMs).catch((error: unknown) => {
          log.error({ directory, why: whyNot(error) }, "The trigger folder cannot be read.");
          return true;
        }),
      );
    await rescan();
    if (options.briefly === undefined) hosts.startSpare();
  } catch (error) {
    await unwatch();
    await hosts.close();
    const text = `The trigger folder ${directory} cannot be used: ${whyNot(error)}.`;
    throw new GatewayError("bad_configuration", text, { cause: error });
  }

  return {
    decide(request) {
      const facts = requestFacts(request);
      const chain = routesFor(request).chainFor(facts, request);
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
      if (chain.triggers.length === 0)
        return Promise.resolve(lostBind(request) ?? rule(chain.absent, facts.silence));
      return dispatch.decide(request, facts, chain);
    },
    wants(request) {
      const { triggers, unavailable } = routesFor(request).chainFor(requestFacts(request), request);
      return triggers.length > 0 || unavailable !== undefined;
    },
    waitsFor: (channel) => tables.most.waitsFor(channel),
    schedules: () => tables.most.schedules,
    list: () => scripts.files().flatMap((file) => viewsOf(file, listing)),
    control,
    facts: () => ({
      ...hosts.facts(),
      openEvents: dispatch.openEvents(),
      batches: dispatch.batches(),
      triggers: scripts
        .files()
        .flatMap((file): Readings["triggers"] =>
          viewsOf(file, listing).map((view) => ({ ...view, tookMs: view.meanMs * view.runs })),
        ),
    }),
    async rescan() {
      await rescan();
    },
    changed: () => new Promise((resolve) => waiters.push(resolve)),
    async close() {
      await unwatch();
      await scripts.kept();
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
