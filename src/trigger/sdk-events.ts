import type { ChannelChange } from "../model/channel-change.ts";
import type { Action, ForwardAction, ReportAction } from "../model/decision.ts";
import type { ErrorCode } from "../model/error.ts";
import type { PartOfText } from "../model/part-of-text.ts";
import type { Report as Told } from "../model/report.ts";
import type { Status } from "../model/status.ts";
import type { Tlvs } from "./sdk-tlvs.ts";

/** What a handler is given: the events, with what may be asked for of each. Part of "signalbox". */

/**
 * How the life of a message that went out ends. DELIVERED, NOTDELIVERED: the network said so.
 * NOREPORT: it did not say anything in time. FAILED: it was refused, or could not be sent. EXPIRED:
 * its validity ended in our queue. CANCELLED: its sender took it back.
 */
export type FinalStatus = Extract<
  Status,
  "DELIVERED" | "NOTDELIVERED" | "NOREPORT" | "FAILED" | "EXPIRED" | "CANCELLED"
>;

/** A customer asks to bind. If no trigger answers, the session is closed after bindTimeoutMs. */
export interface Bind {
  /** Of this event; the trace is found by it. */
  readonly id: string;
  readonly channel: string;
  /** Our name for the connection, as in `signalbox session list`. */
  readonly session: string;
  /** At most 15 characters (SMPP v3.4 §5.2.1). The password never comes into a script. */
  readonly systemId: string;
  /** At most 12 characters. */
  readonly systemType: string;
  readonly bindType: "transmitter" | "receiver" | "transceiver";
  /** interface_version as sent: 0x33, 0x34, 0x50. */
  readonly version: number;
  /** As sent; most customers leave it empty. At most 40 characters. */
  readonly addressRange: string;
  /** `address:port` of the peer. */
  readonly remote: string;
  readonly tls: boolean;
  /**
   * Of the certificate that the customer has shown, such as `CN=shop.example,O=Shop`. Only where the
   * channel asks for one (`tls.clients`), and only when its authority has signed it.
   */
  readonly tlsSubject: string | undefined;
  /** Lets the customer in, as this account (the systemId when left out). */
  accept(answer?: { readonly account?: string }): void;
  /**
   * Refuses. A code of docs/errors.md such as `bad_password`, or a command_status (1-0xFFFFFFFF).
   * The reason goes into the trace, not to the customer; at most 1,000 characters.
   */
  reject(code: ErrorCode | number, reason?: string): void;
  /** A line for the trace of this bind; at most 1,000 characters. */
  trace(text: string): void;
}

/** A new message. */
export interface Message {
  /** UUID; the customer gets it in the form that his account wants. */
  readonly id: string;
  /** The id of the first message of this life; its own for a new message. */
  readonly root: string;
  readonly channel: string;
  /** Of the customer; undefined for a message of a provider. */
  readonly account: string | undefined;
  readonly session: string | undefined;
  /** A customer waits for an answer; a provider's message is taken when no trigger answers. */
  readonly origin: "customer" | "provider";
  /** E.164 with `+` where that is known, else as received. */
  readonly from: string;
  /** E.164 with `+` where that is known, else as received; of a message to many the first. */
  readonly to: string;
  /** Whom it is for: `to`, and of a message to many (submit_multi) all of them, 254 at most. */
  readonly destinations: readonly string[];
  /** What the octets say; undefined when they are not text. */
  readonly text: string | undefined;
  /**
   * How many short messages it is on the air, 1 or more, to all of its destinations together; of a
   * text that was joined, of how many parts it came.
   */
  readonly parts: number;
  /** Where it stands in a longer text that its sender cut himself; undefined for all others. */
  readonly part: PartOfText | undefined;
  /** What its data_coding names on this channel; undefined when nobody here knows it. */
  readonly encoding: Encoding | undefined;
  /**
   * The user data as it came, with its header: a copy at each call, which may be written to. Empty for
   * a text that was joined.
   */
  readonly octets: Uint8Array;
  /** The elements of its header, such as ports; empty when it has none. */
  readonly headers: readonly HeaderElement[];
  /** Its optional parameters. */
  readonly tlvs: Tlvs;
  /** What its sender calls it (`client_reference` over HTTP); undefined for all others. */
  readonly clientReference: string | undefined;
  /** Words that its sender gave it over HTTP; empty for all others. */
  readonly tags: readonly string[];
  readonly serviceType: string;
  readonly esmClass: number;
  /** 0-3, of a peer of 5.0 also 4; the higher the more urgent. */
  readonly priority: number;
  /** SMPP v3.4 §5.2.19. */
  readonly dataCoding: number;
  /** The sender wants to hear of the final outcome. */
  readonly reportAsked: boolean;
  /** What the triggers before this one asked for, in their order. */
  readonly decided: readonly Decided[];
  /**
   * Takes the message. `charge`: credits, a number from 0 to 1,000,000 with at most four digits behind
   * the point; 0 when left out. `"route"`: what the number table of its way says, for each of its parts.
   * They are held, and come back if it cannot be sent. Charges of several triggers add up; if the account cannot pay, the sender gets `no_credit` and nothing is applied.
   */
  accept(answer?: { readonly charge?: number | "route" }): void;
  /**
   * Refuses it and ends the run: later triggers are not asked and nothing but trace lines stays. A
   * code of docs/errors.md such as `refused_by_rule`, or a command_status (1-0xFFFFFFFF). The reason
   * goes into the trace; at most 1,000 characters.
   */
  reject(code: ErrorCode | number, reason?: string): void;
  /**
   * Passes it on to a channel; what is not named stays as it came in, octet for octet. Without a channel
   * the routing table says where it goes (docs/routes.md); where it knows no way the sender gets
   * `no_route`, or what the rule says.
   */
  forward(to?: Omit<ForwardAction, "do">): void;
  /**
   * Keeps it as FAILED, with this reason in its trace, and passes it on to nobody. Whoever sent it
   * is answered as usual: for a provider's message that is the end, it does not come again. At most
   * 1,000 characters.
   */
  fail(reason: string): void;
  /** A line for the trace of this message; at most 1,000 characters. */
  trace(text: string): void;
}

