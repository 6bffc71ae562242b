import type { Clock } from "../model/clock.ts";
import type { ErrorCode } from "../model/error.ts";
import type { EventKind, Events } from "../model/event.ts";
import type { Log } from "../model/log.ts";
import type { Message } from "../model/message.ts";
import type { ChannelView, SessionView } from "../model/view.ts";

/** What a channel is handed; it knows no bus, no store and no other channel. */
export interface ChannelHost {
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => string;
  /** Directory to which the paths in its settings are relative. */
  readonly base: string;
  /** Directory of its own for what it must keep, such as a certificate; made by who needs it. */
  readonly directory: string;
  /** Tells what came in and gives back what the peer is to be answered, after the commit. */
  emit<K extends EventKind>(kind: K, event: Events[K]["event"]): Promise<Events[K]["answer"]>;
  /** Called whenever the channel can take more to send: a window has room again, a peer has bound. */
  ready(): void;
}

/** What became of one message that was handed to a peer. */
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
  /**
   * How many messages may be handed over right now; 0 while nobody is bound. For a channel that
   * customers bind to, `account` says for whom.
   */
  room(account: string | undefined): number;
  /**
   * Hands one message to the peer; only called within `room`. `done` is called exactly once, in the
   * very handler that read the answer, since a report may stand right behind it in the same octets.
   */
  send(message: Message, done: (result: SendResult) => void): void;
  /** Waits for all that were sent to be answered, takes nothing new, unbinds and closes. */
  close(drainMs: number): Promise<void>;
  view(): Omit<ChannelView, "queued">;
  sessions(): readonly SessionView[];
  /** Where it listens, in the order of the settings; empty for a channel that calls out. */
  ports(): readonly number[];
}
