import type { Clock } from "../model/clock.ts";
import { type Ran, rule, type Ruling } from "../model/decision.ts";
import type { ErrorCode } from "../model/error.ts";
import type { Log } from "../model/log.ts";
import { createPassing } from "../model/passing.ts";
import {
  type Answer,
  answersText,
  eventsText,
  type HostListener,
  type RanLine,
  type SentEvent,
} from "./batch.ts";
import { type Deadline, openDeadline } from "../model/deadline.ts";
import type { Caller, HostCalls } from "./host-calls.ts";
import type { Death, HostProcess } from "./host-process.ts";
import type { TriggerLimits } from "./limits.ts";
import { type Faulted, faultOf, noteCharactersMax, ranOf } from "./outcome.ts";
import { loggedText } from "./logged.ts";
import type { Fault } from "./position.ts";
import { recordingOf } from "./recording.ts";
import { type EngineRequest, type RequestFacts, type RequestKind, tupleText } from "./request.ts";
import { type Chain, chainOf, type LiveTrigger, type Script } from "./routes.ts";

/** The events that are not decided yet: queued, with a host, or waiting for a host call. */
export interface Dispatch {
  /** Decides an event that matches at least one trigger. Never rejects. */
  decide(request: EngineRequest, facts: RequestFacts, chain: Chain): Promise<Ruling>;
  listenerOf(host: HostProcess): HostListener;
  /** Gives what waits, and all that comes, to this host until it dies. */
  hostUp(host: HostProcess): void;
  /** Takes back what a dead host had. */
  hostDied(host: HostProcess, death: Death): void;
  /** Events that wait for this trigger, which was quarantined, are decided without it. */
  quarantined(trigger: LiveTrigger): void;
  openEvents(): number;
  /** Batches that were handed to a host since the start. */
  batches(): number;
  close(): void;
}

export interface DispatchOwner {
  readonly limits: TriggerLimits;
  readonly clock: Clock;
  readonly log: Log;
  readonly calls: HostCalls;
  /** Something went wrong in it; it is counted already. */
  faulted(trigger: LiveTrigger): void;
  /** The trigger overran or took a host down. */
  strike(trigger: LiveTrigger, why: string): void;
  /** The last event that needed a retired script has ended. */
  drained(script: Script): void;
  triggerAt(slot: number): LiveTrigger | undefined;
}

interface OpenEvent extends Caller, SentEvent {
  readonly facts: RequestFacts;
  chain: Chain;
  slots: string;
  solo: boolean;
  host: HostProcess | undefined;
  /** Hosts that died while this event was alone in a trigger. */
  deaths: number;
  readonly deadline: Deadline<OpenEvent>;
  /** Of its deadline. */
  ticket: number;
  readonly resolve: (ruling: Ruling) => void;
}

/** Batches per kind with the host: one that it works on, one that waits in its pipe. */
const batchesOutMax = 2;

/** A trigger that fails for each of a thousand messages a second is told of once in that time. */
const quietMs = 1000;

