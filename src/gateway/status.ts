import { bareSms } from "../model/bare-sms.ts";
import { type KeptOptions, messageIdFor } from "../model/account-options.ts";
import type { Clock } from "../model/clock.ts";
import { openDeadline } from "../model/deadline.ts";
import type { Ran, ReportAction, Ruling } from "../model/decision.ts";
import type { ErrorCode } from "../model/error.ts";
import type { StatusEvent } from "../model/event.ts";
import { idTimeMs } from "../model/id.ts";
import type { Message, Sent, Sms, TraceLine } from "../model/message.ts";
import { modeOf } from "../model/mode.ts";
import type { Report } from "../model/report.ts";
import type { Status } from "../model/status.ts";
import type { Announcer, Hook } from "../model/webhook.ts";
import type { ChannelTlvs } from "../model/tlv.ts";
import { type Codings, decode } from "../sms/data-coding.ts";
import type { Forward, Later, Made } from "../store/writer.ts";
import type { Engine } from "../trigger/engine.ts";
import type { Maker } from "./make.ts";
import { toItsReceiver } from "./many.ts";
import { queueName } from "./queue-name.ts";
import { receiptError } from "./receipt-error.ts";
import { storyOf } from "./story.ts";
import { tlvsFor } from "./tlvs.ts";

/**
 * Milliseconds that the commit of a report or of an end waits for the triggers of its status; when
 * they take longer, the status is written down and decided later.
 */
const statusInlineMs = 200;

/** Characters of the original's text that a receipt repeats (SMPP v3.4, appendix B). */
const textCharacters = 20;

/** What follows from a status, for the operation that writes the status. */
export interface Following {
  readonly lines: readonly TraceLine[];
  readonly tell: readonly Forward[];
  /** Messages of our own; none when left out. */
  readonly made?: readonly Made[];
  readonly later: Later | undefined;
  /** What customers are to be told at their own URLs, whatever triggers make of it. */
  readonly hooks?: readonly Hook[];
}

export interface StatusParts {
  readonly engine: Pick<Engine, "decide">;
  readonly make: Maker;
  readonly announce?: Pick<Announcer, "ended">;
  readonly clock: Clock;
  readonly newId: () => string;
  /** What a customer has otherwise than others. */
  readonly optionsOf: (account: string) => KeptOptions;
  /** Its sender is told of this outcome by the answer that he still waits for; never when left out. */
  readonly hears?: (original: string, status: Status) => boolean;
  /** What is meant by a data_coding on a channel; by all as in the specification when left out. */
  readonly codingsOn?: (channel: string) => Codings | undefined;
  /** What a channel has agreed with its peer; nothing when left out. */
  readonly tlvsOn?: (channel: string) => ChannelTlvs | undefined;
  /** Are customers handed reports on this channel? On all when left out. */
  readonly takesReports?: (channel: string) => boolean;
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
  /**
   * For a report that is not final: what goes to the customer, if he asked for such (registered_delivery
   * 0x10, SMPP v3.4 §5.2.17). Triggers are told of final statuses only, so he need not be asked for.
   */
  notify(sent: Sent, report: Report): readonly Forward[];
  /**
   * The report for a customer whose message has failed after he was told that it was taken, and before
   * anything was made of it that a trigger could be told of; none when he did not ask for it.
   */
  failed(message: Message, error: string): readonly Forward[];
}

