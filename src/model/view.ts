import type { BindType } from "./event.ts";
import type { TraceLine } from "./message.ts";
import type { PartOfText } from "./part-of-text.ts";
import type { KnownBase } from "./provider-id.ts";
import type { Status } from "./status.ts";
import type { StopView } from "./stop-view.ts";

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
  /** Those of them that the peer may have already. */
  readonly uncertain: number;
  /** When the first of them was due; undefined when nothing waits. */
  readonly oldestDueMs: number | undefined;
  /**
   * By an operator, and kept over a restart. `paused`: nothing is handed over, sessions stay and what
   * comes in is taken. `drained`: besides, nobody is bound and nothing comes in.
   */
  readonly held: "paused" | "drained" | undefined;
  /** What its failure policy leaves alone for a while; left out when nothing is. */
  readonly stopped?: StopView | undefined;
  /** How its provider writes ids in reports; undefined while that is not known, or for customers. */
  readonly idBase: KnownBase | undefined;
  /** The last thing that went wrong with it, whether mended or not. */
  readonly lastError: { readonly atMs: number; readonly text: string } | undefined;
  /** By which it shows who it is; left out without TLS. */
  readonly certificates?: readonly CertificateView[] | undefined;
  /** One sentence each: what works now and should not stay as it is. */
  readonly warnings?: readonly string[] | undefined;
}

/** A certificate of ours. */
export interface CertificateView {
  readonly path: string;
  readonly validUntilMs: number;
  /** The file of its key, where other users of the machine may read it. */
  readonly openKey?: string | undefined;
  /** Why the files as they are now are not in use. */
  readonly refused?: string | undefined;
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
  /**
   * `rolledBack`: an older version runs than the folder has. `canary`: this version runs for some; the
   * one before it is listed besides, as active. `disabled`: it never runs, and that is no fault.
   */
  readonly state: "active" | "broken" | "quarantined" | "disabled" | "rolledBack" | "canary";
  /** What runs or why it does not, with file:line:column. */
  readonly detail: string;
  /** Of what is broken: the author's line with its number, and a second line with a caret. */
  readonly source?: string;
  readonly sinceMs: number;
  /** Of a schedule: when it is due next, milliseconds since 1970 UTC. */
  readonly nextMs?: number;
  readonly runs: number;
  readonly faults: number;
  /** Milliseconds that a run took on average, and that 99 of 100 took at most; 0 without any run. */
  readonly meanMs: number;
  readonly p99Ms: number;
  /** The last fault of a run. */
  readonly lastFault?: {
    readonly atMs: number;
    /** With file:line:column where it is known. */
    readonly text: string;
    readonly source?: string;
  };
  /** Milliseconds of processor that this version has had. */
  readonly cpuMs: number;
}

/** One try to hand a message to a peer. */
export interface AttemptView {
  readonly tries: number;
  readonly channel: string;
  readonly providerId: string | undefined;
  readonly status: Status;
  readonly error: string | undefined;
  readonly atMs: number;
  /** Of a message that was split, which part it was about, from 1, and how many there are. */
  readonly part: number | undefined;
  readonly parts: number | undefined;
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
  /** What that names on its channel; left out when nobody here knows it. */
  readonly encoding?: string | undefined;
  /** Where its sender says that it stands in a longer text; left out for all others. */
  readonly part?: PartOfText | undefined;
  /** The ids of the parts that it was joined of; left out for all others. */
  readonly joined?: readonly string[] | undefined;
  /** What its sender, who came by HTTP, calls it; left out for all others. */
  readonly clientReference?: string | undefined;
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
  /** `report`: nothing is known by its id. `event`: no trigger could decide a status, or a notice. */
  readonly kind: string;
  readonly reason: string;
  /** What it was, as JSON. */
  readonly payload: string;
  readonly atMs: number;
}

/** One queue: what waits for a provider, or for one customer. */
export interface QueueView {
  /** `SMPP1`, or `SMPP_SERVER1/Test1` where customers bind. */
  readonly name: string;
  readonly channel: string;
  readonly account: string | undefined;
  /** Waiting ones, those in flight included. */
  readonly rows: number;
  readonly inFlight: number;
  /** Those that the peer may have already. */
  readonly uncertain: number;
  /** When the first of them was due; undefined when nothing waits. In the future: a retry is awaited. */
  readonly oldestDueMs: number | undefined;
}

/** A report whose message is not known: still tried (`again`), or given up (`dead`). */
export interface UnmatchedReportView {
  readonly id: string;
  readonly state: "again" | "dead";
  readonly channel: string;
  readonly atMs: number;
  readonly messageId: string;
  /** `DELIVRD`, `UNDELIV`, ... */
  readonly reported: string;
  readonly error: string;
  readonly from: string;
  readonly to: string;
  /** Why its message is not known, most likely, and one sentence with what to do about it. */
  readonly reason: UnmatchedReason;
  readonly why: string;
  /** Messages to that number, the nearest in time first. */
  readonly candidates: readonly UnmatchedCandidateView[];
}

export type UnmatchedReason = (typeof UNMATCHED_REASONS)[number];

