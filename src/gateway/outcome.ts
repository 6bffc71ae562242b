import type { SendResult } from "../channel/channel.ts";
import {
  type BackupPolicy,
  type Failure,
  type FailurePolicy,
  type FailureRule,
  type Way,
  type Ways,
  failureFrom,
  isUncertain,
  labelOf,
  noWays,
  refusal,
  retryFirstMs,
  retryMostMs,
  ruleFor,
  standardPolicy,
  toldOf,
} from "../model/failure-policy.ts";
import type { Status } from "../model/status.ts";
import { queueParts } from "./queue-name.ts";

/** What follows from a peer's answer, or from none. */
export type Outcome =
  | {
      readonly do: "finish";
      readonly status: Status;
      readonly error: string | undefined;
      readonly providerId: string | undefined;
      /** The channel is left alone for so long; not when left out. */
      readonly pauseMs?: number;
    }
  | Again
  | Onward;

/** It waits for this channel once more. */
export interface Again {
  readonly do: "again";
  readonly waitMs: number;
  /** undefined where the parts of a message have their own. */
  readonly error: string | undefined;
  /** The peer may have it already. */
  readonly uncertain: boolean;
  /** Behind the others; before them when left out. */
  readonly tail?: true;
  readonly pauseMs?: number;
  /** A backup was to have it and is not there. */
  readonly backupAway?: BackupPolicy;
  /** What is to be known at the next failure; left out where nothing is. */
  readonly ways?: Ways;
}

/** It waits for another channel. */
export interface Onward {
  readonly do: "onward";
  readonly queue: string;
  readonly waitMs: number;
  readonly error: string | undefined;
  readonly uncertain: boolean;
  readonly pauseMs?: number;
  readonly ways: Ways;
  /** For the trace: what happened on the channel that it leaves. */
  readonly because: string;
  /** It goes to a backup, not by one of its own ways. */
  readonly backup?: BackupPolicy;
}

/** How a message stands when it is decided what follows. */
export interface Stand {
  readonly queue: string;
  /** Tries before this one. */
  readonly tries: number;
  readonly expiresMs: number;
  readonly nowMs: number;
  /** A peer may have it from an earlier try. */
  readonly maybeTwice: boolean;
  readonly ways: Ways | undefined;
  readonly policy: FailurePolicy;
  /** Of the channel whose backup it is with. */
  readonly homePolicy?: FailurePolicy | undefined;
  /** A message could be handed over there now (`up`), could wait there (`down`), or neither. */
  readonly stateOf: (queue: string) => "up" | "down" | "gone";
  /** The queue of a backup; undefined when its target leads nowhere. */
  readonly backupQueue?: (backup: BackupPolicy) => string | undefined;
  /** Somebody has a part of it already, so nobody else may get the rest. */
  readonly stays?: boolean;
}

export function outcomeOf(
  result: SendResult,
  given: Partial<Stand> &
    Pick<Stand, "tries" | "expiresMs" | "nowMs"> & {
      /** What a message becomes that the peer has taken. */
      readonly taken: Status;
      /** It is not tried again, whatever the answer; it is when left out. */
      readonly once?: boolean;
    },
): Outcome {
  if (result.kind === "taken") return finish(given.taken, undefined, result.providerId);
  const { text, ...failure } = failureOf(result);
  if (given.once === true) return finish("FAILED", text);
  const stand: Stand = {
    queue: "",
    maybeTwice: false,
    ways: undefined,
    policy: standardPolicy,
    stateOf: () => "gone",
    ...given,
  };
  const rule = ruleFor(stand.policy, failure);
  if (rule === undefined) return finish("FAILED", text);
  const one = caseOf(failure, text, rule, stand);
  const outcome =
    stand.ways?.home === undefined ? afterFailure(one) : fromBackup(one, stand.ways.home);
  return rule.pauseMs > 0 ? { ...outcome, pauseMs: rule.pauseMs } : outcome;
}

/**
 * A message that was not handed over, because its channel is away or left alone: where it goes instead;
 * undefined when it waits. `why` is for the trace.
 */
