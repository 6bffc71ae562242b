import type { Clock } from "../model/clock.ts";
import type { ForwardAction, Ruling } from "../model/decision.ts";
import { addressOf } from "../model/address.ts";
import { type ErrorCode, GatewayError } from "../model/error.ts";
import type { MessageAnswer, MessageEvent } from "../model/event.ts";
import type { Log } from "../model/log.ts";
import type { Message, Sms, TraceLine } from "../model/message.ts";
import type { Status } from "../model/status.ts";
import type { Forward, Writer } from "../store/writer.ts";
import type { Engine } from "../trigger/engine.ts";
import { type Maker, offerMade } from "./make.ts";
import { storyOf } from "./story.ts";

export interface ReceiveParts {
  readonly engine: Engine;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => string;
  /** Is one more refusal of this account worth a row? */
  readonly worthStoring: (subject: string) => boolean;
  /** The queue that a forward goes to, or why there is none. */
  readonly queueFor: (forward: ForwardAction) => { queue: string } | { code: ErrorCode };
  readonly make: Maker;
  /** There is no room on the disk: nothing new is taken. */
  readonly isDiskLow: () => boolean;
  /** Told after the commit: these are waiting to go out. */
  readonly offer: (forwards: readonly Forward[], original: Message) => void;
}

type Refused = Extract<MessageAnswer, { kind: "refused" }>;

/**
 * Answers a new message: the triggers decide, then everything they asked for (charge, message,
 * forwarded messages, their places in the queue, trace) is one commit, then the peer is answered.
 * The decision is dropped whole when nobody waits for the answer any more.
 */
export function messageAnswerer(
  parts: ReceiveParts,
): (event: MessageEvent) => Promise<MessageAnswer> {
  const { engine, writer, clock, log, worthStoring, queueFor, make, isDiskLow, offer } = parts;

  return async (event) => {
    // Before any trigger has charged or called anybody for it. No row tells of it: there is no room.
    if (isDiskLow()) return noRoom(event);
    const ruling = await engine.decide({ kind: "message", event });
    if (!event.isOpen()) {
      log.warn(about(event), "decision dropped: its sender waits no more");
      return { kind: "unanswered" };
    }
    if (ruling.verdict === "accept") return accept(event, ruling);
    return decline(event, ruling);
  };

  async function decline(
    event: MessageEvent,
    ruling: Exclude<Ruling, { verdict: "accept" }>,
  ): Promise<MessageAnswer> {
    const answer = answerTo(event, ruling);
    const error = ruling.verdict === "undecided" ? ruling.fault : errorOf(answer);
    await keepRefusal(event, ruling, error);
    return answer;
  }

  async function accept(
    event: MessageEvent,
    ruling: Extract<Ruling, { verdict: "accept" }>,
  ): Promise<MessageAnswer> {
    const forwards: Forward[] = [];
    const nowMs = clock.nowMs();
    const lines = storyOf(ruling.ran, nowMs);
    const { failed } = ruling;
    // What is to fail goes nowhere, whatever another trigger wanted.
    for (const action of failed === undefined ? ruling.forwards : []) {
      const target = queueFor(action);
      if ("code" in target) return refuse(event, ruling, target.code, `channel ${action.channel}`);
      forwards.push(forwardOf(event, action, target.queue, parts.newId()));
    }
    const { id, channel, hops } = event.message;
    const makings = make(ruling.sends, { channel, event: "message", id, hops });
    // A message of our own that cannot be made is no fault of the sender's: he may try again.
    if ("fault" in makings)
      return decline(event, { verdict: "undecided", ...makings, ran: ruling.ran });
    lines.push(...makings.lines);
    const { made } = makings;
    const account = ruling.account ?? event.message.account;
    const charge =
      ruling.charge > 0 && account !== undefined ? { account, credits: ruling.charge } : undefined;
    const facts: Record<string, string | number> = { result: "accepted" };
    if (charge !== undefined) facts["charged"] = charge.credits;
    if (failed !== undefined) facts["failed"] = failed;
    else if (forwards.length === 0) facts["unrouted"] = "no trigger forwarded it";
    lines.push({ at: nowMs, what: "answered", facts });
    const message: Message = { ...event.message, account, log: [...event.message.log, ...lines] };
    const status = statusOf(failed, forwards);
    try {
      const rows = { message, charge, forwards, made };
      const outcome = await writer.accept({ ...rows, status, error: failed });
      if (outcome === "no_credit")
        return await refuse(event, ruling, "no_credit", `${ruling.charge} asked`);
    } catch (cause) {
      if (!(cause instanceof GatewayError)) throw cause;
      // A full disk is told of once, by the store.
      if (cause.code === "queue_full") return noRoom(event);
      log.error({ ...about(event), err: cause }, "message not stored");
      return { kind: "refused", code: cause.code, reason: cause.message };
    }
    offer(forwards, message);
    offerMade(offer, made);
    return { kind: "accepted", id: message.id };
  }

  /** The triggers accepted and still it cannot be: the trace shows both. */
  async function refuse(
    event: MessageEvent,
    ruling: Ruling,
    code: ErrorCode,
    reason: string,
  ): Promise<Refused> {
    await keepRefusal(event, ruling, code);
    return { kind: "refused", code, reason };
  }

  async function keepRefusal(event: MessageEvent, ruling: Ruling, error: string): Promise<void> {
    const subject = event.message.account ?? event.message.channel;
    if (!worthStoring(subject)) return;
    const at = clock.nowMs();
    const facts: Record<string, string> = { result: "refused", error };
    if (ruling.verdict === "reject") facts["reason"] = ruling.reason;
    if (ruling.verdict === "undecided") facts["reason"] = ruling.text;
    if (ruling.verdict === "unanswered") {
      facts["result"] = "unanswered";
      facts["reason"] = ruling.ran.length === 0 ? "no trigger matched" : "no trigger answered";
    }
    const lines: TraceLine[] = [...storyOf(ruling.ran, at), { at, what: "answered", facts }];
    const row: Message = { ...event.message, log: [...event.message.log, ...lines] };
    // A refusal needs no row to be right: when the database is away, the peer is refused all the same.
    await writer.record(row, "FAILED", error).catch((cause: unknown) => {
      log.warn({ ...about(event), err: cause }, "refusal not stored");
    });
  }
}

