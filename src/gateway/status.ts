import type { Clock } from "../model/clock.ts";
import type { ReportAction, Ruling } from "../model/decision.ts";
import { ERRORS, type ErrorEntry } from "../model/error.ts";
import type { StatusEvent } from "../model/event.ts";
import { idTimeMs } from "../model/id.ts";
import type { Message, Sms, TraceLine } from "../model/message.ts";
import type { Report } from "../model/report.ts";
import type { Status } from "../model/status.ts";
import { decode } from "../sms/data-coding.ts";
import type { Forward, Later } from "../store/writer.ts";
import type { Engine } from "../trigger/engine.ts";
import { queueName } from "./queue-name.ts";
import { storyOf } from "./story.ts";

/**
 * Milliseconds that the commit of a report or of an end waits for the triggers of its status; when
 * they take longer, the status is written down and decided later.
 */
const statusInlineMs = 200;

/** Characters of the original's text that a receipt repeats (SMPP v3.4, appendix B). */
const textCharacters = 20;

/** How long a report waits for its customer: he may be away for a weekend. */
const reportValidityMs = 72 * 3_600_000;

/** What follows from a status, for the operation that writes the status. */
export interface Following {
  readonly lines: readonly TraceLine[];
  readonly tell: readonly Forward[];
  readonly later: Later | undefined;
}

export interface StatusParts {
  readonly engine: Pick<Engine, "decide">;
  readonly clock: Clock;
  readonly newId: () => string;
}

/** What stands in `pending` for a status that is decided later. */
export interface LaterStatus {
  readonly message: string;
  readonly status: Status;
  readonly error: string | undefined;
  readonly report: Report | undefined;
}

export interface StatusDecider {
  /** Asks the triggers now; if they do not decide in time, the status is to be written down. */
  inline(event: StatusEvent): Promise<Following>;
  /** Asks them again for one that was written down; the fault, if they still do not decide. */
  again(event: StatusEvent): Promise<Following | { readonly fault: string }>;
}

export function createStatusDecider({ engine, clock, newId }: StatusParts): StatusDecider {
  return {
    async inline(event) {
      const asked = engine.decide({ kind: "status", event });
      const ruling = await within(statusInlineMs, asked);
      if (ruling === undefined || ruling.verdict === "undecided") return laterOf(event, ruling);
      return following(event, ruling);
    },
    async again(event) {
      const ruling = await engine.decide({ kind: "status", event });
      if (ruling.verdict === "undecided") return { fault: `${ruling.fault}: ${ruling.text}` };
      return following(event, ruling);
    },
  };

  function following(event: StatusEvent, ruling: Ruling): Following {
    const lines = storyOf(ruling.ran, clock.nowMs());
    const tell: Forward[] = [];
    for (const action of ruling.verdict === "accept" ? ruling.reports : []) {
      const told = reportOut(event, action);
      if (typeof told === "string")
        lines.push({ at: clock.nowMs(), what: "report", facts: { dropped: told } });
      else tell.push(told);
    }
    return { lines, tell, later: undefined };
  }

  function laterOf(event: StatusEvent, ruling: Ruling | undefined): Following {
    const { message } = event.sent;
    const { status, error, report } = event;
    const payload: LaterStatus = { message: message.id, status, error, report };
    const why = ruling?.verdict === "undecided" ? ruling.text : `not within ${statusInlineMs} ms`;
    const lines = ruling === undefined ? [] : storyOf(ruling.ran, clock.nowMs());
    lines.push({ at: clock.nowMs(), what: "status", facts: { later: why } });
    return {
      lines,
      tell: [],
      // Under the same id, so that what a script has asked of others is not asked under two keys.
      later: {
        id: event.id,
        root: message.root,
        kind: "event",
        dueMs: clock.nowMs(),
        payload: JSON.stringify(payload),
      },
    };
  }

  /** The report for the customer, or why he gets none. */
  function reportOut(event: StatusEvent, action: ReportAction): Forward | string {
    const { message, original } = event.sent;
    if (original.id === message.id || original.account === undefined || original.sms === undefined)
      return "it is no customer's message";
    if (!isAsked(original.sms, event.status)) return "it was not asked for";
    const nowMs = clock.nowMs();
    const told: Message = {
      id: newId(),
      root: message.root,
      parent: message.id,
      kind: "report",
      direction: "out",
      channel: original.channel,
      account: original.account,
      from: original.to,
      to: original.from,
      sms: addressesOf(original.sms),
      report: reportOf(event, action, nowMs),
      sameAsParent: false,
      hops: 0,
      log: [],
    };
    return {
      message: told,
      queue: queueName(told.channel, told.account),
      priority: 0,
      dueMs: 0,
      expiresMs: nowMs + reportValidityMs,
    };
  }
}

/** registered_delivery bits 0-1 (SMPP v3.4 §5.2.17; 3 since v5.0): 1 any, 2 failure, 3 success. */
function isAsked(sms: Sms, status: Status): boolean {
  const asked = sms.registeredDelivery & 3;
  return (
    asked === 1 ||
    (asked === 2 && status !== "DELIVERED") ||
    (asked === 3 && status === "DELIVERED")
  );
}

const STATES: Readonly<Partial<Record<Status, string>>> = {
  DELIVERED: "DELIVRD",
  NOTDELIVERED: "UNDELIV",
  NOREPORT: "UNKNOWN",
  FAILED: "REJECTD",
  EXPIRED: "EXPIRED",
  CANCELLED: "DELETED",
};

function reportOf(event: StatusEvent, action: ReportAction, nowMs: number): Report {
  const { status, report, sent } = event;
  const { original } = sent;
  const sms = original.sms;
  const text =
    sms === undefined
      ? undefined
      : (sms.text ?? decode(sms.octets, sms.dataCoding, (sms.esmClass & 0x40) !== 0));
  return {
    // What the customer was given at the submit.
    messageId: original.id,
    status: status === "DELIVERED" || status === "NOREPORT" ? status : "NOTDELIVERED",
    state: action.state ?? report?.state ?? STATES[status] ?? "UNKNOWN",
    error: action.error ?? report?.error ?? errorOf(status, event.error),
    submittedMs: idTimeMs(original.id),
    doneMs: report?.doneMs ?? nowMs,
    text: text?.slice(0, textCharacters) ?? "",
    networkError: report?.networkError,
  };
}

/** `err:` for what ended without a report: from the catalogue, else "failed at the operator". */
function errorOf(status: Status, error: string | undefined): string {
  const code = status === "NOREPORT" ? "no_report" : (error ?? "");
  const known: Readonly<Record<string, ErrorEntry>> = ERRORS;
  const fallback = status === "DELIVERED" ? 0 : ERRORS.refused_by_provider.receipt;
  return String(known[code]?.receipt ?? fallback).padStart(3, "0");
}

/** A receipt goes from the phone to the sender; all else of it is written by the channel. */
function addressesOf(sms: Sms): Sms {
  return {
    ...sms,
    from: sms.to,
    to: sms.from,
    esmClass: 0,
    protocolId: 0,
    priority: 0,
    scheduleTime: "",
    validityPeriod: "",
    registeredDelivery: 0,
    replaceIfPresent: 0,
    dataCoding: 0,
    octets: Buffer.alloc(0),
    text: undefined,
    tlvs: [],
  };
}

/** undefined when it takes longer; what comes then is dropped. */
async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<undefined>((end) => (timer = setTimeout(() => end(undefined), ms)));
  const first = await Promise.race([work, limit]);
  clearTimeout(timer);
  return first;
}
