import type { Amount } from "../model/amount.ts";
import type { GatewayError } from "../model/error.ts";
import type { Ways } from "../model/failure-policy.ts";
import type { JoinedPart, Message, TraceLine } from "../model/message.ts";
import type { Status } from "../model/status.ts";
import type { Hook } from "../model/webhook.ts";

/** A message taken over from a peer, with all that its decision asked for. */
export interface Acceptance {
  readonly message: Message;
  /** An account that is not ours cannot pay, also nothing. */
  readonly charge: Charge | undefined;
  readonly forwards: readonly Forward[];
  /** Messages of our own that its decision asked for besides; none when left out. */
  readonly made?: readonly Made[];
  /** What customers are to be told at their own URLs; none when left out. */
  readonly hooks?: readonly Hook[];
  /** Of the root, and of each child where there are several. */
  readonly status: Status;
  /** Why it is FAILED; undefined when all is well. */
  readonly error: string | undefined;
}

/** What is taken from an account for a message. */
export interface Charge {
  readonly account: string;
  /** 0 or more. */
  readonly amount: Amount;
  /** Nothing of it comes back, whatever becomes of the message; held until it is sent when left out. */
  readonly final?: boolean;
  /** What of it is for each forward, in their order; equal shares when left out. */
  readonly shares?: readonly Amount[];
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
  /** Other ways that it may go; left out where there are none. */
  readonly ways?: Ways | undefined;
  /** It is in a window from the start: written with the mark of this start, so that nobody has to claim it. */
  readonly taken?: true;
}

/** A message of our own: nobody sent it to us, so it begins a life and is forwarded at once. */
export interface Made {
  readonly message: Message;
  readonly forward: Forward;
}

/** A peer has taken the message, or it has failed for good. */
export interface Finish {
  readonly id: string;
  /**
   * A report out leaves no state: what became of it is a line of its life. Nor an attempt, unless it
   * may have come twice.
   */
  readonly kind: Message["kind"];
  readonly root: string;
  /** What it was joined of: that takes its status, too. */
  readonly joined?: readonly JoinedPart[] | undefined;
  readonly channel: string;
  /** Counts from 1; 0 for one that ended before it was handed over. */
  readonly tries: number;
  readonly providerId: string | undefined;
  readonly status: Status;
  readonly error: string | undefined;
  readonly reportAsked: boolean;
  readonly atMs: number;
  readonly maybeTwice: boolean;
  /** It went in parts: each has its own attempts, so there is none of the whole. */
  readonly inParts?: boolean;
  /** What was decided on this end before its commit. */
  readonly conclusion?: Pick<Conclusion, "lines" | "tell" | "later" | "made" | "hooks">;
  /** What customers are to be told at their own URLs, where there is no conclusion; none when left out. */
  readonly hooks?: readonly Hook[];
}

/** What became of one try of one part of a message that was split. */
export interface PartAttempt extends Pick<
  Finish,
  | "id"
  | "root"
  | "channel"
  | "tries"
  | "providerId"
  | "status"
  | "error"
  | "reportAsked"
  | "atMs"
  | "maybeTwice"
> {
  /** From 1 to `parts`. */
  readonly part: number;
  readonly parts: number;
  /** Joins the parts at the phone, 0-65,535; another one says that the text was cut in another way. */
  readonly reference: number;
}

/** A report about a part, or the silence about it. */
export interface PartReport {
  readonly part: number;
  readonly reference: number;
  readonly status: Status;
  readonly error: string | undefined;
}

/** A part of a text, which waits for the others: it is nobody's decision yet, and not charged. */
export interface ReceivedPart {
  readonly message: Message;
  /** Milliseconds since 1970 UTC: when it is given up. */
  readonly dueMs: number;
  /** The part that it repeats, by whose id its sender knows it; undefined for nearly all. */
  readonly repeats: string | undefined;
}

