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
  | { readonly kind: "trace"; readonly root: string; readonly lines: readonly TraceLine[] };

/** What an operation answers: the refusal of an acceptance, the ids that a claim missed, else nothing. */
export type Answer = "accepted" | "no_credit" | readonly string[] | undefined;

/** An operation in the queue, with the one who waits for it. */
export interface Waiting {
  readonly operation: Operation;
  /** On the clock's `tickMs`; after it the operation is given up if it is certainly not applied. */
  readonly deadlineMs: number;
  readonly weight: number;
  resolve(answer: Answer): void;
  reject(error: GatewayError): void;
}
