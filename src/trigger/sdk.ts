import type { SendAction } from "../model/decision.ts";
import type { ErrorCode } from "../model/error.ts";
import type { Channels } from "./sdk-channels.ts";
import type { Crypto } from "./sdk-crypto.ts";
import type { VerifyWith } from "./sdk-db.ts";
import type { FoundMessage, MessageSearch } from "./sdk-found.ts";
import type { Http, Secrets } from "./sdk-http.ts";
import type { Kv } from "./sdk-kv.ts";
import type { Routes } from "./sdk-routes.ts";
import type { OptOuts } from "./sdk-opt-outs.ts";
import type {
  Account,
  Bind,
  Channel,
  Message,
  Report,
  Schedule,
  SentMessage,
  Session,
} from "./sdk-events.ts";
import type {
  AccountConditions,
  BindConditions,
  ChannelConditions,
  MessageConditions,
  ReportConditions,
  ScheduleConditions,
  SessionConditions,
  StatusConditions,
} from "./sdk-conditions.ts";
import { type Measurement, type Measuring, measure } from "./script/measure.ts";
import { register } from "./script/registry.ts";

export type * from "./sdk-channels.ts";
export type * from "./sdk-conditions.ts";
export type * from "./sdk-crypto.ts";
export type * from "./sdk-db.ts";
export type * from "./sdk-events.ts";
export type * from "./sdk-found.ts";
export type * from "./sdk-http.ts";
export type * from "./sdk-kv.ts";
export type * from "./sdk-routes.ts";
export type * from "./sdk-opt-outs.ts";
export type * from "./sdk-tlvs.ts";

/**
 * What a trigger imports from "signalbox". A trigger asks; the gateway does it, all at once, when
 * the last trigger has ended. Nothing else is there: no timers, no network, no files, no process.
 */

/** What `onBind` and its like give: export it, and the export's name is the trigger's name. */
export interface Trigger {
  readonly event: string;
}

/**
 * Runs for each customer who asks to bind.
 *
 * ```ts
 * export const BIND = onBind({ channels: ["SMPP_SERVER1"] }, async (bind, { accounts }) => {
 *   const found = await accounts.verify(bind);
 *   if (found.ok) bind.accept({ account: found.account });
 *   else bind.reject(found.reason);
 * });
 * ```
 */
export function onBind(
  conditions: BindConditions,
  handler: (bind: Bind, tools: BindTools) => void | Promise<void>,
): Trigger {
  return register("bind", conditions, handler);
}

/**
 * Runs for each new message, of a customer or of a provider.
 *
 * ```ts
 * export const FWD = onMessage({ channels: ["SMPP_SERVER1"], order: 20 }, (message) => {
 *   message.forward({ channel: "SMPP1" });
 * });
 * ```
 */
export function onMessage(
  conditions: MessageConditions,
  handler: (message: Message, tools: Tools) => void | Promise<void>,
): Trigger {
  return register("message", conditions, handler);
}

/**
 * Runs for each delivery report that a provider brings. The gateway has looked up the message by
 * then. If no trigger applies it, the report is taken and changes nothing.
 *
 * ```ts
 * export const APPLYDLR = onReport({ channels: ["SMPP1"] }, (report) => {
 *   report.apply();
 * });
 * ```
 */
export function onReport(
  conditions: ReportConditions,
  handler: (report: Report, tools: Tools) => void | Promise<void>,
): Trigger {
  return register("report", conditions, handler);
}

/**
 * Runs when the life of a message that went out has ended, for whatever reason. `channels` are those
 * that it went out on. It may take up to 30 s over all triggers; what goes wrong is tried again.
 *
 * ```ts
 * export const FWDDLR = onStatus({ channels: ["SMPP1"], status: ["DELIVERED"] }, (message) => {
 *   message.root?.report();
 * });
 * ```
 */
export function onStatus(
  conditions: StatusConditions,
  handler: (message: SentMessage, tools: Tools) => void | Promise<void>,
): Trigger {
  return register("status", conditions, handler);
}

/**
 * Runs when a channel has gone up or down, or an operator has paused, drained or resumed it, and that
 * has lasted. It may take up to 30 s over all triggers; what goes wrong is tried again for a day.
 *
 * ```ts
 * const minute = 60_000;
 * export const PAGE = onChannel({ channels: ["SMPP1"], what: ["down"], forMs: 5 * minute }, (channel, { messages }) => {
 *   const text = `${channel.name} is down: ${channel.reason}`;
 *   messages.send({ channel: "SMPP2", from: "Signalbox", to: "+31612345678", text });
 * });
 * ```
 */
export function onChannel(
  conditions: ChannelConditions,
  handler: (channel: Channel, tools: Tools) => void | Promise<void>,
): Trigger {
  return register("channel", conditions, handler);
}

/**
 * Runs when a session has bound, or one that was bound has ended, of a customer or to a provider. It
 * may take up to 30 s over all triggers; what goes wrong is tried again for a day.
 *
 * ```ts
 * export const GONE = onSession({ accounts: ["Test1"], what: ["ended"] }, (session, { messages }) => {
 *   if (session.others > 0) return;
 *   const text = `${session.account} has no session any more: ${session.reason}`;
 *   messages.send({ channel: "SMPP2", from: "Signalbox", to: "+31612345678", text });
 * });
 * ```
 */
export function onSession(
  conditions: SessionConditions,
  handler: (session: Session, tools: Tools) => void | Promise<void>,
): Trigger {
  return register("session", conditions, handler);
}