export function divertedTo(why: string, stand: Stand): Onward | undefined {
  const { ways = noWays, maybeTwice, policy, queue } = stand;
  if (maybeTwice && !mayDouble(policy)) return undefined;
  const told = { error: undefined, waitMs: 0, uncertain: false, because: why } as const;
  const backup = ways.home === undefined ? backupOf(stand) : undefined;
  if (backup !== undefined && stand.stateOf(backup.queue) === "up") {
    const home = { queue, tries: stand.tries - ways.since, failures: ways.failures };
    const moved: Ways = { left: ways.left, since: stand.tries, failures: {}, home, backedUp: true };
    return { do: "onward", queue: backup.queue, ...told, ways: moved, backup: backup.policy };
  }
  const next = nextWay(stand, "up");
  if (next === undefined) return undefined;
  const moved = elsewhere(ways, next, stand.tries);
  return { do: "onward", queue: next.way.queue, ...told, ways: moved };
}

/** One failure with all that it takes to decide what follows. */
interface Case {
  readonly failure: Failure;
  readonly text: string;
  readonly rule: FailureRule;
  readonly stand: Stand;
  /** With this failure. */
  readonly counted: Ways;
  /** Nobody may have it, or the policy does not mind. */
  readonly mayLeave: boolean;
}

function caseOf(failure: Failure, text: string, rule: FailureRule, stand: Stand): Case {
  const { ways = noWays, maybeTwice, policy, stays = false } = stand;
  const label = labelOf(failure);
  const failures = { ...ways.failures, [label]: (ways.failures[label] ?? 0) + 1 };
  // A rule for time-outs that names the next route has said so itself.
  const isSure = !maybeTwice && !isUncertain(failure);
  const mayLeave = !stays && (isSure || mayDouble(policy));
  return { failure, text, rule, stand, counted: { ...ways, failures }, mayLeave };
}

/** What the policy says of a try that has failed on a way of the message's own. */
function afterFailure(given: Case): Outcome {
  const { failure, text, rule, stand, counted, mayLeave } = given;
  const { policy, tries, ways = noWays, expiresMs, nowMs } = stand;
  const backup = isForNow(failure) && mayLeave ? backupOf(stand) : undefined;
  if (backup !== undefined && stand.stateOf(backup.queue) === "up")
    return toBackup(given, backup.queue, backup.policy);
  const triesHere = tries - ways.since + 1;
  const failedSo = countFor(rule, policy, counted, stand.ways === undefined ? triesHere : 0);
  const isUsedUp =
    failedSo > (rule.retries ?? Infinity) || triesHere > (policy.retries ?? Infinity);
  const waitMs = Math.min(rule.againMs * 2 ** Math.min(30, failedSo - 1), rule.againMostMs);
  // Not again before the validity ends, so it ends now, with this as its reason.
  const isTooLate = nowMs + waitMs >= expiresMs;
  const mayGo = mayLeave && rule.nextRoute !== undefined;
  const isLast = isUsedUp || isTooLate;
  if (mayGo && (isLast || failedSo > (rule.nextRoute ?? Infinity))) {
    const next = nextWay(stand, "up") ?? (isLast ? nextWay(stand, "down") : undefined);
    if (next !== undefined) return onward(given, next);
  }
  if (isUsedUp) return finish("FAILED", text);
  if (isTooLate) return finish("EXPIRED", text);
  const outcome = again(given, waitMs);
  // Told once.
  return backup === undefined || triesHere > 1
    ? outcome
    : { ...outcome, backupAway: backup.policy };
}

/** What is kept grows by what is needed only: most messages need nothing. */
function again({ failure, text, rule, stand, counted }: Case, waitMs: number): Again {
  const isKept = stand.ways !== undefined || countsByReason(stand.policy);
  return {
    do: "again",
    waitMs,
    error: text,
    uncertain: isUncertain(failure),
    ...(rule.place === "tail" ? { tail: true } : {}),
    ...(isKept ? { ways: counted } : {}),
  };
}

function onward({ failure, text, stand, counted }: Case, next: Next): Onward {
  return {
    do: "onward",
    queue: next.way.queue,
    waitMs: 0,
    error: text,
    uncertain: isUncertain(failure),
    ways: elsewhere(counted, next, stand.tries + 1),
    because: toldOf(channelOf(stand.queue), counted.failures),
  };
}

function elsewhere({ backedUp }: Ways, { way, left }: Next, since: number): Ways {
  const { price } = way;
  return {
    left,
    since,
    failures: {},
    ...(backedUp === true && { backedUp }),
    ...(price !== undefined && { price }),
  };
}

