import type { Ran } from "../model/decision.ts";
import type { DueTimes } from "../model/due-times.ts";
import type { TriggerView } from "../model/view.ts";
import type { Built } from "./bundle.ts";
import type { Registration } from "./registration.ts";
import type { Took } from "./took.ts";
import { faultOf } from "./outcome.ts";
import type { Fault } from "./position.ts";
import type { EngineRequest, RequestFacts } from "./request.ts";
import { type Sieve, sieveOf } from "./sieve.ts";

/** A trigger of a loaded version, with what is counted of it. */
export interface LiveTrigger extends Registration {
  readonly file: string;
  readonly version: number;
  readonly slot: number;
  readonly script: Script;
  /** Why it is not run any more until its file changes; undefined while all is well. */
  quarantine: string | undefined;
  /** Events that have it in their chain and are not decided yet. */
  open: number;
  runs: number;
  faults: number;
  /** Microseconds that its runs took in all. */
  us: number;
  readonly took: Took;
  /** Microseconds of processor that it had in all, as V8 counts them: told about once a second. */
  cpuUs: number;
  /** The last thing that went wrong with it, for whoever mends it. */
  lastFault: TriggerView["lastFault"];
  /** When it overran or took a host down, within the last quarantineMs; milliseconds of the clock. */
  strikes: number[];
}

/** A loaded version of a file. */
export interface Script {
  readonly isolate: number;
  readonly file: string;
  readonly version: number;
  /** Never ran before this start. */
  readonly isNew: boolean;
  /** What it was loaded from, to load it anew. */
  readonly built: Built & { readonly ok: true };
  /** Milliseconds since 1970 UTC. */
  readonly sinceMs: number;
  readonly triggers: readonly LiveTrigger[];
  /** Puts the author's place before the text of a throw, and finds his line. */
  placed(stack: string): Fault;
  /** Of the version that ran before it, 0 to 1. */
  faultShareBefore: number;
  /** Events that still need it. */
  open: number;
  /** A newer version runs, or the file is gone: disposed of when the last event has ended. */
  retired: boolean;
}

/** Which triggers run for an event, in order. Made once for all events of the same facts. */
export interface Chain {
  readonly triggers: readonly LiveTrigger[];
  /** As the host wants it. */
  readonly slots: string;
  /** Quarantined ones that may be left out, for the trace. */
  readonly absent: readonly Ran[];
  /** A quarantined one that may not be left out: then the event is undecided. */
  readonly unavailable: LiveTrigger | undefined;
}

export interface Routes {
  chainFor(facts: RequestFacts, request: EngineRequest): Chain;
  /** Those that run by the clock. The same list as long as the triggers are the same. */
  readonly schedules: readonly { readonly name: string; readonly times: DueTimes }[];
  /** How long changes of this channel must last until some trigger is to be told, in milliseconds. */
  waitsFor(channel: string): ReadonlySet<number>;
}

/** Branches that are kept. There are about ten for each channel of the configuration. */
const branchesMax = 10_000;

/**
 * Chains that are kept of each branch: one for each set of triggers whose conditions one event has met.
 * When there are more, they are made anew, which takes some microseconds.
 */
const chainsMax = 1_000;

/** The triggers for all events of one kind, channel and happening. */
interface Branch {
  readonly triggers: readonly LiveTrigger[];
  /** undefined: none of them looks at the event itself, so `always` is the chain. */
  readonly sieve: Sieve | undefined;
  /** For an event that meets no condition. */
  readonly always: Chain;
  /** By the places of those whose conditions are met. */
  readonly chains: Map<string, Chain>;
}

/** All live triggers as a table. Replaced as a whole at each change. */
export function routesOf(triggers: readonly LiveTrigger[]): Routes {
  const sorted = [...triggers].sort(
    (a, b) => a.order - b.order || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
  const branches = new Map<string, Branch>();
  return {
    chainFor(facts, request) {
      const { kind, channel, happening } = facts;
      const key =
        happening === undefined
          ? `${kind} ${channel}`
          : `${kind} ${channel} ${happening} ${facts.forMs ?? 0}`;
      let branch = branches.get(key);
      if (branch === undefined) {
        branch = branchOf(
          sorted.filter(
            (trigger) =>
              trigger.event === kind &&
              isOn(trigger, channel) &&
              (happening === undefined || trigger.happenings.has(happening)) &&
              (facts.forMs === undefined || trigger.forMs === facts.forMs),
          ),
        );
        if (branches.size >= branchesMax) branches.clear();
        branches.set(key, branch);
      }
      return branch.sieve === undefined ? branch.always : sifted(branch, branch.sieve.met(request));
    },
    schedules: sorted.flatMap(({ name, schedule: times }) =>
      times === undefined ? [] : { name, times },
    ),
    waitsFor: (channel) =>
      new Set(
        triggers
          .filter((trigger) => trigger.event === "channel" && isOn(trigger, channel))
          .map((trigger) => trigger.forMs),
      ),
  };
}

function branchOf(triggers: readonly LiveTrigger[]): Branch {
  const conditions = triggers.map((trigger) => trigger.conditions);
  const sieve = conditions.every((one) => one === undefined) ? undefined : sieveOf(conditions);
  const always = chainOf(triggers.filter((trigger) => trigger.conditions === undefined));
  return { triggers, sieve, always, chains: new Map() };
}

function sifted(branch: Branch, met: readonly number[]): Chain {
  if (met.length === 0) return branch.always;
  const { triggers, chains } = branch;
  const key = met.join(",");
  let chain = chains.get(key);
  if (chain === undefined) {
    chain = chainOf(
      triggers.filter((trigger, at) => trigger.conditions === undefined || met.includes(at)),
    );
    if (chains.size >= chainsMax) chains.clear();
    chains.set(key, chain);
  }
  return chain;
}

function isOn(trigger: LiveTrigger, channel: string): boolean {
  return trigger.channels === undefined || trigger.channels.has(channel);
}

export function chainOf(matching: readonly LiveTrigger[], left: readonly Ran[] = []): Chain {
  const triggers = matching.filter((trigger) => trigger.quarantine === undefined);
  const absent = matching.filter((trigger) => trigger.quarantine !== undefined && trigger.skip);
  return {
    triggers,
    slots: triggers.map((trigger) => trigger.slot).join(","),
    absent: [
      ...left,
      ...absent.map((trigger) =>
        faultOf(trigger, "trigger_unavailable", trigger.quarantine ?? "", 0),
      ),
    ],
    unavailable: matching.find((trigger) => trigger.quarantine !== undefined && !trigger.skip),
  };
}
