import { RETRIED_STATUSES } from "./error.ts";

/** Milliseconds to the first retry; it doubles with each try up to the second number. */
export const retryFirstMs = 1_000;
export const retryMostMs = 60_000;

/**
 * What can go wrong with one try, apart from the number that a peer answers. `throttled`: 0x58;
 * `temporary`: every status after which the same may be tried again, that one included; `permanent`:
 * every other one; `timeout`, `connectionLost`: it was written and no answer came, so the peer may have
 * it; `unwritable`: it never left us, for example because no coding of the channel holds its text.
 */
export const FAILURE_CLASSES = [
  "throttled",
  "temporary",
  "permanent",
  "timeout",
  "connectionLost",
  "unwritable",
] as const;

export type FailureClass = (typeof FAILURE_CLASSES)[number];

/** What is done after one kind of failure. */
export interface FailureRule {
  /** A command_status, or all of a class; `any` is for all that can go wrong. */
  readonly on: readonly (number | FailureClass | "any")[];
  /** So many retries because of it, then FAILED; undefined: until the validity ends, then EXPIRED. */
  readonly retries: number | undefined;
  /** Where there is another way, it is taken after so many retries; undefined: never. */
  readonly nextRoute: number | undefined;
  /** ms. The first wait, and the longest: it doubles with each retry. */
  readonly againMs: number;
  readonly againMostMs: number;
  /** `tail`: behind all that wait for the channel by then. */
  readonly place: "head" | "tail";
  /** ms. Nothing is handed to the channel for so long, also no other message. */
  readonly pauseMs: number;
}

/** When a channel is left alone, because it fails too often. */
export interface BreakerPolicy {
  /** It opens after so many failures among the last `of` tries, all within `withinMs`. */
  readonly failures: number;
  readonly of: number;
  readonly withinMs: number;
  /** ms. Then one message is tried; when that fails it stays open as long again. */
  readonly openMs: number;
}

/** Who gets a message once, when its channel does not take it for now. */
export interface BackupPolicy {
  /** A channel, a target as in a route, or the system_id that we bind with. */
  readonly target: string;
  /** Its permanent refusals are final. */
  readonly trusted: boolean;
  /** What the trace says where it went when the address of the backup is not known. */
  readonly address: string | undefined;
}

/** What is done with the messages that a channel does not get rid of. */
export interface FailurePolicy {
  /** The first that matches counts; what none matches is final. */
  readonly rules: readonly FailureRule[];
  /** Retries on this channel in all, whatever the reasons; undefined: no such limit. */
  readonly retries: number | undefined;
  /** ms. So long a channel is away before what may go another way does; 0: it waits. */
  readonly awayMs: number;
  readonly backup: BackupPolicy | undefined;
  readonly breaker: BreakerPolicy | undefined;
}

const usual = {
  retries: undefined,
  nextRoute: undefined,
  againMs: retryFirstMs,
  againMostMs: retryMostMs,
  place: "head",
  pauseMs: 0,
} as const;

/** The rules behind all that are written: what is certainly not out may go another way, what is not stays. */
export const standardRules: readonly FailureRule[] = [
  { ...usual, on: ["temporary"], nextRoute: 1 },
  { ...usual, on: ["timeout", "connectionLost"] },
  { ...usual, on: ["permanent", "unwritable"], retries: 0, nextRoute: 0 },
];

export const standardPolicy: FailurePolicy = {
  rules: standardRules,
  retries: undefined,
  awayMs: 30_000,
  backup: undefined,
  breaker: undefined,
};

/** What one try has failed with. */
export interface Failure {
  /** undefined when the peer gave none. */
  readonly status: number | undefined;
  readonly class: Exclude<FailureClass, "throttled">;
}

/** A failure as it is counted: `0x58`, `timeout`, ... */
export function labelOf({ status, class: kind }: Failure): string {
  if (status === undefined) return kind;
  return `0x${status.toString(16).toUpperCase().padStart(2, "0")}`;
}

/** The other way round; a label that nobody made is a permanent refusal. */
export function failureFrom(label: string): Failure {
  if (label === "timeout" || label === "connectionLost" || label === "unwritable")
    return { status: undefined, class: label };
  return refusal(Number(label));
}

export function refusal(status: number): Failure {
  return { status, class: RETRIED_STATUSES.has(status) ? "temporary" : "permanent" };
}

/** Is this rule for that failure? */
export function isFor({ on }: Pick<FailureRule, "on">, { status, class: kind }: Failure): boolean {
  return on.some(
    (one) =>
      one === "any" ||
      one === kind ||
      (status !== undefined && (one === status || (one === "throttled" && status === 0x58))),
  );
}

export function ruleFor(policy: FailurePolicy, failure: Failure): FailureRule | undefined {
  return policy.rules.find((rule) => isFor(rule, failure));
}

/** The peer may have it. */
export function isUncertain({ class: kind }: Failure): boolean {
  return kind === "timeout" || kind === "connectionLost";
}

/** A way that a message has not taken yet. */
export interface Way {
  readonly queue: string;
  /** Of one short message there, where it is known. */
  readonly price?: string;
}

/**
 * What is known of the ways of a message that waits; kept with it, so that it survives a crash. Most
 * messages have none, and nothing is kept of them.
 */
export interface Ways {
  /** Best first. */
  readonly left: readonly Way[];
  /** Of the way that it is on since it left its first one, where it is known. */
  readonly price?: string;
  /** Tries that it had when it came to where it waits. */
  readonly since: number;
  /** Failures there, by label. */
  readonly failures: Readonly<Record<string, number>>;
  /** The channel that it comes from, while it is with that one's backup, and how it stood there. */
  readonly home?: {
    readonly queue: string;
    readonly tries: number;
    readonly failures: Readonly<Record<string, number>>;
  };
  /** A backup had it: it gets a message once. */
  readonly backedUp?: true;
}

export const noWays: Ways = { left: [], since: 0, failures: {} };

/** What happened on a channel: `SMPP1 answered 0x58 twice and did not answer once`. */
export function toldOf(channel: string, failures: Readonly<Record<string, number>>): string {
  const words = Object.entries(failures).map(([label, times]) => {
    const often = times === 1 ? "once" : times === 2 ? "twice" : `${times} times`;
    switch (label) {
      case "timeout":
        return `did not answer ${often}`;
      case "connectionLost":
        return `lost the connection ${often}`;
      case "unwritable":
        return "cannot write it";
      default:
        return `answered ${label} ${often}`;
    }
  });
  return words.length === 0 ? `${channel} did not take it` : `${channel} ${words.join(" and ")}`;
}
