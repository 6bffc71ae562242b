import type { ErrorCode } from "../../model/error.ts";
import type { ReportEvent } from "../../model/event.ts";
import type { Sent } from "../../model/message.ts";
import type { Report as Told } from "../../model/report.ts";
import type { NamedTlv } from "../../model/tlv.ts";
import type { Decided, Matched, Report } from "../sdk-events.ts";
import type { Tlvs } from "../sdk-tlvs.ts";
import { ask, decidedBefore, type Run } from "./run.ts";
import { tlvsFrom } from "./tlvs.ts";

/** A report as it crosses into an isolate, with the message that it is about if that is known. */
export type ReportTuple = readonly [
  id: string,
  channel: string,
  session: string | null,
  messageId: string,
  status: Told["status"],
  state: string,
  error: string,
  from: string,
  to: string,
  text: string,
  submittedMs: number | null,
  doneMs: number | null,
  message: MatchedTuple | null,
  tlvs: readonly NamedTlv[] | null,
];

type MatchedTuple = readonly [
  id: string,
  root: string,
  channel: string,
  account: string | null,
  from: string,
  to: string,
];

export function reportTuple(event: ReportEvent, sent: Sent | undefined): ReportTuple {
  const { report } = event;
  return [
    event.id,
    event.channel,
    event.session ?? null,
    report.messageId,
    report.status,
    report.state,
    report.error,
    event.from,
    event.to,
    report.text,
    report.submittedMs ?? null,
    report.doneMs ?? null,
    sent === undefined ? null : matchedTuple(sent),
    report.tlvs ?? null,
  ];
}

function matchedTuple({ message, original }: Sent): MatchedTuple {
  const { id, root, channel, from, to } = message;
  return [id, root, channel, original.account ?? null, from, to];
}

export function reportFrom(tuple: ReportTuple, run: Run): Report {
  return new ScriptReport(tuple, run);
}

/** A class for the reason that `message.ts` gives. */
class ScriptReport implements Report {
  readonly id: string;
  readonly channel: string;
  readonly session: string | undefined;
  readonly messageId: string;
  readonly status: Told["status"];
  readonly state: string;
  readonly error: string;
  readonly from: string;
  readonly to: string;
  readonly text: string;
  readonly submittedMs: number | undefined;
  readonly doneMs: number | undefined;
  readonly message: Matched | undefined;
  readonly #tlvs: ReportTuple[13];
  readonly #run: Run;

  constructor(tuple: ReportTuple, run: Run) {
    this.id = tuple[0];
    this.channel = tuple[1];
    this.session = tuple[2] ?? undefined;
    this.messageId = tuple[3];
    this.status = tuple[4];
    this.state = tuple[5];
    this.error = tuple[6];
    this.from = tuple[7];
    this.to = tuple[8];
    this.text = tuple[9];
    this.submittedMs = tuple[10] ?? undefined;
    this.doneMs = tuple[11] ?? undefined;
    this.message = tuple[12] === null ? undefined : matchedFrom(tuple[12]);
    this.#tlvs = tuple[13];
    this.#run = run;
  }

  get tlvs(): Tlvs {
    return tlvsFrom(this.#tlvs);
  }

  get decided(): readonly Decided[] {
    return decidedBefore(this.#run);
  }

  apply(): void {
    ask(this.#run, ["p"]);
  }

  reject(code: ErrorCode | number, reason?: string): void {
    ask(this.#run, ["r", code, reason ?? null]);
  }

  trace(text: string): void {
    ask(this.#run, ["t", text]);
  }
}

function matchedFrom([id, root, channel, account, from, to]: MatchedTuple): Matched {
  return { id, root, channel, account: account ?? undefined, from, to };
}
