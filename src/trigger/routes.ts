import type { Ran } from "../model/decision.ts";
import type { Registration } from "./registration.ts";
import { faultOf } from "./outcome.ts";
import type { RequestFacts } from "./request.ts";

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
  /** When it overran or took a host down, within the last quarantineMs; milliseconds of the clock. */
  strikes: number[];
}

/** A loaded version of a file. */
export interface Script {
  readonly isolate: number;
  readonly file: string;
  readonly version: number;
  /** Of its bundle. */
  readonly hash: string;
  /** Milliseconds since 1970 UTC. */
  readonly sinceMs: number;
  readonly triggers: readonly LiveTrigger[];
  /** Puts the author's place before the text of a throw. */
  placed(stack: string): string;
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
  chainFor(facts: RequestFacts): Chain;
  /** How long changes of this channel must last until some trigger is to be told, in milliseconds. */
  waitsFor(channel: string): ReadonlySet<number>;
}

/**
 * Chains that are kept. There are about ten for each channel of the configuration, and two for each
 * account where triggers look at sessions of some accounts only.
 */
const chainsMax = 10_000;

/** All live triggers as a table. Replaced as a whole at each change. */
export function routesOf(triggers: readonly LiveTrigger[]): Routes {
  const sorted = [...triggers].sort(
    (a, b) => a.order - b.order || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
  const chains = new Map<string, Chain>();
  const byAccount = triggers.some((trigger) => trigger.accounts !== undefined);
  return {
    chainFor(facts) {
      const { kind, channel, happening } = facts;
      const account = byAccount ? facts.account : undefined;
      const key =
        happening === undefined
          ? `${kind} ${channel}`
          : `${kind} ${channel} ${happening} ${facts.forMs ?? 0} ${account ?? ""}`;
      let chain = chains.get(key);
      if (chain === undefined) {
        chain = chainOf(
          sorted.filter(
            (trigger) =>
              trigger.event === kind &&
              isOn(trigger, channel) &&
              (happening === undefined || trigger.happenings.has(happening)) &&
              (facts.forMs === undefined || trigger.forMs === facts.forMs) &&
              (account === undefined || (trigger.accounts?.has(account) ?? true)),
          ),
        );
        if (chains.size >= chainsMax) chains.clear();
        chains.set(key, chain);
      }
      return chain;
    },
    waitsFor: (channel) =>
      new Set(
        triggers
          .filter((trigger) => trigger.event === "channel" && isOn(trigger, channel))
          .map((trigger) => trigger.forMs),
      ),
  };
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
