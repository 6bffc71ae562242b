import type { Clock } from "../model/clock.ts";
import type { Log } from "../model/log.ts";
import type { Arming, HostListener, LoadAnswer } from "./batch.ts";
import { type Death, type HostProcess, startHost } from "./host-process.ts";
import type { HostProgram } from "./host-program.ts";
import type { Bundle } from "./isolate.ts";
import type { TriggerLimits } from "./limits.ts";

/** The hosts: one works, one is warm, which means that it has every bundle loaded. */
export interface Fleet {
  /**
   * Loads a bundle into every host: first into the spare, where a bundle that hangs or crashes hurts
   * nobody. Gives what the script registered, unchecked, or why it cannot be loaded.
   */
  load(bundle: Bundle): Promise<LoadAnswer>;
  /**
   * From now on there is a spare: `spareAfterMs` later, or as soon as a bundle is to be loaded. To be called before
   * the first event; until then there is one host, which nothing else is given, so that the start does not wait for
   * two to load everything.
   */
  startSpare(): void;
  /** Tells every host the names of a bundle's triggers. To be called before an event is sent there. */
  arm(arming: Arming): void;
  unload(isolate: number): void;
  quarantine(slot: number): void;
  facts(): FleetFacts;
  close(): Promise<void>;
}

export interface FleetFacts {
  /** Process ids, the working one first. */
  readonly hosts: readonly number[];
  /** Deaths of hosts since the start. */
  readonly restarts: number;
}

export interface FleetOwner {
  readonly limits: TriggerLimits;
  readonly program: HostProgram;
  readonly log: Log;
  readonly clock: Clock;
  listenerOf(host: HostProcess): HostListener;
  /** A host with everything loaded begins to work: it is to be given the events. */
  activated(host: HostProcess): void;
  /** The host that worked has died, with what it was given. */
  died(host: HostProcess, death: Death): void;
  /** A bundle that was loaded before cannot be loaded any more, or registers something else. */
  spoiled(isolate: number, why: string): void;
}

interface Held {
  readonly bundle: Bundle;
  readonly registered: string;
  arming: Arming | undefined;
  /** Hosts in a row that died while they loaded it. */
  deaths: number;
}

interface Member {
  readonly host: HostProcess;
  readonly startedMs: number;
  up: boolean;
  /** Has all that is held. */
  warm: boolean;
  readonly has: Set<number>;
}

/** A host that dies within this time has a fault of its own: the next one is started later. */
const shortLifeMs = 1000;
const pauseMs = 100;
const pauseMsMax = 5000;

/** Deaths before the first host is up after which the start is given up. */
const startTriesMax = 4;

/**
 * Hosts in a row that may die while they load a bundle that was good before: a host that is killed
 * from outside, by an operator or for want of memory, is no fault of what it was loading.
 */
const loadDeathsMax = 3;

/** ms. Who has just been started has enough to do; a death before that costs the start of one host, 0.2 s. */
const spareAfterMs = 2_000;

/** Two hosts: with more, a memory-hungry script would cost more than it saves. */
const hostsMax = 2;