export function createStatusDecider(parts: StatusParts): StatusDecider {
  const { engine, make, announce, clock, newId, optionsOf, hears, codingsOn, tlvsOn } = parts;
  type Told = (ruling: Ruling | undefined) => void;
  const patience = openDeadline<Told>(statusInlineMs, clock, (tell) => tell(undefined));
  return {
    async inline(event) {
      const hooks = announce?.ended(event) ?? [];
      const asked = engine.decide({ kind: "status", event });
      const ruling = await inTime(asked);
      if (ruling === undefined)
        return { ...laterOf(event, [], `not within ${statusInlineMs} ms`), hooks };
      const next = following(event, ruling);
      return { ...("fault" in next ? laterOf(event, ruling.ran, next.text) : next), hooks };
    },
    async again(event) {
      const next = following(event, await engine.decide({ kind: "status", event }));
      return "fault" in next ? { fault: `${next.fault}: ${next.text}` } : next;
    },
    notify(sent, report) {
      return asSubmitted(sent).flatMap((one) => {
        const { original } = one;
        if (((original.sms?.registeredDelivery ?? 0) & intermediateBit) === 0) return [];
        const told = toCustomer(one, ({ account, sms }) =>
          reportOf(original, { account, sms, report, status: "SENT", state: report.state }),
        );
        return typeof told === "string" ? [] : [told];
      });
    },
    failed(message, error) {
      const sent: Sent = { message: { ...message, id: newId() }, original: message };
      const event = { id: newId(), atMs: clock.nowMs(), sent, status: "FAILED", error } as const;
      const told = reportOut({ ...event, report: undefined }, { do: "report" });
      if (typeof told === "string" || "fault" in told) return [];
      return [{ ...told, message: { ...told.message, parent: message.id } }];
    },
  };

  /** undefined when it takes longer; what comes then is dropped. */
  function inTime(asked: Promise<Ruling>): Promise<Ruling | undefined> {
    return new Promise((resolve, reject) => {
      const ticket = patience.hold(resolve);
      asked.then((ruling) => {
        patience.release(ticket);
        resolve(ruling);
      }, reject);
    });
  }

  function following(
    event: StatusEvent,
    ruling: Ruling,
  ): Following | { readonly fault: ErrorCode; readonly text: string } {
    if (ruling.verdict === "undecided") return ruling;
    const { channel, hops } = event.sent.message;
    const because = { channel, event: `status ${event.status}`, id: event.id, hops };
    const makings = make(ruling.verdict === "accept" ? ruling.sends : [], because);
    if ("fault" in makings) return makings;
    const lines = [...storyOf(ruling.ran, clock.nowMs()), ...makings.lines];
    const tell: Forward[] = [];
    for (const action of ruling.verdict === "accept" ? ruling.reports : [])
      for (const sent of asSubmitted(event.sent)) {
        const told = reportOut({ ...event, sent }, action);
        if (typeof told !== "string" && "fault" in told) return told;
        if (typeof told === "string")
          lines.push({ at: clock.nowMs(), what: "report", facts: { dropped: told } });
        else tell.push(told);
      }
    return { lines, tell, made: makings.made, later: undefined };
  }

  function laterOf(event: StatusEvent, ran: readonly Ran[], why: string): Following {
    const { message } = event.sent;
    const { status, error, report } = event;
    const payload: LaterStatus = { message: message.id, status, error, report };
    const lines = storyOf(ran, clock.nowMs());
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

  /** The report for the customer, or why he gets none, or what is wrong with what a script wants. */
  function reportOut(
    event: StatusEvent,
    action: ReportAction,
  ): Forward | string | { readonly fault: ErrorCode; readonly text: string } {
    const { sent, status, report } = event;
    const { channel } = sent.original;
    const tlvs = tlvsFor([], action.tlvs, action.tlvs && tlvsOn?.(channel));
    if ("fault" in tlvs) return { fault: "trigger_failed", text: `report: ${tlvs.fault}` };
    const told = toCustomer(sent, ({ account, sms }) => {
      const waits = hears?.(sent.original.id, status) ?? false;
      if (waits && status !== "DELIVERED") return "its sender is told by the answer";
      if (!isAsked(sms, status) && (waits || !isTransaction(sent))) return "it was not asked for";
      if (status === "NOREPORT" && optionsOf(account).receiptNoReport === "omit")
        return "the account wants none of what nobody knows about";
      const state = action.state ?? report?.state ?? STATES[status] ?? "UNKNOWN";
      const error = action.error ?? report?.error ?? receiptError(status, event.error);
      return reportOf(sent.original, { account, sms, report, status, state, error });
    });
    if (typeof told === "string" || tlvs.length === 0 || told.message.sms === undefined)
      return told;
    return { ...told, message: { ...told.message, sms: { ...told.message.sms, tlvs } } };
  }

  function toCustomer(
    { message, original }: Sent,
    tell: (customer: { readonly account: string; readonly sms: Sms }) => Report | string,
  ): Forward | string {
    const { account, sms, client: { reference } = {} } = original;
    if (original.id === message.id || account === undefined || sms === undefined)
      return "it is no customer's message";
    if (parts.takesReports?.(original.channel) === false) return "it can be read where it came in";
    const report = tell({ account, sms });
    if (typeof report === "string") return report;
    const told: Message = {
      id: newId(),
      root: message.root,
      parent: message.id,
      kind: "report",
      direction: "out",
      channel: original.channel,
      account,
      from: original.to,
      to: original.from,
      sms: addressesOf(sms),
      report,
      ...(reference === undefined ? {} : { client: { reference } }),
      sameAsParent: false,
      hops: 0,
      log: [],
    };
    return {
      message: told,
      queue: queueName(told.channel, account),
      priority: 0,
      dueMs: 0,
      expiresMs: clock.nowMs() + optionsOf(account).receiptKeepMs,
    };
  }

  function textOf({ channel, sms }: Message): string | undefined {
    if (sms === undefined) return undefined;
    const hasUdh = (sms.esmClass & 0x40) !== 0;
    return sms.text ?? decode(sms.octets, sms.dataCoding, hasUdh, codingsOn?.(channel));
  }

  function reportOf(
    original: Message,
    told: {
      readonly account: string;
      readonly sms: Sms;
      /** The provider's, if there is one. */
      readonly report: Report | undefined;
      readonly status: Status;
      readonly state: string;
      readonly error?: string;
    },
  ): Report {
    const { account, sms, report, status, state, error } = told;
    const text = sms.text ?? textOf(original);
    const submittedMs = idTimeMs(original.id);
    const nowMs = clock.nowMs();
    return {
      messageId: messageIdFor(original.id, optionsOf(account)),
      status: TOLD[status] ?? "NOTDELIVERED",
      state,
      error: error ?? report?.error ?? "",
      submittedMs,
      // A provider's clock or time zone may be another one; what has ended has done so by now.
      doneMs: Math.max(submittedMs, Math.min(report?.doneMs ?? nowMs, nowMs)),
      text: text?.slice(0, textCharacters) ?? "",
      networkError: report?.networkError,
    };
  }
}

/** A text that was joined came in parts: its sender is told of each that he asked for. */
function asSubmitted({ message, original }: Sent): readonly Sent[] {
  const { joined, sms } = original;
  if (joined === undefined || sms === undefined) {
    const { destinations } = message;
    return [
      destinations === undefined
        ? { message, original }
        : { message, original: toItsReceiver({ message, original }) },
    ];
  }
  return joined.map(({ id, known = id, registeredDelivery }) => ({
    message,
    original: { ...original, id: known, sms: { ...sms, registeredDelivery } },
  }));
}

/** Who was answered before the outcome is told of it, also where he did not ask for a receipt. */
function isTransaction({ original: { sms, joined, destinations, hops } }: Sent): boolean {
  if (modeOf(sms?.esmClass ?? 0) !== "transaction") return false;
  return hops > 0 && joined === undefined && destinations === undefined;
}

/** registered_delivery bit 4 (SMPP v3.4 §5.2.17): intermediate notifications, too. */
const intermediateBit = 0x10;

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

/** What a report says of a status that it may have as such; all others were not delivered. */
const TOLD: Readonly<Partial<Record<Status, Report["status"]>>> = {
  SENT: "SENT",
  DELIVERED: "DELIVERED",
  NOREPORT: "NOREPORT",
};

/** A receipt goes from the phone to the sender; all else of it is written by the channel. */
function addressesOf({ from, to, serviceType }: Sms): Sms {
  return { ...bareSms(to, from), serviceType };
}