/** A report came in, or a message ended: what follows from it is one commit. */
export interface Conclusion {
  /** The message that went out, whose status moves. */
  readonly id: string;
  readonly root: string;
  /** What it was joined of: that takes its status, too. */
  readonly joined?: readonly JoinedPart[] | undefined;
  /** undefined: nothing moves, as after an intermediate report or a repeated one. */
  readonly status: Status | undefined;
  readonly error: string | undefined;
  readonly atMs: number;
  /** Lines of the life, kept together; none when empty. */
  readonly lines: readonly TraceLine[];
  /** Reports to the customer, with their places in the queue. */
  readonly tell: readonly Forward[];
  /** Messages of our own that a trigger asked for; none when left out. */
  readonly made?: readonly Made[];
  /** What customers are to be told at their own URLs; none when left out. */
  readonly hooks?: readonly Hook[];
  /** A status event that could not be decided at once. */
  readonly later: Later | undefined;
  /** The id of the waiting event or report that is finished by this. */
  readonly done: string | undefined;
  /** What was told of parts; the attempts of other parts stay as they are. None when left out. */
  readonly parts?: readonly PartReport[];
}

/**
 * Work that waits without being sent: a status event to decide, or a report whose message is not
 * known yet.
 */
export interface Later {
  readonly id: string;
  /** Its own id for a report without a message. */
  readonly root: string;
  readonly kind: "event" | "match" | "part";
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

/** Rows that wait go to another queue, by the word of an operator. */
export interface Transfer {
  readonly ids: readonly string[];
  readonly queue: string;
  /** Of each row what its life tells of it. */
  readonly lines: readonly { readonly root: string; readonly line: TraceLine }[];
}

/** A message is sent once more, by the word of an operator: the life goes back to QUEUED. */
export interface Resend {
  /** The id of the message whose place the new one takes. */
  readonly of: string;
  readonly forward: Forward;
  readonly line: TraceLine;
}

/**
 * Another text for a message that waits, by the word of its sender: new messages take the places of
 * those that were to be sent.
 */
export interface Replacing {
  /** The original with its new content. */
  readonly message: Message;
  /** SCHEDULED or QUEUED. */
  readonly status: Status;
  readonly places: readonly { readonly of: string; readonly forward: Forward }[];
  /** At least one. */
  readonly lines: readonly TraceLine[];
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
  /** What is to be kept of its ways, and where else it stands from now on; left out for most. */
  readonly moved?: {
    readonly queue: string;
    /** An id above those of all that wait, to stand behind them; undefined: its own. */
    readonly place: string | undefined;
    readonly ways: Ways | undefined;
    /** Of its life; none when left out. */
    readonly line?: TraceLine;
  };
}

/** A customer's URL was tried in vain. */
export interface HookRetry {
  readonly id: string;
  /** Milliseconds since 1970 UTC. */
  readonly dueMs: number;
  /** Tries made so far. */
  readonly tries: number;
  readonly reason: string;
  /** It is given up. */
  readonly dead: boolean;
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
  | { readonly kind: "receivePart"; readonly part: ReceivedPart }
  | { readonly kind: "claim"; readonly ids: readonly string[] }
  | { readonly kind: "part"; readonly attempt: PartAttempt }
  | { readonly kind: "finish"; readonly finish: Finish }
  | { readonly kind: "again"; readonly again: Again }
  | { readonly kind: "conclude"; readonly conclusion: Conclusion }
  | { readonly kind: "hold"; readonly later: Later }
  | { readonly kind: "postpone"; readonly postponement: Postponement }
  | { readonly kind: "bury"; readonly burial: Burial }
  | { readonly kind: "move"; readonly transfer: Transfer }
  | { readonly kind: "resend"; readonly resend: Resend }
  | { readonly kind: "replace"; readonly replacing: Replacing }
  | { readonly kind: "hook"; readonly hooks: readonly Hook[] }
  | { readonly kind: "hooked"; readonly id: string }
  | { readonly kind: "hookAgain"; readonly retry: HookRetry }
  | { readonly kind: "trace"; readonly root: string; readonly lines: readonly TraceLine[] };

const noHooks: readonly Hook[] = [];

/** What customers are to be told once this is committed. */
export function hooksOf(operation: Operation): readonly Hook[] {
  const { kind } = operation;
  if (kind === "accept") return operation.acceptance.hooks ?? noHooks;
  if (kind === "finish")
    return operation.finish.conclusion?.hooks ?? operation.finish.hooks ?? noHooks;
  if (kind === "conclude") return operation.conclusion.hooks ?? noHooks;
  return kind === "hook" ? operation.hooks : noHooks;
}

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