export const UNMATCHED_REASONS = [
  "no_id",
  "id_by_other_group",
  "id_in_other_base",
  "id_cut",
  "id_doubtful",
  "id_used_again",
  "id_missing",
  "other_id",
  "unknown_number",
  "older_than_kept",
] as const;

/** A message that an unmatched report may be about. */
export interface UnmatchedCandidateView {
  readonly message: string;
  readonly root: string;
  readonly channel: string;
  /** As the provider's answer had it; undefined when it gave none. */
  readonly providerId: string | undefined;
  readonly status: Status;
  readonly reportAsked: boolean;
  readonly atMs: number;
}

/** What one source of log lines tells: the gateway as a whole, or one channel. */
export interface LogLevelView {
  /** undefined: everything that has no level of its own. */
  readonly channel: string | undefined;
  readonly level: "error" | "warn" | "info" | "debug" | "pdu";
  /** When it falls back by itself, and to what; undefined for the configured one. */
  readonly until: { readonly atMs: number; readonly level: LogLevelView["level"] } | undefined;
}

/** How the database does. */
export interface DatabaseView {
  readonly embedded: boolean;
  /** `18.4`. */
  readonly version: string;
  /** The data directory, or host, port and database; never a password. */
  readonly where: string;
  readonly reachable: boolean;
  /** Operations that wait for their commit. */
  readonly waiting: number;
  readonly octets: number | undefined;
}

/** The file system that the embedded database writes to. */
export interface DiskView {
  readonly path: string;
  readonly freeMib: number;
  readonly minFreeMib: number;
  /** Fewer than that are free: new messages are refused with `queue_full`. */
  readonly low: boolean;
}

/** The whole gateway at a glance: what an operator looks at first. */
export interface StatusView {
  readonly startId: string;
  /** Of Signalbox. */
  readonly version: string;
  readonly pid: number;
  readonly sinceMs: number;
  /** True when `troubles` is empty. */
  readonly well: boolean;
  /** One sentence each, the worst first: a channel is down, a trigger is in quarantine, ... */
  readonly troubles: readonly string[];
  /** One sentence each: what works now and should not stay as it is; it does not make it unwell. */
  readonly warnings: readonly string[];
  readonly channels: readonly ChannelView[];
  readonly triggers: {
    readonly active: number;
    readonly broken: readonly string[];
    readonly quarantined: readonly string[];
  };
  readonly database: DatabaseView;
  readonly disk: DiskView | undefined;
  /** In flight at the last end, or when a connection died; each is listed as uncertain. */
  readonly uncertain: number;
  readonly unmatchedReports: number;
  readonly deadLetters: number;
  /** Left out where the gateway was started without a file. */
  readonly config?: ConfigView | undefined;
}

/** Which configuration is in force, and what of the file is not. */
export interface ConfigView {
  /** The file, as it was named at the start. */
  readonly file: string;
  /** Counts up with each text that came into force. */
  readonly version: number;
  /** When it came into force. */
  readonly sinceMs: number;
  /** What is wrong with the file now, `signalbox.yaml:7:11: …` each; the version before it is in force. */
  readonly faults: readonly string[];
  /** Settings that were changed and are in force from the next start on. */
  readonly restart: readonly string[];
  /** Channels that could not be opened as the file says, with the reason; they go on as before. */
  readonly failed: readonly string[];
}

/** The same with the text that is in force; its secrets are `***`. */
export interface ConfigTextView extends ConfigView {
  readonly text: string;
}

/** A setting that differs; values are as JSON, secrets are `***`. */
export interface SettingChangeView {
  readonly path: string;
  /** undefined: it was not there, or is there no longer. */
  readonly before?: unknown;
  readonly after?: unknown;
}

/** What a change does to a channel; those that it does nothing to are not listed. */
export interface ChannelPlanView {
  readonly channel: string;
  /** `adjust`: while its sessions stay. `reopen`: they are unbound and made anew. */
  readonly what: "open" | "close" | "reopen" | "adjust";
  /** Messages that wait for it; of one that closes they stay where they are. */
  readonly queued: number;
  /** It was tried and did not go, why; left out for all others. */
  readonly failed?: string | undefined;
}

/** What differs between a configuration and the one in force, and what follows from it. */
export interface ConfigPlanView {
  /** The version in force, after the change where one was made. */
  readonly version: number;
  readonly changes: readonly SettingChangeView[];
  readonly channels: readonly ChannelPlanView[];
  /** Settings that are in force from the next start on only. */
  readonly restart: readonly string[];
}

export interface ConfigVersionView {
  readonly number: number;
  readonly atMs: number;
  readonly by: string;
}

/** A version of a trigger file that is kept. */
export interface TriggerVersionView {
  readonly file: string;
  readonly version: number;
  /** The beginning of the hash of its texts, enough to tell versions apart. */
  readonly hash: string;
  readonly atMs: number;
  readonly by: string;
  readonly runs: "all" | "most" | "some" | "none";
}

/** The same with the texts that it was made of, the file itself first. */
export interface TriggerVersionText extends TriggerVersionView {
  readonly texts: readonly { readonly path: string; readonly text: string }[];
}