/** `gsm7` is one septet to an octet, as SMPP carries it; `ucs2` is UTF-16. */
export type Encoding =
  | "gsm7"
  | "gsm7-packed"
  | "ascii"
  | "latin1"
  | "cyrillic"
  | "hebrew"
  | "utf8"
  | "ucs2"
  | "binary";

/** An element of a user data header: 3GPP TS 23.040 §9.2.3.24 lists the ids. */
export interface HeaderElement {
  /** 0x05: ports of 16 bits, to and from; 0x00 and 0x08: what joins parts; 0x24, 0x25: national tables. */
  readonly id: number;
  readonly octets: Uint8Array;
}

/** A provider told what became of a message. */
export interface Report {
  /** Of this event. */
  readonly id: string;
  /** That the report came in on. */
  readonly channel: string;
  readonly session: string | undefined;
  /** The provider's id of the message, as he wrote it; empty when he gave none. */
  readonly messageId: string;
  /** SENT: still on its way, an intermediate report. NOREPORT: the network itself does not know. */
  readonly status: Told["status"];
  /** The network's own word, upper case: DELIVRD, UNDELIV, EXPIRED, DELETED, REJECTD, ... */
  readonly state: string;
  /** The network's error as received; three digits in the standard form, letters occur. */
  readonly error: string;
  /** The phone that the message went to; E.164 with `+` where that is known. */
  readonly from: string;
  /** The sender that the message had. */
  readonly to: string;
  /** The beginning of the message's text, if the report repeats it. */
  readonly text: string;
  /** Milliseconds since 1970 UTC; undefined when it was not given or cannot be read. */
  readonly submittedMs: number | undefined;
  /** Milliseconds since 1970 UTC; undefined when it was not given or cannot be read. */
  readonly doneMs: number | undefined;
  /** Optional parameters that are not told by the fields before. */
  readonly tlvs: Tlvs;
  /** The message that it is about; undefined when none is known. */
  readonly message: Matched | undefined;
  /** What the triggers before this one asked for, in their order. */
  readonly decided: readonly Decided[];
  /**
   * The message takes the status of the report; never a step back, and not twice. Without a known
   * message it changes nothing.
   */
  apply(): void;
  /**
   * Refuses the report, so that nothing is applied and the provider hears of it. A code of
   * docs/errors.md (`try_later` makes it come again), or a command_status (1-0xFFFFFFFF). The reason
   * goes into the trace; at most 1,000 characters.
   */
  reject(code: ErrorCode | number, reason?: string): void;
  /** A line for the trace of this report; at most 1,000 characters. */
  trace(text: string): void;
}

/** The message that a report is about: the one that went out. */
export interface Matched {
  readonly id: string;
  /** The id of the first message of this life. */
  readonly root: string;
  /** That it went out on. */
  readonly channel: string;
  /** Of the customer who sent the first message of this life; undefined when none did. */
  readonly account: string | undefined;
  readonly from: string;
  readonly to: string;
}

/** A message that went out, at the end of its life. */
export interface SentMessage {
  readonly id: string;
  /** That it went out on, or was to. */
  readonly channel: string;
  readonly account: string | undefined;
  /** E.164 with `+` where that is known, else as it was sent. */
  readonly from: string;
  /** E.164 with `+` where that is known, else as it was sent. */
  readonly to: string;
  readonly status: FinalStatus;
  /** A code of docs/errors.md or a peer's own words; undefined when all is well. */
  readonly error: string | undefined;
  /** The report that ended it; undefined when it ended on our side. `doneMs`: since 1970 UTC. */
  readonly report:
    | {
        readonly state: string;
        readonly error: string;
        readonly doneMs: number | undefined;
        /** Optional parameters that are not told by the fields before. */
        readonly tlvs: Tlvs;
      }
    | undefined;
  /** The message that this one was made of; undefined when it is itself the first of its life. */
  readonly root: Original | undefined;
  /** What the triggers before this one asked for, in their order. */
  readonly decided: readonly Decided[];
  /** A line for the trace of this message; at most 1,000 characters. */
  trace(text: string): void;
}