/** Resolves when a first host is up; rejects when none can be started. */
export async function openFleet(owner: FleetOwner): Promise<Fleet> {
  const { limits, log, clock } = owner;
  const held = new Map<number, Held>();
  const members = new Set<Member>();
  const waiters = new Set<() => void>();
  let active: Member | undefined;
  let restarts = 0;
  let lastDeath = "";
  let pause = 0;
  let timer: NodeJS.Timeout | undefined;
  let spareTimer: NodeJS.Timeout | undefined;
  let closing = false;
  let hostsWanted = 1;

  function start(): void {
    timer = undefined;
    if (closing) return;
    const member: Member = {
      host: startHost({
        limits,
        program: owner.program,
        clock,
        listenerOf: owner.listenerOf,
        started: () => void warmUp(member),
        loadedAnew: (answer) => check(answer),
        died: (_, death) => ended(member, death),
      }),
      startedMs: clock.tickMs(),
      up: false,
      warm: false,
      has: new Set(),
    };
    members.add(member);
  }

  async function warmUp(member: Member): Promise<void> {
    member.up = true;
    if (!(await complete(member))) return;
    member.warm = true;
    if (active === undefined) activate(member);
    for (const wake of waiters) wake();
  }

  /** Gives a host what it lacks; false when it died over it. */
  async function complete(member: Member): Promise<boolean> {
    const lacking = [...held.values()].filter(({ bundle }) => !member.has.has(bundle.isolate));
    const answers = lacking.map(async ({ bundle, arming }) => {
      member.has.add(bundle.isolate);
      const answer = member.host.load(bundle);
      if (arming !== undefined) member.host.send(`N${JSON.stringify(arming)}`);
      return answer;
    });
    for (const answer of await Promise.all(answers)) if (answer !== undefined) check(answer);
    return members.has(member);
  }

  function check(answer: LoadAnswer): void {
    const one = held.get(answer.isolate);
    if (one === undefined) return;
    one.deaths = 0;
    if ("fault" in answer) owner.spoiled(answer.isolate, answer.fault);
    else if (answer.registered !== one.registered)
      owner.spoiled(answer.isolate, "registers other triggers each time it is loaded");
  }

  function activate(member: Member): void {
    active = member;
    pause = 0;
    owner.activated(member.host);
  }

  function ended(member: Member, death: Death): void {
    members.delete(member);
    if (closing) return;
    restarts++;
    lastDeath = death.why;
    log.warn({ pid: member.host.pid, why: death.why }, "A trigger host died; another takes over.");
    const loading = -death.slot;
    const suspect = held.get(loading);
    // A bundle that was good and now takes one host down after the other must not go on like that.
    if (suspect !== undefined && (suspect.deaths += 1) >= loadDeathsMax) {
      held.delete(loading);
      owner.spoiled(loading, `took ${loadDeathsMax} hosts down: ${death.why}`);
    }
    const short = clock.tickMs() - member.startedMs < shortLifeMs;
    pause = short ? Math.min(Math.max(pauseMs, pause * 2), pauseMsMax) : 0;
    if (active === member) {
      active = undefined;
      owner.died(member.host, death);
      const next = [...members].find((one) => one.warm);
      if (next !== undefined) activate(next);
    }
    if (pause === 0) start();
    else timer ??= setTimeout(refill, pause);
    for (const wake of waiters) wake();
  }

  function refill(): void {
    timer = undefined;
    for (let count = members.size; count < hostsWanted; count++) start();
  }

  /** The spare as well, unless a death made it wait. */
  function refillNow(): void {
    clearTimeout(spareTimer);
    spareTimer = undefined;
    if (timer === undefined) refill();
  }

  /** The warm host that has no events; waits for it. */
  async function spare(): Promise<Member | undefined> {
    for (;;) {
      const isFree = (one: Member) => one.warm && (one !== active || hostsWanted === 1);
      const found = [...members].find(isFree);
      if (found !== undefined || closing) return found;
      if (spareTimer !== undefined) refillNow();
      await woken();
    }
  }

  function woken(): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        waiters.delete(wake);
        resolve();
      };
      waiters.add(wake);
    });
  }

  function sendAll(text: string, isolate: number): void {
    for (const member of members) if (member.has.has(isolate)) member.host.send(text);
  }

  refill();
  while (active === undefined) {
    if (restarts >= startTriesMax) {
      closing = true;
      clearTimeout(timer);
      await Promise.all([...members].map((one) => one.host.close()));
      throw new Error(`The trigger host cannot be started: ${lastDeath}`);
    }
    await woken();
  }

  return {
    async load(bundle) {
      const trial = await spare();
      const fault = (text: string) => ({ isolate: bundle.isolate, fault: text });
      if (trial === undefined) return fault("the gateway is being stopped");
      trial.has.add(bundle.isolate);
      const answer = await trial.host.load(bundle);
      if (answer === undefined) return fault("took its host down while it was loaded");
      if ("fault" in answer) {
        trial.has.delete(bundle.isolate);
        return answer;
      }
      held.set(bundle.isolate, {
        bundle,
        registered: answer.registered,
        arming: undefined,
        deaths: 0,
      });
      await Promise.all([...members].filter((one) => one.up).map(complete));
      return answer;
    },
    startSpare() {
      hostsWanted = hostsMax;
      spareTimer = setTimeout(refillNow, spareAfterMs);
    },
    arm(arming) {
      const one = held.get(arming.isolate);
      if (one !== undefined) one.arming = arming;
      sendAll(`N${JSON.stringify(arming)}`, arming.isolate);
    },
    unload(isolate) {
      held.delete(isolate);
      sendAll(`U${isolate}`, isolate);
      for (const member of members) member.has.delete(isolate);
    },
    quarantine(slot) {
      for (const member of members) if (member.up) member.host.send(`Q${slot}`);
    },
    facts() {
      const hosts = [...members].sort((a, b) => Number(b === active) - Number(a === active));
      return { hosts: hosts.map((one) => one.host.pid), restarts };
    },
    async close() {
      closing = true;
      clearTimeout(timer);
      clearTimeout(spareTimer);
      for (const wake of waiters) wake();
      await Promise.all([...members].map((one) => one.host.close()));
    },
  };
}
