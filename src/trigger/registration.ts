import type { DueTimes } from "../model/due-times.ts";
import { type EventConditions, eventConditionsOf } from "./conditions.ts";
import type { RequestKind } from "./request.ts";
import { dueTimes } from "./schedule.ts";
import type { ChannelChange } from "../model/channel-change.ts";
import type { AccountEvent, SessionEvent } from "../model/event.ts";
import type { FinalStatus } from "./sdk-events.ts";
import { forMsUsual } from "./limits.ts";
import { handlersMax } from "./slot.ts";

/** One trigger of a file, as it registered itself. */
export interface Registration {
  readonly event: RequestKind;
  readonly name: string;
  readonly order: number;
  /** undefined: every channel. */
  readonly channels: ReadonlySet<string> | undefined;
  /**
   * What must have happened: statuses, what becomes of a channel or a session, or of a schedule the
   * name of this trigger; empty for every other kind of event.
   */
  readonly happenings: ReadonlySet<string>;
  /** What the event itself must have; undefined: nothing. */
  readonly conditions: EventConditions | undefined;
  /** When it runs by the clock; undefined for every other kind of event. */
  readonly schedule: DueTimes | undefined;
  /** Milliseconds that a change of a channel must have lasted; means nothing elsewhere. */
  readonly forMs: number;
  readonly skip: boolean;
}

const COMMON: readonly string[] = ["channels", "order", "name", "onFault"];

/** The conditions that a trigger of each kind of event may have. */
const CONDITIONS: Record<RequestKind, readonly string[]> = {
  bind: ["accounts", ...COMMON],
  message: ["accounts", "from", "to", "text", ...COMMON],
  report: ["accounts", "from", "to", ...COMMON],
  status: ["status", "accounts", "from", "to", ...COMMON],
  channel: ["what", "forMs", ...COMMON],
  session: ["what", "accounts", ...COMMON],
  account: ["what", "accounts", "order", "name", "onFault"],
  schedule: ["cron", "zone", "order", "name", "onFault"],
};

const FINAL: readonly string[] = [
  "DELIVERED",
  "NOTDELIVERED",
  "NOREPORT",
  "FAILED",
  "EXPIRED",
  "CANCELLED",
] satisfies FinalStatus[];

const CHANGES: readonly string[] = [
  "up",
  "down",
  "paused",
  "drained",
  "resumed",
] satisfies ChannelChange[];

const ENDS: readonly string[] = ["bound", "ended"] satisfies SessionEvent["what"][];

const LOWS: readonly string[] = ["low"] satisfies AccountEvent["what"][];

/** What may happen, of the kinds of event where a trigger may choose; where, it says in `condition`. */
const HAPPENINGS: Partial<
  Record<RequestKind, { readonly condition: string; readonly all: readonly string[] }>
> = {
  status: { condition: "status", all: FINAL },
  channel: { condition: "what", all: CHANGES },
  session: { condition: "what", all: ENDS },
  account: { condition: "what", all: LOWS },
};

/** Ten times a second is as often as a channel that flaps may be told of. */
const forMsLeast = 100;

/** A day: what has lasted that long was told long ago. */
const forMsMost = 86_400_000;

const triggerName = /^[\w.-]{1,64}$/;

/** Channels that one trigger may name; more is meant to be all of them. */
const namesMax = 1000;

/**
 * Reads what a script registered; it is text out of an isolate, so all of it is checked. Gives one
 * sentence about what is wrong if something is.
 */
export function registrationsOf(text: string): readonly Registration[] | string {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    // Only a script that tampers with its runtime gets here.
    return "registers what cannot be read";
  }
  if (!Array.isArray(list) || list.length === 0)
    return "registers no trigger; call onBind, onMessage, onReport, onStatus, onChannel, onSession, onAccount or onSchedule";
  if (list.length > handlersMax)
    return `registers ${list.length} triggers; ${handlersMax} are allowed in one file`;
  const registrations: Registration[] = [];
  const names = new Set<string>();
  for (const item of list as unknown[]) {
    const registration = registrationOf(item);
    if (typeof registration === "string") return registration;
    if (names.has(registration.name)) return `two triggers of the name ${registration.name}`;
    names.add(registration.name);
    registrations.push(registration);
  }
  return registrations;
}

function registrationOf(item: unknown): Registration | string {
  if (!isRecord(item) || !isKind(item["event"])) return "registers for an event that is not there";
  const event = item["event"];
  const conditions = item["conditions"];
  if (!isRecord(conditions))
    return "a trigger needs its conditions first, then its handler; {} stands for none";
  if (item["handler"] !== "function") return "a trigger needs a handler after its conditions";
  for (const field of Object.keys(conditions))
    if (!CONDITIONS[event].includes(field))
      return `the condition ${field} is unknown for a ${event}; there are ${CONDITIONS[event].join(", ")}`;
  const { channels, order = 100, onFault = "undecided" } = conditions;
  const choice = HAPPENINGS[event];
  const happenings = choice === undefined ? [] : (conditions[choice.condition] ?? choice.all);
  const { forMs = forMsUsual } = conditions;
  const name = conditions["name"] ?? item["exported"];
  if (name === undefined) return "a trigger without a name: export it, or give it one";
  if (typeof name !== "string" || !triggerName.test(name))
    return "a trigger's name has 1-64 letters, digits, _, . or -";
  if (typeof order !== "number" || !Number.isFinite(order)) return `order of ${name} is no number`;
  if (onFault !== "undecided" && onFault !== "skip")
    return `onFault of ${name} is neither undecided nor skip`;
  if (channels !== undefined && !isNames(channels))
    return `channels of ${name} is not a list of 1-${namesMax} names`;
  const wanted = eventConditionsOf(conditions, name);
  if (typeof wanted === "string") return wanted;
  const schedule = event === "schedule" ? scheduleOf(conditions, name) : undefined;
  if (typeof schedule === "string") return schedule;
  if (!areOf(happenings, choice?.all ?? []))
    return `${choice?.condition} of ${name} is not a list of ${choice?.all.join(", ")}`;
  if (!isDuration(forMs))
    return `forMs of ${name} is no whole number from ${forMsLeast} to ${forMsMost}`;
  return {
    event,
    name,
    order,
    channels: channels === undefined ? undefined : new Set(channels),
    happenings: new Set(schedule === undefined ? happenings : [name]),
    conditions: wanted,
    schedule,
    forMs,
    skip: onFault === "skip",
  };
}

function scheduleOf(conditions: Record<string, unknown>, name: string): DueTimes | string {
  const { cron, zone = "UTC" } = conditions;
  if (typeof cron !== "string") return `cron of ${name} is not there; "0 9 * * 1-5" is an example`;
  if (typeof zone !== "string") return `zone of ${name} is no text such as "Europe/Amsterdam"`;
  const times = dueTimes(cron, zone);
  return "fault" in times ? `schedule of ${name}: ${times.fault}` : times;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isKind(value: unknown): value is RequestKind {
  return typeof value === "string" && Object.hasOwn(CONDITIONS, value);
}

function areOf(value: unknown, all: readonly string[]): value is readonly string[] {
  if (all.length === 0) return Array.isArray(value) && value.length === 0;
  return isNames(value) && value.every((one) => all.includes(one));
}

function isDuration(value: unknown): value is number {
  return (
    typeof value === "number" &&
    Number.isInteger(value) &&
    value >= forMsLeast &&
    value <= forMsMost
  );
}

function isNames(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.length <= namesMax &&
    value.every((name) => typeof name === "string" && name !== "")
  );
}