/** The first message of a life, as a customer or a provider sent it. */
export interface Original {
  readonly id: string;
  /** That it came in on. */
  readonly channel: string;
  /** Of the customer; undefined for a message of a provider. */
  readonly account: string | undefined;
  readonly from: string;
  readonly to: string;
  /** Its sender wants to hear of the final outcome. */
  readonly reportAsked: boolean;
  /** Its optional parameters, by their names in SMPP or by their tags. */
  readonly tlvs: Tlvs;
  /** What its sender calls it (`client_reference` over HTTP); undefined for all others. */
  readonly clientReference: string | undefined;
  /** Words that its sender gave it over HTTP; empty for all others. */
  readonly tags: readonly string[];
  /**
   * Tells the account that sent it what became of it; left out, with a line in the trace, when it did
   * not ask for this outcome. `state`: `stat:` of the receipt, 1-7 upper case letters. `error`:
   * `err:`, 1-3 digits or letters. What is not named is as the network told it, or as the status
   * implies. `tlvs`: optional parameters of the receipt, by their names on the customer's channel; they
   * replace those that a receipt has of that name.
   */
  report(options?: Omit<ReportAction, "do">): void;
}

/** What happened to a channel. */
export interface Channel {
  /** Of this event; the trace of a message that is sent because of it names it. */
  readonly id: string;
  readonly name: string;
  /**
   * `up`: it listens, or is bound to its provider. `down`: it is not. `paused`, `drained`, `resumed`:
   * an operator said so; of a drained channel no `down` is told.
   */
  readonly what: ChannelChange;
  /** When it began, milliseconds since 1970 UTC. */
  readonly sinceMs: number;
  /** How long it had lasted when it was told: the trigger's own `forMs`. */
  readonly forMs: number;
  /** Why, in a few words; who, of what an operator said. May be empty. */
  readonly reason: string;
  /** The first that is told of this channel since the gateway started: it need not be a change. */
  readonly first: boolean;
  /** What the triggers before this one asked for, in their order. */
  readonly decided: readonly Decided[];
}

/** A session that has bound or ended. */
export interface Session {
  /** Of this event; the trace of a message that is sent because of it names it. */
  readonly id: string;
  readonly channel: string;
  /** Our name for the connection, as in `signalbox session list`. */
  readonly session: string;
  readonly what: "bound" | "ended";
  /**
   * Why it ended; empty for one that has bound. `peer_unbound`, `peer_closed`, `connection_error`,
   * `enquire_link_unanswered` (it was silent), `inactive`, `kicked` (an operator ended it), ...
   */
  readonly reason: string;
  /** What the system said about the end; empty when nothing. */
  readonly detail: string;
  /** The customer's; for a session to a provider, the system_id that we bound with. */
  readonly account: string;
  readonly bindType: "transmitter" | "receiver" | "transceiver";
  /** `address:port` of the peer. */
  readonly remote: string;
  readonly tls: boolean;
  /** When it bound, milliseconds since 1970 UTC. */
  readonly boundMs: number;
  /** Milliseconds from its bind to its end; 0 for one that has bound. */
  readonly lastedMs: number;
  /** Messages and reports that came in on it. */
  readonly received: number;
  /** Messages and reports that went out on it. */
  readonly sent: number;
  /** Sessions that the account has on this channel besides this one. */
  readonly others: number;
  /** What the triggers before this one asked for, in their order. */
  readonly decided: readonly Decided[];
}

/** Something happened to a customer's account. */
export interface Account {
  /** Of this event; the trace of a message that is sent because of it names it. */
  readonly id: string;
  /** Which; its system_id. */
  readonly account: string;
  /** Its balance has fallen below its `lowBalance`. */
  readonly what: "low";
  /** What was left then. */
  readonly credits: number;
  /** Its `lowBalance`: it is told again when the balance was at this or above it in between. */
  readonly lowAt: number;
  /** What the triggers before this one asked for, in their order. */
  readonly decided: readonly Decided[];
}

/** A time of the trigger's own schedule has come. All times are milliseconds since 1970 UTC. */
export interface Schedule {
  /** Of this event; the trace of a message that is sent because of it names it. */
  readonly id: string;
  /** Of this trigger. */
  readonly name: string;
  /** When it was due; of several that were missed the last. The full minute. */
  readonly dueMs: number;
  /** When it was due the time before that it ran; undefined when it never did. */
  readonly previousMs: number | undefined;
  /** It is more than a minute late: the gateway was down, or the run before was not done. */
  readonly late: boolean;
  /** What the triggers before this one asked for: nothing, for a schedule is of one trigger alone. */
  readonly decided: readonly Decided[];
}

/** What one trigger asked for. */
export interface Decided {
  readonly trigger: string;
  readonly actions: readonly Action[];
}
