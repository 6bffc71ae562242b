import type { Channel } from "../channel/channel.ts";
import type { AccountOptions } from "../model/account-options.ts";
import type { Clock } from "../model/clock.ts";
import type { Ruling } from "../model/decision.ts";
import { amountNumber } from "../model/amount.ts";
import { ERRORS, type ErrorCode, GatewayError } from "../model/error.ts";
import type { MessageAnswer, MessageEvent } from "../model/event.ts";
import type { Log } from "../model/log.ts";
import type { Message, TraceLine } from "../model/message.ts";
import type { Status } from "../model/status.ts";
import type { ChannelTlvs } from "../model/tlv.ts";
import type { Announcer } from "../model/webhook.ts";
import type { Acceptance, Forward, Writer } from "../store/writer.ts";
import type { Engine } from "../trigger/engine.ts";
import { type Priced, chargeOf } from "./charging.ts";
import { forwardOf, withReport } from "./forward.ts";
import { type Maker, offerMade } from "./make.ts";
import {
  type ForwardToOne,
  type Undirected,
  forwardsToEach,
  leftOut,
  withoutSome,
} from "./many.ts";
import type { QueueFor } from "./queue-for.ts";
import type { Routed } from "./routing.ts";
import { storyOf } from "./story.ts";
import { datagramWaitMs, modeOfEvent, reaches, termOf } from "./term.ts";
import type { Transactions } from "./transaction.ts";
import { waysOf } from "./ways-of.ts";

export interface ReceiveParts {
  readonly engine: Pick<Engine, "decide">;
  readonly writer: Pick<Writer, "accept" | "record">;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => string;
  /** Is one more refusal of this account worth a row? */
  readonly worthStoring: (subject: string) => boolean;
  /** The queue that a forward goes to, or why there is none. */
  readonly queueFor: QueueFor;
  /** Where a forward goes that names no channel. */
  readonly route: (event: MessageEvent, action: Undirected, account?: string) => Routed;
  readonly make: Maker;
  readonly announce?: Pick<Announcer, "accepted">;
  readonly channel: (name: string) => Channel | undefined;
  /** May what could not be sent cost him something? `unsent` when left out. */
  readonly refundsOf?: (account: string) => AccountOptions["refunds"];
  /** Messages whose sender waits for the outcome. */
  readonly transactions: Pick<Transactions, "isFull" | "begin">;
  /** What a channel has agreed with its peer; nothing when left out. */
  readonly tlvsOn?: (channel: string) => ChannelTlvs | undefined;
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

  function accept(
    event: MessageEvent,
    ruling: Extract<Ruling, { verdict: "accept" }>,
  ): Promise<MessageAnswer> {
    const priced: Priced[] = [];
    const nowMs = clock.nowMs();
    const mode = modeOfEvent(event);
    const waitMs = mode === "stored" ? undefined : waitOf(event, mode);
    if (mode === "transaction" && parts.transactions.isFull())
      return refuse(event, ruling, "overloaded", "too many wait for their outcome");
    const lines = storyOf(ruling.ran, nowMs);
    const { failed } = ruling;
    // What is to fail goes nowhere, whatever another trigger wanted.
    const wanted = failed === undefined ? ruling.forwards : [];
    const toEach = event.destinations === undefined ? wanted : forwardsToEach(event, wanted);
    if ("fault" in toEach)
      return decline(event, { verdict: "undecided", ...toEach, ran: ruling.ran });
    const unrouted: Exclude<Routed, { readonly action: ForwardToOne }>[] = [];
    for (const wish of toEach) {
      const found = parts.route(event, wish, ruling.account);
      if ("code" in found) {
        unrouted.push(found);
        continue;
      }
      const { action } = found;
      const target = queueFor(action);
      if ("code" in target) return refuse(event, ruling, target.code, `channel ${action.channel}`);
      const channel = parts.channel(action.channel);
      if (mode === "datagram" && !(channel && reaches(channel, action.account)))
        return refuse(event, ruling, "delivery_failure", `nobody is bound on ${action.channel}`);
      const term = termOf(event, { nowMs, relayWithinMs: channel?.relayWithinMs, waitMs });
      // Who waits for the outcome has to be told of it, so it is asked for.
      const asked = mode === "transaction" ? withReport(event, action, channel) : action;
      const ways = action.candidates === undefined ? undefined : waysOf(action, queueFor);
      const place = { ...term, queue: target.queue, ways, log: found.lines };
      const forward = forwardOf(event, asked, place, parts);
      // A value that no peer could be sent is the script's fault; its sender may try again.
      if ("fault" in forward)
        return decline(event, { verdict: "undecided", ...forward, ran: ruling.ran });
      priced.push({ forward, action });
    }
    const forwards = priced.map(({ forward }) => forward);
    const [nowhere] = unrouted;
    // Of a message to many, those without a way are told as such; for all others it is the whole.
    if (nowhere !== undefined && (forwards.length === 0 || event.destinations === undefined))
      return refuse(event, ruling, nowhere.code, nowhere.reason);
    for (const { reason } of unrouted)
      lines.push({ at: nowMs, what: "unrouted", facts: { reason } });
    const { id, channel, hops } = event.message;
    const makings = make(ruling.sends, { channel, event: "message", id, hops });
    // A message of our own that cannot be made is no fault of the sender's: he may try again.
    if ("fault" in makings)
      return decline(event, { verdict: "undecided", ...makings, ran: ruling.ran });
    lines.push(...makings.lines);
    const { made } = makings;
    const account = ruling.account ?? event.message.account;
    const charge = chargeOf(ruling, priced, {
      account,
      final: account !== undefined && parts.refundsOf?.(account) === "never",
      parts: partsToEach(event),
    });
    if (charge !== undefined && "fault" in charge)
      return decline(event, { verdict: "undecided", ...charge, ran: ruling.ran });
    const asked = charge === undefined ? 0 : amountNumber(charge.amount);
    const facts: Record<string, string | number> = { result: "accepted" };
    if (charge !== undefined) facts["charged"] = asked;
    if (ruling.chargesRoute === true) facts["price"] = "of its route";
    if (failed !== undefined) facts["failed"] = failed;
    else if (forwards.length === 0) facts["unrouted"] = "no trigger forwarded it";
    const { scheduledMs } = event;
    if (scheduledMs !== undefined) facts["scheduled"] = new Date(scheduledMs).toISOString();
    const isWaitedFor = mode === "transaction" && forwards.length > 0;
    if (isWaitedFor) facts["result"] = "answer withheld until the outcome";
    const unreached = event.destinations === undefined ? [] : leftOut(event.message, forwards);
    if (unreached.length > 0) facts["unreached"] = unreached.length;
    const taken = unreached.length === 0 ? event.message : withoutSome(event.message, unreached);
    lines.push({ at: nowMs, what: "answered", facts });
    const message: Message = { ...taken, account, log: [...event.message.log, ...lines] };
    const status = statusOf(failed, forwards, scheduledMs);
    const acceptance = { message, charge, forwards, made, status, error: failed };
    const withheldMs = isWaitedFor ? (waitMs ?? 0) : undefined;
    return commit(event, ruling, acceptance, { asked, unreached, withheldMs });
  }

