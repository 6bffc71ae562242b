import type { BindType } from "./event.ts";
import type { TraceLine } from "./message.ts";
import type { Status } from "./status.ts";

/** What the admin API shows and the CLI prints; times are milliseconds since 1970 UTC. */

export interface ChannelView {
  readonly name: string;
  readonly type: string;
  readonly description: string;
  readonly state: "up" | "down" | "off";
  /** One sentence: where it listens, or to whom it is bound, or why it is down. */
  readonly detail: string;
  readonly sinceMs: number;
  /** Sessions bound now. */
  readonly sessions: number;
  /** Messages waiting to go out on it; in flight ones included. */
  readonly queued: number;
  readonly inFlight: number;
}

export interface SessionView {
  readonly id: string;
  readonly channel: string;
  readonly account: string;
  readonly bindType: BindType;
  /** `3.3`, `3.4` or `5.0`. */
  readonly version: string;
  readonly remote: string;
  readonly tls: boolean;
  readonly sinceMs: number;
  readonly received: number;
  readonly sent: number;
}

export interface TriggerView {
  readonly name: string;
  readonly event: string;
  readonly file: string;
  readonly order: number;
  readonly version: number;
  readonly state: "active" | "broken" | "quarantined";
  /** What runs or why it does not, with file:line:column. */
  readonly detail: string;
  readonly sinceMs: number;
  readonly runs: number;
  readonly faults: number;
}

export interface AccountView {
  readonly id: string;
  readonly credits: number;
  /** How its password is kept: `scrypt` or `sha1-utf16le`. Never the hash. */
  readonly passwordScheme: string;
  readonly numbers: readonly string[];
}

/** One try to hand a message to a peer. */
export interface AttemptView {
  readonly tries: number;
  readonly channel: string;
  readonly providerId: string | undefined;
  readonly status: Status;
  readonly error: string | undefined;
  readonly atMs: number;
}

/** What a report says; the whole of it is in the trace. */
export interface ReportView {
  /** The id by which its reader knows the message: the provider's for one in, ours for one out. */
  readonly messageId: string;
  /** `DELIVRD`, `UNDELIV`, ... */
  readonly state: string;
  readonly error: string;
}

/** One entry of a life. `text` is undefined when the octets are not text. */
export interface MessageView {
  /** Ours; of a report in, which is a part of the trace and no row, the provider's. */
  readonly id: string;
  readonly root: string;
  readonly kind: "bind" | "sms" | "report";
  readonly direction: "in" | "out";
  readonly channel: string;
  readonly account: string | undefined;
  readonly from: string;
  readonly to: string;
  readonly text: string | undefined;
  readonly dataCoding: number;
  /** Of kind `report`, undefined for all else. */
  readonly report: ReportView | undefined;
  /** Its sender wants to hear what became of it. */
  readonly reportAsked: boolean;
  readonly status: Status;
  readonly error: string | undefined;
  /** Waits in this queue since `queuedUntilDueMs`; undefined when nothing is pending. */
  readonly pending:
    | { readonly queue: string; readonly dueMs: number; readonly tries: number }
    | undefined;
  /** It was in flight when a gateway died or a connection broke: the peer may have it twice. */
  readonly maybeTwice: boolean;
  readonly attempts: readonly AttemptView[];
  readonly log: readonly TraceLine[];
  readonly atMs: number;
}

/**
 * Everything about one SMS: the original, what was made of it, the reports about that and the reports
 * that were made of those; oldest first.
 */
export interface LifeView {
  readonly root: string;
  readonly status: Status;
  readonly error: string | undefined;
  readonly entries: readonly MessageView[];
}

/** Work that was given up: somebody has to look at it. */
export interface DeadLetterView {
  readonly id: string;
  /** The life that it belongs to; undefined for a report whose message nobody knows. */
  readonly root: string | undefined;
  /** `report`: nothing is known by its id. `event`: no trigger could decide a status. */
  readonly kind: string;
  readonly reason: string;
  /** What it was, as JSON. */
  readonly payload: string;
  readonly atMs: number;
}