/**
 * Runs when the balance of an account has fallen below its option `lowBalance`, once per crossing. It may
 * take up to 30 s over all triggers; what goes wrong is tried again for a day.
 *
 * ```ts
 * export const LOW = onAccount({ what: ["low"] }, (account, { messages }) => {
 *   const text = `${account.account} has ${account.credits} credits left.`;
 *   messages.send({ channel: "SMPP1", from: "Signalbox", to: "+31612345678", text });
 * });
 * ```
 */
export function onAccount(
  conditions: AccountConditions,
  handler: (account: Account, tools: Tools) => void | Promise<void>,
): Trigger {
  return register("account", conditions, handler);
}

/**
 * Runs by the clock of a place. What was missed while no gateway ran is run once at the start, however
 * often it was due; while one run is not done, the next waits. It may take up to 30 s; what goes wrong is
 * tried again, under the same `id`, for a day. Of several gateways one runs it.
 *
 * ```ts
 * export const MORNING = onSchedule(
 *   { cron: "0 9 * * 1-5", zone: "Europe/Amsterdam" },
 *   (schedule, { messages }) => {
 *     const text = schedule.late ? "Good morning, late." : "Good morning.";
 *     messages.send({ channel: "SMPP1", from: "Signalbox", to: "+31612345678", text });
 *   },
 * );
 * ```
 */
export function onSchedule(
  conditions: ScheduleConditions,
  handler: (schedule: Schedule, tools: Tools) => void | Promise<void>,
): Trigger {
  return register("schedule", conditions, handler);
}

/** About text; only in the isolates of files that import it. */
export const sms: {
  /**
   * How many short messages a text will be, in which encoding, and which characters force it to be
   * UCS-2. Without `wishes` GSM 7-bit is preferred, as channels do that say nothing else. Some 20 µs
   * for a text of one part.
   */
  measure(text: string, wishes?: Measuring): Measurement;
} = { measure };

/** What a handler is given beside its event. Host calls wait at most for the event's deadline. */
export interface Tools extends BindTools {
  readonly messages: {
    /**
     * Makes a message of our own, which nobody is charged for, and passes it on to a channel; for one
     * that customers bind to, `account` says whose. It is made together with all else that is decided,
     * or not at all: on a reject, for example. `priority`: 0-3, 3 goes first; 0 when left out. It is
     * given up after 24 h. What becomes of it is a status like that of any other message.
     */
    send(message: Omit<SendAction, "do">): void;
    /**
     * Messages that are kept, the newest first, 100 at most; see `retention` for how long. An id, a
     * root, a peer's id or an account must be named. What this event decides is not among them yet.
     *
     * ```ts
     * const [last] = await messages.find({ account: "Test1", to: message.to, limit: 1 });
     * ```
     */
    find(search: MessageSearch): Promise<readonly FoundMessage[]>;
  };
  /** The routing table: where a message would go, and why. */
  readonly routes: Routes;
}

/** The same for a bind, which can send nothing. */
export interface BindTools {
  readonly accounts: {
    /**
     * Checks system_id and password of this bind against the accounts; takes up to 50 ms. With
     * `against` it is a table of the customer's own that decides; a database that is down is the
     * reason `data_source_down`, by which he is told to come again.
     *
     * ```ts
     * const found = await accounts.verify(bind, {
     *   with: db.customers`select password_hash from users where system_id = ${bind.systemId}`,
     *   scheme: "sha1-utf16le",
     * });
     * ```
     */
    verify(bind: Bind, against?: VerifyWith): Promise<BindCheck>;
    /**
     * The account that owns the number (canonical form, as in `message.to`): by its own numbers and by
     * the table of `signalbox number`. Of the number that this message went to, its first word may decide.
     */
    byNumber(number: string): Promise<Owner | undefined>;
  };
  /** What signalbox.yaml says of a channel. */
  readonly channels: Channels;
  /** The databases of `dataSources` in signalbox.yaml, by name. */
  readonly db: DataSources;
  /** What is kept beyond this event. */
  readonly kv: Kv;
  /** Who wants no messages. */
  readonly optOuts: OptOuts;
  /** Web services. */
  readonly http: Http;
  /** What may be used and never read. */
  readonly secrets: Secrets;
  readonly crypto: Crypto;
  /** A line for the trigger's log, as console.log; at most 1,000 characters. */
  log(text: string): void;
  /** Milliseconds since 1970 UTC at which the event came in; the same when it is run again. */
  now(): number;
}

/** What `accounts.verify` found: whose bind it is, or a code of docs/errors.md why it is nobody's. */
export type BindCheck =
  | { readonly ok: true; readonly account: string }
  | { readonly ok: false; readonly reason: ErrorCode };

/** The account that a number belongs to. */
export interface Owner {
  /** The account's id, which is its system_id. */
  readonly id: string;
  /** The row of the table that says so, such as `prefix +3161*`; left out for a number of its own. */
  readonly by?: string;
}

/**
 * The names of the data sources, for the editor. Each folder of triggers says which there are, once, in
 * a file `data-sources.d.ts` that `signalbox datasource types` prints; a name that is not among them does
 * not compile.
 *
 * ```ts
 * import type { DataSource } from "signalbox";
 *
 * declare module "signalbox" {
 *   interface DataSources {
 *     readonly customers: DataSource;
 *   }
 * }
 * ```
 */
// oxlint-disable-next-line typescript/no-empty-interface, typescript/no-empty-object-type -- To be added to.
export interface DataSources {}
