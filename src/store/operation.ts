import type { GatewayError } from "../model/error.ts";
import type { Message, TraceLine } from "../model/message.ts";
import type { Status } from "../model/status.ts";

/** A message taken over from a peer, with all that its decision asked for. */
export interface Acceptance {
  readonly message: Message;
  /** Credits are a whole number, 0 or more. An account that is not ours cannot pay. */
  readonly charge: { readonly account: string; readonly credits: number } | undefined;
  readonly forwards: readonly Forward[];
  /** Of the root, and of each child where there are several. */
  readonly status: Status;
  /** Why it is FAILED; undefined when all is well. */
  readonly error: string | undefined;
}

/** A message that we made out of another one and that waits to go out. */
export interface Forward {
  readonly message: Message;
  readonly queue: string;
  /** 0-3; 3 goes first. */
  readonly priority: number;
  /** Milliseconds since 1970 UTC; in the past means at once. */
  readonly dueMs: number;
  readonly expiresMs: number;
}

/** A peer has taken the message, or it has failed for good. */
export interface Finish {
  readonly id: string;
  /** A report out leaves no attempt and no state: what became of it is a line of its life. */
  readonly kind: Message["kind"];
  readonly root: string;
  readonly channel: string;
  /** Counts from 1; 0 for one that ended before it was handed over. */
  readonly tries: number;
  readonly providerId: string | undefined;
  readonly status: Status;
  readonly error: string | undefined;
  readonly reportAsked: boolean;
  readonly atMs: number;
  readonly maybeTwice: boolean;
  /** What was decided on this end before its commit. */
  readonly conclusion?: Pick<Conclusion, "lines" | "tell" | "later">;
}

/** A report came in, or a message ended: what follows from it is one commit. */
export interface Conclusion {
  /** The message that went out, whose status moves. */
  readonly id: string;
  readonly root: string;
  /** undefined: nothing moves, as after an intermediate report or a repeated one. */
  readonly status: Status | undefined;
  readonly error: string | undefined;
  readonly atMs: number;
  /** Lines of the life, kept together; none when empty. */
  readonly lines: readonly TraceLine[];
  /** Reports to the customer, with their places in the queue. */
  readonly tell: readonly Forward[];
  /** A status event that could not be decided at once. */
  readonly later: Later | undefined;
  /** The id of the waiting event or report that is finished by this. */
  readonly done: string | undefined;
}

/**
 * Work that waits without being sent: a status event to decide, or a report whose message is not
 * known yet.
 */
export interface Later {
  readonly id: string;
  /** Its own id for a report without a message. */
  readonly root: string;
  readonly kind: "event" | "match";
  /** Milliseconds since 1970 UTC; in the past means at once. */
  readonly dueMs: number;
  /** JSON, only read by who wrote it. */
  readonly payload: string;
}

/** Such work, tried in vain and to be tried again. */
export interface Postponement {
  readonly id: string;
  readonly dueMs: number;
  /** Tries made so far. */
  readonly tries: number;
}

/** Work that is given up: it is kept for a person to look at. */
export interface Burial {
  readonly id: string;
  readonly root: string | undefined;
  /** `event`, `report`, ... */
  readonly kind: string;
  readonly reason: string;
  readonly payload: string;
  /** It waits in `pending` under this id and does so no more. */
  readonly pending: boolean;
}

/** Back into the queue, to be tried later. */
export interface Again {
  readonly id: string;
  readonly root: string;
  readonly channel: string;
  /** Tries made so far. */
  readonly tries: number;
  /** Why the peer did not take it; undefined when it was not handed over, then no attempt is noted. */
  readonly error: string | undefined;
  /** Milliseconds since 1970 UTC; in the past means at once. */
  readonly dueMs: number;
  /** The peer may have it; once set it stays. */
  readonly maybeTwice: boolean;
  readonly atMs: number;
}

/** What the writer writes, as data. */
export type Operation =
  | { readonly kind: "accept"; readonly acceptance: Acceptance }
  | {
      readonly kind: "record";
      readonly message: Message;
      readonly status: Status;
      readonly error: string | undefined;
    }
  | { readonly kind: "claim"; readonly ids: readonly string[] }
  | { readonly kind: "finish"; readonly finish: Finish }
  | { readonly kind: "again"; readonly again: Again }
  | { readonly kind: "conclude"; readonly conclusion: Conclusion }
  | { readonly kind: "hold"; readonly later: Later }
  | { readonly kind: "postpone"; readonly postponement: Postponement }
  | { readonly kind: "bury"; readonly burial: Burial }
  | { readonly kind: "trace"; readonly root: string; readonly lines: readonly TraceLine[] };

/** What an operation answers: the refusal of an acceptance, the ids that a claim missed, else nothing. */
export type Answer = "accepted" | "no_credit" | readonly string[] | undefined;

/** An operation in the queue, with the one who waits for it. */
export interface Waiting {
  readonly operation: Operation;
  /** Counts up in the order in which they were asked for, so that what is put back keeps its place. */
  readonly number: number;
  /** On the clock's `tickMs`; after it the operation is given up if it is certainly not applied. */
  readonly deadlineMs: number;
  readonly weight: number;
  resolve(answer: Answer): void;
  reject(error: GatewayError): void;
}