  /** A function of its own: most messages wait here, and one that waits keeps all that it has worked out. */
  async function commit(
    event: MessageEvent,
    ruling: Ruling,
    acceptance: Acceptance & Pick<Required<Acceptance>, "made">,
    after: {
      /** Credits. */
      readonly asked: number;
      readonly unreached: ReturnType<typeof leftOut>;
      /** How long its sender waits for the outcome; undefined when the commit is his answer. */
      readonly withheldMs: number | undefined;
    },
  ): Promise<MessageAnswer> {
    const { message, forwards, made, charge } = acceptance;
    const { asked, unreached, withheldMs } = after;
    try {
      const { text, encoding, parts: short } = event;
      const hooks = parts.announce?.accepted({
        message,
        text,
        encoding,
        parts: short,
        forwards: forwards.map((one) => one.message),
        status: acceptance.status,
        error: acceptance.error,
      });
      const outcome = await writer.accept(hooks?.length ? { ...acceptance, hooks } : acceptance);
      if (outcome === "no_credit")
        return await refuse(event, ruling, "no_credit", `${asked} asked`);
    } catch (cause) {
      if (!(cause instanceof GatewayError)) throw cause;
      // A full disk is told of once, by the store.
      if (cause.code === "queue_full") return noRoom(event);
      log.error({ ...about(event), err: cause }, "message not stored");
      return { kind: "refused", code: cause.code, reason: cause.message };
    }
    const answer =
      withheldMs === undefined
        ? { kind: "accepted" as const, id: message.id, ...(charge && { charged: asked }) }
        : parts.transactions.begin(message, forwards, withheldMs);
    offer(forwards, message);
    offerMade(offer, made);
    if (unreached.length === 0) return answer;
    const told = await answer;
    return told.kind === "accepted" ? { ...told, unreached } : told;
  }

  function waitOf({ message }: MessageEvent, mode: "datagram" | "transaction"): number {
    if (mode === "datagram") return datagramWaitMs;
    return parts.channel(message.channel)?.transactionWaitMs ?? 0;
  }

  /** The triggers accepted and still it cannot be: the trace shows both. */
  async function refuse(
    event: MessageEvent,
    ruling: Ruling,
    code: ErrorCode | number,
    reason: string,
  ): Promise<Refused> {
    await keepRefusal(event, ruling, String(code), reason);
    // A provider keeps what cannot be taken for now, and brings it again.
    const isLater = typeof code === "string" && ERRORS[code].retry === "later";
    const isForNow = event.origin === "provider" && isLater;
    return { kind: "refused", code: isForNow ? "try_later" : code, reason };
  }

  async function keepRefusal(
    event: MessageEvent,
    ruling: Ruling,
    error: string,
    reason?: string,
  ): Promise<void> {
    const subject = event.message.account ?? event.message.channel;
    if (!worthStoring(subject)) return;
    const at = clock.nowMs();
    const facts: Record<string, string> = { result: "refused", error };
    if (reason !== undefined) facts["reason"] = reason;
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

function statusOf(
  failed: string | undefined,
  forwards: readonly Forward[],
  scheduledMs: number | undefined,
): Status {
  if (failed !== undefined) return "FAILED";
  if (forwards.length === 0) return "RECEIVED";
  return scheduledMs === undefined ? "QUEUED" : "SCHEDULED";
}

/** `parts` counts those to all receivers together. */
function partsToEach({ parts, destinations = [] }: MessageEvent): number {
  return destinations.length < 2 ? parts : Math.max(1, Math.round(parts / destinations.length));
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
