import type { LedgerTally } from "./ledger-view.ts";
import type { Status } from "./status.ts";

/** How a peer's request was answered: `accepted`, `unanswered`, or the code of the refusal. */
export type AnswerCode = string | number;

/**
 * Counts what happens, for the metrics. Called on the hot path, so that each call costs well below a
 * microsecond; it never throws. Handed in; `log/metrics.ts` is the one that counts. What can be read
 * when metrics are asked for (queues, windows, sessions) is not counted but read: see `Readings`.
 */
export interface Meter {
  /** A message that came in was answered, after its commit. `account` is undefined for a provider's. */
  messageAnswered(message: {
    readonly channel: string;
    readonly account: string | undefined;
    readonly code: AnswerCode;
    readonly tookMs: number;
  }): void;
  bindAnswered(channel: string, code: AnswerCode): void;
  /**
   * What became of one try to hand a message to a peer. `status` is the peer's command_status where
   * it gave one.
   */
  handedOver(message: {
    readonly channel: string;
    readonly account: string | undefined;
    readonly result: "taken" | "refused" | "uncertain" | "impossible";
    readonly status: number | undefined;
    readonly tookMs: number;
  }): void;
  /** A message that went out has reached its end. */
  ended(channel: string, status: Status): void;
  /**
   * A provider told of a message. `delayMs` since the message was made, where it is known and this is
   * the first final report of it.
   */
  reported(report: {
    readonly channel: string;
    readonly state: string;
    readonly result: "applied" | "ignored" | "repeated" | "unmatched" | "refused";
    readonly delayMs: number | undefined;
  }): void;
  /** Something became a dead letter. */
  buried(kind: string): void;
  /** A flush ended. `committed`, `rolledBack`, or `unknown` when the connection died. */
  flushed(flush: {
    readonly operations: number;
    readonly result: "committed" | "rolledBack" | "unknown";
    readonly tookMs: number;
  }): void;
  /**
   * What became of one call of a customer's URL: `told`, `again` when it failed and will be tried again,
   * `dead` when it was given up.
   */
  hookCalled(account: string, result: "told" | "again" | "dead"): void;
  /** The admin port refused a request: `token`, `host`, or `flood` when the answer was 429. */
  adminRefused(why: "token" | "host" | "flood"): void;
}

/** For parts whose figures nobody reads. */
export const silentMeter: Meter = {
  messageAnswered() {},
  bindAnswered() {},
  handedOver() {},
  ended() {},
  reported() {},
  buried() {},
  flushed() {},
  hookCalled() {},
  adminRefused() {},
};

/** What the sessions of a channel may do and have done since the start. */
export interface Traffic {
  /** Requests of ours that all bound sessions together may have unanswered, and how many more now. */
  readonly windowRequests: number;
  readonly windowFree: number;
  /** Requests that the protocol refused by itself: broken, illegal in this state, too many. */
  readonly refused: number;
  /** Requests of ours without an answer in time, and answers that came after that. */
  readonly timedOut: number;
  readonly late: number;
  /** Answers that nobody waited for. */
  readonly stray: number;
  /** Calls to the sockets: how well what is written at a time goes together. */
  readonly writes: number;
  /** Requests over HTTP by the status of their answers; left out where none come in. */
  readonly httpAnswers?: ReadonlyMap<number, number>;
}

/** What is read in the moment in which metrics are asked for. */
export interface Readings {
  readonly channels: readonly {
    readonly name: string;
    /** `smpp-client`: what waits there waits for us; `smpp-server`: customers may be away for days. */
    readonly type: string;
    readonly up: boolean;
    /** A breaker of it is open, or half open. */
    readonly breakerOpen: boolean;
    readonly queued: number;
    readonly inFlight: number;
    readonly uncertain: number;
    /** When the first of those that wait was due, in milliseconds since 1970 UTC. */
    readonly oldestDueMs: number | undefined;
    readonly traffic: Traffic;
  }[];
  readonly sessions: readonly { readonly channel: string; readonly account: string }[];
  /** Of ours; `channel` is `admin` for that of the admin port. */
  readonly certificates: readonly {
    readonly channel: string;
    readonly path: string;
    readonly validUntilMs: number;
  }[];
  readonly triggers: readonly {
    readonly name: string;
    /** As in `TriggerView`. One of a canary is told besides the one that runs for most. */
    readonly state: "active" | "broken" | "quarantined" | "disabled" | "rolledBack" | "canary";
    readonly runs: number;
    readonly faults: number;
    readonly tookMs: number;
  }[];
  /** URLs of customers; `waiting` are the calls that are still to be made. */
  readonly webhooks?: readonly {
    readonly account: string;
    readonly endpoint: string;
    readonly waiting: number;
    readonly open: boolean;
  }[];
  /** Databases that triggers ask; `tookMs` of all statements together. */
  readonly dataSources: readonly {
    readonly name: string;
    readonly calls: number;
    readonly errors: number;
    readonly tookMs: number;
  }[];
  /** undefined: the database did not answer in time. */
  readonly ledger?: LedgerTally | undefined;
  readonly hosts: {
    readonly running: number;
    readonly restarts: number;
    readonly openEvents: number;
    /** Batches of events that were handed to a host. */
    readonly batches: number;
  };
  readonly database: {
    /** undefined: it did not answer in time. */
    readonly roundTripMs: number | undefined;
    /** Operations that wait for their commit. */
    readonly waiting: number;
  };
  readonly disk: { readonly freeOctets: number; readonly low: boolean } | undefined;
  readonly nowMs: number;
}
