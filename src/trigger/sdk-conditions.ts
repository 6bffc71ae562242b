import type { ChannelChange } from "../model/channel-change.ts";
import type { Account, FinalStatus } from "./sdk-events.ts";

/**
 * For which events a trigger runs: data that the gateway looks at by itself, outside the sandbox, so a
 * trigger that does not match costs nothing. All conditions of a trigger must hold; of a list, one of its
 * members is enough. Part of "signalbox".
 */

/** What a trigger of every kind of event may say. */
export interface Conditions {
  /** Names of channels, as in signalbox.yaml; every channel when left out. */
  readonly channels?: readonly string[];
  /** Smaller runs first; among equals the name decides. 100 when left out. */
  readonly order?: number;
  /** 1-64 letters, digits, `_`, `.`, `-`. The name of the export when left out. */
  readonly name?: string;
  /**
   * What a fault of this trigger means for the event. `undecided` (when left out): nothing is
   * applied and the sender may try again. `skip`: the others go on without it; for what only
   * watches, such as a logger.
   */
  readonly onFault?: "undecided" | "skip";
}

/** For which binds a trigger runs, besides. */
export interface BindConditions extends Conditions {
  /** By the system_id that is asked for, whether there is such an account or not; all when left out. */
  readonly accounts?: readonly string[];
}

/**
 * For which messages a trigger runs, besides.
 *
 * ```ts
 * export const STOP = onMessage(
 *   { channels: ["SMPP1"], to: "+31612345678", text: { keyword: ["STOP", "ARRET"] } },
 *   (message, { messages }) => {
 *     messages.send({ channel: "SMPP1", from: message.to, to: message.from, text: "Bye." });
 *   },
 * );
 * ```
 */
export interface MessageConditions extends NumberConditions {
  /** Of the customer who sent it; a message of a provider has none. Every account when left out. */
  readonly accounts?: readonly string[];
  /** What it says; what is no text matches none. Whatever it says when left out. */
  readonly text?: TextCondition;
}

/** For which reports a trigger runs, besides. `from` is the phone, `to` the sender that it had. */
export interface ReportConditions extends NumberConditions {
  /**
   * Of the customer who sent the first message of that life, as `report.message.account`; a report whose
   * message is not known has none. Every account when left out.
   */
  readonly accounts?: readonly string[];
}

/** For which statuses a trigger runs, besides. `from` and `to` are of the message that went out. */
export interface StatusConditions extends NumberConditions {
  /** All final ones when left out. */
  readonly status?: readonly FinalStatus[];
  /** Of the customer who sent the first message of that life. Every account when left out. */
  readonly accounts?: readonly string[];
}

/** Conditions on the numbers of an event. */
export interface NumberConditions extends Conditions {
  /** Whom it is from; everybody when left out. */
  readonly from?: NumberCondition | readonly NumberCondition[];
  /** Whom it is for; of a message to many, one of them is enough. Everybody when left out. */
  readonly to?: NumberCondition | readonly NumberCondition[];
}

/**
 * A number as the event shows it (`message.to`: E.164 with `+` where that is known), in one of three
 * forms; at most 1,000 of them.
 *
 * - `"+31612345678"`, `"1234"`, `"Signalbox"`: this one.
 * - `"+31*"`: all that begin like this.
 * - `"+31612340000-+31612349999"`: from the one to the other, both included, of the same length.
 */
export type NumberCondition = string;

/** One of the three; each takes one or a list of up to 1,000. */
export type TextCondition =
  /**
   * The first word, whatever is around it: upper and lower case, accents and pointing do not count, so
   * `"ARRET"` also stands for `« Arrêt ! »`. Letters, digits and marks of any alphabet.
   */
  | { readonly keyword: string | readonly string[] }
  /** How it begins; upper and lower case, accents, pointing and blanks before it do not count. */
  | { readonly startsWith: string | readonly string[] }
  /**
   * A pattern as `/\bcode[: ]*\d{4,6}\b/i`, with the flags `i`, `s`, `u`. It is run in linear time, so
   * no text can hold the gateway up; what needs to look back or around (`(?=`, `(?<=`, `\1`) is refused
   * when the file is loaded. The first 2,000 characters of a text are looked at.
   */
  | { readonly matches: RegExp | readonly RegExp[] };

/** For which changes of a channel a trigger runs, besides. */
export interface ChannelConditions extends Conditions {
  /** All of them when left out. */
  readonly what?: readonly ChannelChange[];
  /**
   * How long it must have lasted, 100-86,400,000 ms; 1,000 when left out. What is over sooner is not
   * told, and neither is the way back from it.
   */
  readonly forMs?: number;
}

/** For which sessions a trigger runs, besides. */
export interface SessionConditions extends Conditions {
  /** Both when left out. */
  readonly what?: readonly ("bound" | "ended")[];
  /** Whose sessions; every account's when left out. */
  readonly accounts?: readonly string[];
}

/** Which accounts a trigger is told of. */
export interface AccountConditions extends Omit<Conditions, "channels"> {
  /** All when left out. */
  readonly what?: readonly Account["what"][];
  /** Everybody's when left out. */
  readonly accounts?: readonly string[];
}

/** When a trigger runs by the clock. */
export interface ScheduleConditions extends Omit<Conditions, "channels"> {
  /**
   * Minute, hour, day of the month, month, day of the week, as crontab(5) has them: numbers, names of
   * three letters, `*`, lists, ranges, steps of `*` or of a range. 0 and 7 are Sunday. When both days
   * are restricted, one of them is enough. `"0 9 * * 1-5"`: at nine, Monday to Friday.
   */
  readonly cron: string;
  /** Of the IANA database, such as `"Europe/Amsterdam"`; `"UTC"` when left out. */
  readonly zone?: string;
}
