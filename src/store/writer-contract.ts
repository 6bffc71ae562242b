import type { Clock } from "../model/clock.ts";
import type { Intake } from "../model/intake.ts";
import type { Log } from "../model/log.ts";
import type { Message, TraceLine } from "../model/message.ts";
import type { Meter } from "../model/meter.ts";
import type { Status } from "../model/status.ts";
import type { Hook } from "../model/webhook.ts";
import type {
  Acceptance,
  Again,
  Burial,
  Conclusion,
  Finish,
  HookRetry,
  Later,
  ReceivedPart,
  PartAttempt,
  Postponement,
  Replacing,
  Resend,
  Transfer,
} from "./operation.ts";
import type { Pipeline } from "./pipeline.ts";

/** Every write of the hot path: many operations are one transaction, and it resolves after the commit. */
export interface Writer {
  /** When new messages are best taken up. */
  readonly intake: Intake;
  /**
   * Charge, original, forwarded messages, their places in the queue and states: all or, with
   * `no_credit`, nothing. Rejects with `overloaded` above `writerOperationsMax`, with
   * `database_unreachable` when it could not even be tried for `writeTimeoutMs`, with `internal` when
   * this one cannot be stored; then certainly nothing is applied.
   */
  accept(acceptance: Acceptance): Promise<"accepted" | "no_credit">;
  /** A row that is not charged and leads nowhere: a bind, a refused message. Rejects as `accept` does. */
  record(message: Message, status: Status, error: string | undefined): Promise<void>;
  /** A part that waits for the others of its text (RECEIVING). Rejects as `accept` does. */
  receivePart(part: ReceivedPart): Promise<void>;
  /**
   * Takes rows into a window: their owner is this start. Resolves with those of the ids that were no
   * longer there to take (cancelled, expired), nearly always none; they must not be sent. Waits for
   * as long as the database is away.
   */
  claim(ids: readonly string[]): Promise<readonly string[]>;
  /**
   * What became of one try of one part, as soon as it is known; `finish` or `again` of the message
   * comes behind the last one. Waits too.
   */
  part(attempt: PartAttempt): Promise<void>;
  /**
   * A peer has taken it, or it failed for good: an attempt, its place in the queue given up, the
   * state moved, never a step back. Waits for as long as the database is away: nobody else knows it.
   */
  finish(finish: Finish): Promise<void>;
  /** Puts it back into the queue for later, with an attempt when there is an error to tell. Waits too. */
  again(again: Again): Promise<void>;
  /**
   * What follows from a report, or from the status of a message: the status of message, original and
   * attempt, never a step back, the lines, and the reports to the customer. It may be asked for
   * before the `finish` of the same message is committed, but not before that is asked for. Waits.
   */
  conclude(conclusion: Conclusion): Promise<void>;
  /** Keeps work that waits without being sent. Waits too; rejects with `overloaded` like all. */
  hold(later: Later): Promise<void>;
  postpone(postponement: Postponement): Promise<void>;
  /** Gives it up: a dead letter, for a person to look at. */
  bury(burial: Burial): Promise<void>;
  /** Rows that nobody has taken go to another queue, with a line in each life. Rejects as `accept` does. */
  move(transfer: Transfer): Promise<void>;
  /** A message of the same life in the place of one that has ended. Rejects as `accept` does. */
  resend(resend: Resend): Promise<void>;
  /** Another text for a message whose rows nobody has taken. Rejects as `accept` does. */
  replace(replacing: Replacing): Promise<void>;
  /** Lines of a life after its acceptance; one call per stage. Rejects as `accept` does. */
  trace(root: string, lines: readonly TraceLine[]): Promise<void>;
  /** What customers are to be told of what is no message. Waits too. */
  hook(hooks: readonly Hook[]): Promise<void>;
  /** A customer has been told: it is forgotten. Waits too. */
  hooked(id: string): Promise<void>;
  /** He could not be: it is put off, or given up. Waits too. */
  hookAgain(retry: HookRetry): Promise<void>;
  /**
   * From now on told of what customers are to be told, as soon as it is committed and in the order of
   * the commits. Must not throw or wait.
   */
  onHooks(listener: (hooks: readonly Hook[]) => void): void;
  /** Operations not yet committed. */
  readonly waiting: number;
  /** False while the database is away. */
  readonly connected: boolean;
  /** For how long something has waited without any commit; 0 when nothing waits. */
  readonly stalledMs: number;
  /** Takes nothing new, settles when all is committed, or given up after `drainMs`. */
  close(drainMs: number): Promise<void>;
}

export interface WriterParts {
  readonly startId: string;
  readonly newId: () => string;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
  readonly operationsMax: number;
  readonly writeTimeoutMs: number;
  /**
   * Connects and takes the gateway's lock; called again after each loss. Having the lock proves that
   * the backend before is gone, so that what it had not committed never will be.
   */
  readonly connect: () => Promise<Pipeline>;
  /** An account has come below its mark. Told once per crossing, after the commit. */
  readonly onLow?: (low: LowBalance) => void;
}

/** Credits, as JSON tells them. */
export interface LowBalance {
  readonly account: string;
  readonly credits: number;
  readonly lowAt: number;
}
