import type { StatusEvent } from "../../model/event.ts";
import type { Message } from "../../model/message.ts";
import type { Report } from "../../model/report.ts";
import type { Decided, FinalStatus, Original, SentMessage } from "../sdk-events.ts";
import { ask, decidedBefore, type Run } from "./run.ts";

/** A message that went out and has ended, as it crosses into an isolate, with its original. */
export type StatusTuple = readonly [
  id: string,
  channel: string,
  account: string | null,
  from: string,
  to: string,
  status: FinalStatus,
  error: string | null,
  report: ReportTuple | null,
  root: OriginalTuple | null,
];

type ReportTuple = readonly [state: string, error: string, doneMs: number | null];

type OriginalTuple = readonly [
  id: string,
  channel: string,
  account: string | null,
  from: string,
  to: string,
  registeredDelivery: number,
];

export function statusTuple(event: StatusEvent): StatusTuple {
  const { message, original } = event.sent;
  return [
    message.id,
    message.channel,
    message.account ?? null,
    message.from,
    message.to,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- routes.ts matches final ones only.
    event.status as FinalStatus,
    event.error ?? null,
    event.report === undefined ? null : reportTuple(event.report),
    message.id === original.id ? null : originalTuple(original),
  ];
}

function reportTuple({ state, error, doneMs }: Report): ReportTuple {
  return [state, error, doneMs ?? null];
}

function originalTuple({ id, channel, account, from, to, sms }: Message): OriginalTuple {
  return [id, channel, account ?? null, from, to, sms?.registeredDelivery ?? 0];
}

export function statusFrom(tuple: StatusTuple, run: Run): SentMessage {
  return new ScriptSentMessage(tuple, run);
}

/** A class for the reason that `message.ts` gives. */
class ScriptSentMessage implements SentMessage {
  readonly id: string;
  readonly channel: string;
  readonly account: string | undefined;
  readonly from: string;
  readonly to: string;
  readonly status: FinalStatus;
  readonly error: string | undefined;
  readonly report: SentMessage["report"];
  readonly root: Original | undefined;
  readonly #run: Run;

  constructor(tuple: StatusTuple, run: Run) {
    this.id = tuple[0];
    this.channel = tuple[1];
    this.account = tuple[2] ?? undefined;
    this.from = tuple[3];
    this.to = tuple[4];
    this.status = tuple[5];
    this.error = tuple[6] ?? undefined;
    this.report = tuple[7] === null ? undefined : reportFrom(tuple[7]);
    this.root = tuple[8] === null ? undefined : new ScriptOriginal(tuple[8], run);
    this.#run = run;
  }

  get decided(): readonly Decided[] {
    return decidedBefore(this.#run);
  }

  trace(text: string): void {
    ask(this.#run, ["t", text]);
  }
}

function reportFrom([state, error, doneMs]: ReportTuple): SentMessage["report"] {
  return { state, error, doneMs: doneMs ?? undefined };
}

class ScriptOriginal implements Original {
  readonly id: string;
  readonly channel: string;
  readonly account: string | undefined;
  readonly from: string;
  readonly to: string;
  readonly reportAsked: boolean;
  readonly #run: Run;

  constructor(tuple: OriginalTuple, run: Run) {
    this.id = tuple[0];
    this.channel = tuple[1];
    this.account = tuple[2] ?? undefined;
    this.from = tuple[3];
    this.to = tuple[4];
    // SMPP v3.4 §5.2.17: the two lowest bits ask for a report of the final outcome.
    this.reportAsked = (tuple[5] & 3) !== 0;
    this.#run = run;
  }

  report(options: { state?: string; error?: string } = {}): void {
    ask(this.#run, ["o", options.state ?? null, options.error ?? null]);
  }
}
