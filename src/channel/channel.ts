import type { KeptOptions } from "../model/account-options.ts";
import type { Clock } from "../model/clock.ts";
import type { ErrorCode } from "../model/error.ts";
import type { AlertEvent, EventKind, Events } from "../model/event.ts";
import type { Intake } from "../model/intake.ts";
import type { Log } from "../model/log.ts";
import type { Message, Sms } from "../model/message.ts";
import type { Traffic } from "../model/meter.ts";
import type { Codings } from "../sms/data-coding.ts";
import type { IdBase } from "../model/provider-id.ts";
import type { ChannelTlvs } from "../model/tlv.ts";
import type { ChannelView, SessionView } from "../model/view.ts";
import type { CustomerDesk } from "./customer-desk.ts";
import type { OwnLines } from "./own-lines.ts";
import type { Unwritable, Written } from "./writing.ts";

/** What a channel is handed; it knows no bus, no store and no other channel. */
export interface ChannelHost {
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => string;
  /** An id that has a short form, for who is to be given such; as `newId` when left out. */
  readonly newShortId?: () => string;
  /** Directory to which the paths in its settings are relative. */
  readonly base: string;
  /** Directory of its own for what it must keep, such as a certificate; made by who needs it. */
  readonly directory: string;
  /** An operator drained it and has not resumed it: it is opened as after a `drain`. */
  readonly drained: boolean;
  /** Tells what came in and gives back what the peer is to be answered, after the commit. */
  emit<K extends EventKind>(kind: K, event: Events[K]["event"]): Promise<Events[K]["answer"]>;
  /** When messages are best taken up; at once when left out. Reports need no invitation. */
  readonly intake?: Intake;
  /** What this customer has otherwise than others; the standard for all when left out. Costs nothing. */
  readonly optionsOf?: (account: string) => KeptOptions;
  /** What may be asked about customers; left out where nobody is asked over HTTP. */
  readonly customers?: CustomerDesk;
  /** A connection that might have bound has ended. */
  readonly gone?: (session: string) => void;
  /** Requests that this channel has handed over in the last day, whatever it was called with. */
  readonly sentToday?: () => Promise<number>;
  /** Where its provider is, for records; called with each bind, and where its name is not known. */
  readonly located?: (address: string) => void;
  /** Which of the connections of this gateway lead to itself; the same for all its channels. */
  readonly ownLines?: OwnLines;
  /** Each PDU is told to the log while somebody wants them; never when left out. */
  readonly pdus?: {
    /** Asked for each PDU. */
    readonly wanted: () => boolean;
    /** Without it the text of messages is masked. Passwords always are. */
    readonly showText: boolean;
  };
  /** Called whenever the channel can take more to send: a window has room again, a peer has bound. */
  ready(): void;
}

/** A channel's part of what an operator sees of it. */
export type OwnView = Omit<
  ChannelView,
  "queued" | "inFlight" | "uncertain" | "oldestDueMs" | "held" | "idBase"
>;

/** What became of one request that was handed to a peer. */
export type SendResult =
  /** The peer has it. `providerId` is the id it gave, as received; empty when it gave none. */
  | { readonly kind: "taken"; readonly providerId: string }
  /** The peer said no, with this status in its own protocol's number. */
  | { readonly kind: "refused"; readonly status: number; readonly text: string }
  /** It was written and no answer came: the peer may have it. */
  | { readonly kind: "uncertain"; readonly why: ErrorCode }
  /** It never left us and never will, for example because the text fits no coding of the channel. */
  | { readonly kind: "impossible"; readonly code: ErrorCode; readonly text: string };

/**
 * A way in and out. Opened once at the start by `catalog.ts`; everything below is called by the
 * gateway from one thread and never throws for a reason that lies at the peer.
 */
export interface Channel {
  readonly name: string;
  readonly type: string;
  /** `DELIVERED`: who takes a message here is the one it is for, so his answer is the delivery. */
  readonly taken: "SENT" | "DELIVERED";
  /** Channels of one group lead to the same provider: a report may come on any of them. */
  readonly group: string;
  /** How long a report is waited for; undefined where none is. */
  readonly reportWaitMs: number | undefined;
  /** How the provider writes ids in its reports, where its setting says so; undefined to learn it. */
  readonly idBase?: IdBase | undefined;
  /** How long parts that come in wait to be joined; left out where they are not. */
  readonly joinWaitMs?: number | undefined;
  /** How long a message may wait here to be passed on; left out where only its validity counts. */
  readonly relayWithinMs?: number | undefined;
  /** How long the answer to a message in transaction mode waits; left out where there is none. */
  readonly transactionWaitMs?: number | undefined;
  /** What the peer means by a data_coding where that departs from the specification. */
  readonly codings?: Codings | undefined;
  /** Optional parameters that its peer has made up, and which go on to it; undefined for the usual. */
  readonly tlvs?: ChannelTlvs | undefined;
  /** Is this taken from everybody, without a trigger being asked? Left out: it is not. */
  readonly acceptsAny?: (what: "bind" | "message") => boolean;
  /** False: customers are handed no reports here, they ask how a message stands; left out: they are. */
  readonly takesReports?: boolean;
  /** How fast messages may come in, see `model/rate.ts`; left out where that is not limited. */
  readonly rate?: string | undefined;
  /** Rows that may wait for it; `queueRowsMax` when left out. */
  readonly queueMax?: number | undefined;
  /** There is room, but its own rate holds it back; it calls `ready` when that is over. */
  readonly isPaced?: () => boolean;
  /**
   * How many requests may be handed over right now; 0 while nobody is bound. For a channel that
   * customers bind to, `account` says for whom; of hundreds of sessions no more are asked than make `enough`.
   */
  room(account: string | undefined, enough?: number): number;
  /**
   * A message as it goes over this channel: one request or, where its text has to be split, several;
   * or why it cannot. Called once for each try of a message.
   */
  write(message: Message): Written | Unwritable;
  /**
   * Hands one of its requests to the peer; only called within `room`. `done` is called exactly once, in the
   * very handler that read the answer, since a report may stand right behind it in the same octets.
   */
  send(message: Message, request: Sms, done: (result: SendResult) => void): void;
  /**
   * Tells this customer that a phone can be reached again, where he is bound to receive; false where
   * nobody could be told. Left out where no customers bind.
   */
  alert?(account: string, event: AlertEvent): boolean;
  /**
   * A webhook of this customer has taken this message, which is its delivery here; true where it was handed
   * over to here and now counts as taken. Left out where only the peer itself can take it.
   */
  told?(account: string, id: string): boolean;
  /**
   * The gateway stops: what only waits for a peer to say that he has it is given back at once. Left out
   * where peers answer by themselves.
   */
  stopping?(): void;
  /** Waits for all that were sent to be answered, takes nothing new, unbinds and closes. */
  close(drainMs: number): Promise<void>;
  /**
   * Waits for what is in flight, then unbinds, and lets nobody in until it is resumed: a peer that
   * binds hears `channel_drained`, and we bind to nobody. Takes `drainMs` at most.
   */
  drain(drainMs: number): Promise<void>;
  /** Takes a drain back, also one that is under way. */
  resume(): void;
  /** Ends this session, after what is in flight; false when it is none of this channel's. */
  kick(session: string): boolean;
  /** What it knows of itself; the gateway adds its queues. */
  view(): OwnView;
  sessions(): readonly SessionView[];
  /** What its sessions may do and have done since it was opened; asked for with the metrics. */
  traffic(): Traffic;
  /** Where it listens, in the order of the settings; empty for a channel that calls out. */
  ports(): readonly number[];
}