export function openDispatch(owner: DispatchOwner): Dispatch {
  const { limits, clock } = owner;
  const eventDeadline = openDeadline(limits.eventDeadlineMs, clock, overdue);
  const statusDeadline = openDeadline(limits.statusDeadlineMs, clock, overdue);
  const open = createPassing<number, OpenEvent>();
  const queues = new Map<RequestKind, OpenEvent[]>();
  const answers: Answer[] = [];
  /** Until when no fault of a trigger is logged, in milliseconds of the clock. */
  const quietUntilMs = new WeakMap<LiveTrigger, number>();
  let active: HostProcess | undefined;
  let lastKey = 0;
  let batches = 0;
  let scheduled = false;

  /** Sends at the end of this turn of the event loop: what all sessions brought goes in one batch. */
  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(flush);
  }

  function flush(): void {
    scheduled = false;
    if (active === undefined) return;
    const host = active;
    if (answers.length > 0) host.send(answersText(answers.splice(0)));
    for (const [kind, queue] of queues) {
      while (queue.length > 0 && host.batchesOut(kind) < batchesOutMax) {
        const batch = queue.splice(0, limits.batchEventsMax).filter(isOpen);
        if (batch.length === 0) continue;
        for (const event of batch) event.host = host;
        batches += 1;
        host.sendEvents(kind, eventsText(kind, batch));
      }
    }
  }

  function isOpen(event: OpenEvent): boolean {
    return open.get(event.key) === event;
  }

  function queueOf(kind: RequestKind): OpenEvent[] {
    const queue = queues.get(kind) ?? [];
    queues.set(kind, queue);
    return queue;
  }

  function settle(event: OpenEvent, ruling: Ruling): void {
    if (!open.delete(event.key)) return;
    event.deadline.release(event.ticket);
    release(event.chain);
    event.resolve(ruling);
  }

  function hold(chain: Chain): void {
    for (const trigger of chain.triggers) {
      trigger.open++;
      trigger.script.open++;
    }
  }

  function release(chain: Chain): void {
    for (const trigger of chain.triggers) {
      trigger.open--;
      const { script } = trigger;
      if (--script.open === 0 && script.retired) owner.drained(script);
    }
  }

  /** Ends an event for whose decision the host is not waited any more. */
  function abandon(event: OpenEvent, fault: ErrorCode, text: string, ran: readonly Ran[]): void {
    if (!isOpen(event)) return;
    event.host?.send(`X${event.key}`);
    settle(event, { verdict: "undecided", fault, text, ran });
  }

  function overdue(event: OpenEvent): void {
    const { triggers } = event.chain;
    const names = triggers.map((trigger) => trigger.name).join(", ");
    const text = `${names} took longer than ${event.deadline.ms} ms${waitingFor(event)}`;
    // With several it is not known which one was at it; they share the blame in the text only.
    if (triggers.length === 1 && triggers[0] !== undefined) blame(triggers[0], { text });
    abandon(event, "decision_timeout", text, event.chain.absent);
  }

  /** Counts a fault and tells the log, of the same trigger once a second. */
  function blame(trigger: LiveTrigger, { text, source }: Fault): void {
    trigger.faults++;
    const atMs = clock.nowMs();
    owner.faulted(trigger);
    trigger.lastFault = { atMs, text, ...(source === undefined ? {} : { source }) };
    if (atMs < (quietUntilMs.get(trigger) ?? 0)) return;
    quietUntilMs.set(trigger, atMs + quietMs);
    const { name, file, version, faults } = trigger;
    owner.log.warn({ trigger: name, file, version, fault: text, source, faults }, "trigger fault");
  }

  function waitingFor(event: OpenEvent): string {
    for (const { call, answer } of event.record?.calls.values() ?? [])
      if (answer === undefined) return `, waiting for ${call.name}`;
    return "";
  }

  function ended(host: HostProcess, key: number, lines: readonly RanLine[]): void {
    const event = open.get(key);
    if (event === undefined || event.host !== host) return;
    const { kind } = event.facts;
    const ran: Ran[] = [...event.chain.absent];
    let stopped = false;
    const recording =
      event.record === undefined || limits.recordedCharactersMax === 0
        ? undefined
        : recordingOf(event.record, limits.recordedCharactersMax);
    for (const line of lines) {
      const trigger = event.chain.triggers.find((one) => one.slot === line.slot);
      if (trigger === undefined) continue;
      const { placed } = trigger.script;
      const one = ranOf(line, trigger, kind, limits, line.flag === "x" ? unplaced : placed);
      trigger.runs++;
      trigger.us += line.us;
      trigger.took.add(line.us);
      if ("fault" in one) {
        blame(trigger, one);
        stopped ||= !one.skipped;
      } else stopped ||= one.actions.some((action) => action.do === "reject");
      if (line.flag === "x") owner.strike(trigger, "fault" in one ? one.text : "");
      ran.push(recording === undefined ? one : recording.of(one, line.slot));
    }
    const last = event.chain.triggers.at(-1);
    const complete = stopped || lines.at(-1)?.slot === last?.slot;
    if (complete) settle(event, rule(ran, event.facts.silence));
    else settle(event, undecided("internal", "the host left out a trigger", ran));
  }

  function requeue(events: readonly OpenEvent[]): void {
    for (const event of events) {
      event.host = undefined;
      event.slots = event.chain.slots;
    }
    const kinds = new Set(events.map((event) => event.facts.kind));
    for (const kind of kinds)
      queueOf(kind).unshift(...events.filter((event) => event.facts.kind === kind));
  }

  /** Goes on without one trigger, or ends the event, as the trigger's `onFault` says. */
  function without(event: OpenEvent, trigger: LiveTrigger, fault: Faulted): void {
    const ran = [...event.chain.absent, fault];
    if (!fault.skipped) return settle(event, undecided(fault.fault, fault.text, ran));
    const rest = chainOf(
      event.chain.triggers.filter((one) => one !== trigger),
      ran,
    );
    hold(rest);
    release(event.chain);
    event.chain = rest;
    event.slots = rest.slots;
    if (rest.triggers.length === 0) settle(event, rule(ran, event.facts.silence));
  }

  return {
    decide(request, facts, chain) {
      const full = chain.triggers.find((trigger) => trigger.open >= limits.queuedEventsMax);
      if (full !== undefined) {
        const text = `${full.name} has ${limits.queuedEventsMax} events open`;
        return Promise.resolve(undecided("overloaded", text, chain.absent));
      }
      return new Promise((resolve) => {
        const key = ++lastKey;
        const event: OpenEvent = {
          key,
          request,
          facts,
          id: facts.id,
          atMs: Math.round(clock.nowMs()),
          deadline: facts.patient ? statusDeadline : eventDeadline,
          ticket: 0,
          tuple: tupleText(request),
          chain,
          slots: chain.slots,
          solo: false,
          host: undefined,
          deaths: 0,
          record: undefined,
          resolve,
          isOpen: () => open.has(key),
          answer(answer) {
            // Without a host the event is run again, and asks again.
            if (event.host === undefined) return;
            answers.push(answer);
            schedule();
          },
        };
        hold(chain);
        open.set(key, event);
        queueOf(facts.kind).push(event);
        event.ticket = event.deadline.hold(event);
        schedule();
      });
    },
    listenerOf: (host) => ({
      batchTaken: schedule,
      settled: (key, ran) => ended(host, key, ran),
      called(call) {
        const event = open.get(call.key);
        const trigger = event?.chain.triggers.find((one) => one.slot === call.slot);
        if (event === undefined || trigger === undefined || event.host !== host) return;
        const from = { trigger: trigger.name, file: trigger.file };
        const wrong = owner.calls.called(call, from, event);
        if (wrong === undefined) return;
        blame(trigger, { text: wrong });
        const ran = [...event.chain.absent, faultOf(trigger, "trigger_failed", wrong, 0)];
        abandon(event, "trigger_failed", wrong, ran);
      },
      logged(slot, text) {
        const trigger = owner.triggerAt(slot);
        owner.log.info(
          { trigger: trigger?.name, file: trigger?.file },
          loggedText(text, trigger?.script).slice(0, noteCharactersMax),
        );
      },
      reloaded(slot, why) {
        const trigger = owner.triggerAt(slot);
        owner.log.warn({ trigger: trigger?.name, why }, "A trigger was stopped and loaded anew.");
      },
      spent(slot, us) {
        const trigger = owner.triggerAt(slot);
        if (trigger !== undefined) trigger.cpuUs += us;
      },
    }),
    hostUp(host) {
      active = host;
      flush();
    },
    hostDied(host, death) {
      active = undefined;
      const culprit = death.slot > 0 ? owner.triggerAt(death.slot) : undefined;
      const had = [...open.values()].filter((event) => event.host === host);
      for (const event of had) {
        event.host = undefined;
        if (culprit === undefined || !event.chain.triggers.includes(culprit)) continue;
        event.solo = true;
        if (event.key !== death.key) continue;
        event.deaths++;
        // Whoever was killed from outside gets a second chance; who did it himself does not.
        if (!death.certain && event.deaths < 2) continue;
        culprit.runs++;
        const text = `took its host down: ${death.why}`;
        blame(culprit, { text });
        without(event, culprit, faultOf(culprit, "trigger_failed", text, 0));
      }
      answers.length = 0; // They were for events of that host, which ask again.
      requeue(had.filter(isOpen));
      if (culprit !== undefined && death.certain) owner.strike(culprit, death.why);
    },
    quarantined(trigger) {
      const text = trigger.quarantine ?? "";
      for (const event of open.values()) {
        if (event.host !== undefined || !event.chain.triggers.includes(trigger)) continue;
        without(event, trigger, faultOf(trigger, "trigger_unavailable", text, 0));
      }
    },
    openEvents: () => open.size,
    batches: () => batches,
    close() {
      eventDeadline.close();
      statusDeadline.close();
      for (const event of open.values())
        settle(event, undecided("internal", "the gateway was stopped", []));
    },
  };
}

/** What was stopped has no stack to find a place in. */
function unplaced(text: string): Fault {
  return { text };
}

function undecided(fault: ErrorCode, text: string, ran: readonly Ran[]): Ruling {
  return { verdict: "undecided", fault, text, ran };
}