function statusOf(failed: string | undefined, forwards: readonly Forward[]): Status {
  if (failed !== undefined) return "FAILED";
  return forwards.length === 0 ? "RECEIVED" : "QUEUED";
}

function about(event: MessageEvent): Record<string, unknown> {
  const { id, channel } = event.message;
  return { channel, session: event.session, message: id };
}

function answerTo(
  event: MessageEvent,
  ruling: Exclude<Ruling, { verdict: "accept" }>,
): MessageAnswer {
  switch (ruling.verdict) {
    case "reject":
      return { kind: "refused", code: ruling.code, reason: ruling.reason };
    case "unanswered":
      return { kind: "unanswered" };
    case "undecided":
      // A customer hears of it at once; a provider keeps the message and brings it again.
      return event.origin === "customer"
        ? { kind: "refused", code: ruling.fault, reason: ruling.text }
        : { kind: "refused", code: "try_later", reason: ruling.text };
  }
}

function noRoom({ origin }: MessageEvent): Refused {
  const code = origin === "customer" ? "queue_full" : "try_later";
  return { kind: "refused", code, reason: "the database's disk is full" };
}

function errorOf(answer: MessageAnswer): string {
  return answer.kind === "refused" ? String(answer.code) : "unanswered";
}

function forwardOf(event: MessageEvent, action: ForwardAction, queue: string, id: string): Forward {
  const { message, expiresMs } = event;
  const changed =
    action.text !== undefined ||
    action.from !== undefined ||
    action.to !== undefined ||
    action.report === true;
  const sms = message.sms === undefined || !changed ? message.sms : changedSms(message.sms, action);
  return {
    message: {
      id,
      root: message.root,
      parent: message.id,
      kind: message.kind,
      direction: "out",
      channel: action.channel,
      account: action.account ?? message.account,
      from: action.from ?? message.from,
      to: action.to ?? message.to,
      sms,
      report: undefined,
      ...(message.joined === undefined ? {} : { joined: message.joined }),
      sameAsParent: !changed,
      hops: message.hops,
      log: [],
    },
    queue,
    priority: sms?.priority ?? 0,
    dueMs: 0,
    expiresMs,
  };
}

/** registered_delivery, bits 0-1 (SMPP v3.4 §5.2.17): which outcomes are told; 1 is each of them. */
const outcomeBits = 0x03;
const reportAlways = 0x01;

function changedSms(sms: Sms, action: ForwardAction): Sms {
  return {
    ...sms,
    ...(action.from === undefined ? {} : { from: addressOf(action.from) }),
    ...(action.to === undefined ? {} : { to: addressOf(action.to) }),
    ...(action.report === true
      ? { registeredDelivery: (sms.registeredDelivery & ~outcomeBits) | reportAlways }
      : {}),
    ...(action.text === undefined ? {} : { text: action.text, octets: Buffer.alloc(0) }),
  };
}