function toBackup({ text, stand, counted }: Case, queue: string, backup: BackupPolicy): Onward {
  const { failures, since, left } = counted;
  const home = { queue: stand.queue, tries: stand.tries - since + 1, failures };
  return {
    do: "onward",
    queue,
    waitMs: 0,
    error: text,
    uncertain: false,
    ways: { left, since: stand.tries + 1, failures: {}, home, backedUp: true },
    because: toldOf(channelOf(stand.queue), failures),
    backup,
  };
}

/** The backup gets it once: by its word it ends, or it goes on as if there had been none. */
function fromBackup(given: Case, home: NonNullable<Ways["home"]>): Outcome {
  const { failure, text, stand, mayLeave } = given;
  const { tries, ways = noWays, expiresMs, nowMs } = stand;
  const { backup, retries = Infinity } = stand.homePolicy ?? standardPolicy;
  if (!isForNow(failure) && !isUncertain(failure) && backup?.trusted === true)
    return finish("FAILED", text);
  const triesHere = tries - ways.since + 1;
  const doubled = (times: number): number =>
    Math.min(retryFirstMs * 2 ** Math.min(30, times - 1), retryMostMs);
  if (!mayLeave) {
    // Where the backup may have it, nobody else gets it.
    const waitMs = doubled(triesHere);
    return nowMs + waitMs < expiresMs ? again(given, waitMs) : finish("EXPIRED", text);
  }
  const next = nextWay(stand, "up");
  if (next !== undefined) return onward(given, next);
  const waitMs = doubled(Math.max(1, home.tries));
  if (home.tries > retries) return finish("FAILED", text);
  if (nowMs + waitMs >= expiresMs) return finish("EXPIRED", text);
  const back = onward(given, { way: { queue: home.queue }, left: ways.left });
  const since = tries + 1 - home.tries;
  return { ...back, waitMs, ways: { ...back.ways, since, failures: home.failures } };
}

interface Next {
  readonly way: Way;
  readonly left: readonly Way[];
}

/** The best way in that state; each is taken once, and those before it that were not stay. */
function nextWay({ ways, stateOf, queue }: Stand, wanted: "up" | "down"): Next | undefined {
  const all = ways?.left ?? [];
  const at = all.findIndex((way) => way.queue !== queue && stateOf(way.queue) === wanted);
  const way = all[at];
  return way === undefined ? undefined : { way, left: all.filter((one) => one !== way) };
}

function backupOf({ policy, ways, backupQueue, queue }: Stand) {
  const { backup } = policy;
  if (backup === undefined || ways?.backedUp === true) return undefined;
  const to = backupQueue?.(backup);
  return to === undefined || to === queue ? undefined : { queue: to, policy: backup };
}

/** Of all failures on this channel those that this rule is for; `all` where they are not counted apart. */
function countFor(
  rule: FailureRule,
  policy: FailurePolicy,
  { failures }: Ways,
  all: number,
): number {
  let sum = 0;
  for (const [label, times] of Object.entries(failures))
    if (ruleFor(policy, failureFrom(label)) === rule) sum += times;
  return countsByReason(policy) ? sum : Math.max(sum, all);
}

/** Retries that are limited by their reason are counted by it, and that is kept. */
function countsByReason({ rules }: FailurePolicy): boolean {
  return rules.some(({ retries = 0 }) => retries > 0);
}

/** Whoever may have it keeps it, unless the rule for time-outs says that it goes on all the same. */
function mayDouble(policy: FailurePolicy): boolean {
  return ruleFor(policy, { status: undefined, class: "timeout" })?.nextRoute !== undefined;
}

function isForNow({ class: kind }: Failure): boolean {
  return kind === "temporary";
}

function failureOf(result: Exclude<SendResult, { readonly kind: "taken" }>): Failure & {
  readonly text: string;
} {
  switch (result.kind) {
    case "refused":
      return { ...refusal(result.status), text: result.text };
    case "uncertain": {
      const isLost = result.why === "connection_lost";
      return { status: undefined, class: isLost ? "connectionLost" : "timeout", text: result.why };
    }
    case "impossible":
      return { status: undefined, class: "unwritable", text: `${result.code}: ${result.text}` };
  }
}

export function channelOf(queue: string): string {
  return queueParts(queue).channel;
}

function finish(
  status: Status,
  error: string | undefined,
  providerId?: string,
): Outcome & { do: "finish" } {
  return { do: "finish", status, error, providerId };
}
