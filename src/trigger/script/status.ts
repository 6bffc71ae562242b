import type { ReportAction } from "../../model/decision.ts";
import type { StatusEvent } from "../../model/event.ts";
import type { Message } from "../../model/message.ts";
import type { Report } from "../../model/report.ts";
import type { NamedTlv } from "../../model/tlv.ts";
import type { Decided, FinalStatus, Original, SentMessage } from "../sdk-events.ts";
import type { Tlvs } from "../sdk-tlvs.ts";
import { type ClientTuple, clientTuple } from "./message.ts";
import { ask, decidedBefore, type Run } from "./run.ts";
import { tlvActs, tlvsFrom } from "./tlvs.ts";

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

type ReportTuple = readonly [
  state: string,
  error: string,
  doneMs: number | null,
  tlvs: readonly NamedTlv[] | null,
];

type OriginalTuple = readonly [
  id: string,
  channel: string,
  account: string | null,
  from: string,
  to: string,
  registeredDelivery: number,
  tlvs: readonly NamedTlv[] | null,
  client: ClientTuple | null,
];

/** `tlvs`: of the original, named by who is outside, where the table of their names is. */
export function statusTuple(event: StatusEvent, tlvs: readonly NamedTlv[] | null): StatusTuple {
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
    message.id === original.id ? null : originalTuple(original, tlvs),
  ];
}

function reportTuple({ state, error, doneMs, tlvs }: Report): ReportTuple {
  return [state, error, doneMs ?? null, tlvs ?? null];
}

function originalTuple(message: Message, tlvs: readonly NamedTlv[] | null): OriginalTuple {
  const { id, channel, account = null, from, to, sms } = message;
  const asked = sms?.registeredDelivery ?? 0;
  return [id, channel, account, from, to, asked, tlvs, clientTuple(message)];
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
    this.report = tuple[7] === null ? undefined : new ScriptEnd(tuple[7]);
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

class ScriptEnd implements NonNullable<SentMessage["report"]> {
  readonly state: string;
  readonly error: string;
  readonly doneMs: number | undefined;
  readonly #tlvs: ReportTuple[3];

  constructor(tuple: ReportTuple) {
    this.state = tuple[0];
    this.error = tuple[1];
    this.doneMs = tuple[2] ?? undefined;
    this.#tlvs = tuple[3];
  }

  get tlvs(): Tlvs {
    return tlvsFrom(this.#tlvs);
  }
}

class ScriptOriginal implements Original {
  readonly id: string;
  readonly channel: string;
  readonly account: string | undefined;
  readonly from: string;
  readonly to: string;
  readonly reportAsked: boolean;
  readonly #tlvs: OriginalTuple[6];
  readonly #client: OriginalTuple[7];
  readonly #run: Run;

  constructor(tuple: OriginalTuple, run: Run) {
    this.id = tuple[0];
    this.channel = tuple[1];
    this.account = tuple[2] ?? undefined;
    this.from = tuple[3];
    this.to = tuple[4];
    // SMPP v3.4 §5.2.17: the two lowest bits ask for a report of the final outcome.
    this.reportAsked = (tuple[5] & 3) !== 0;
    this.#tlvs = tuple[6];
    this.#client = tuple[7];
    this.#run = run;
  }

  get clientReference(): string | undefined {
    return this.#client?.[0] ?? undefined;
  }

  get tags(): readonly string[] {
    return this.#client?.[1] ?? [];
  }

  get tlvs(): Tlvs {
    return tlvsFrom(this.#tlvs);
  }

  report(options: Omit<ReportAction, "do"> = {}): void {
    const { state = null, error = null, tlvs } = options;
    ask(this.#run, ["o", state, error, tlvActs(tlvs)]);
  }
}
