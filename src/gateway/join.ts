import type { Channel } from "../channel/channel.ts";
import { partOf } from "../channel/incoming.ts";
import type { Clock } from "../model/clock.ts";
import { ERRORS, type ErrorEntry } from "../model/error.ts";
import type { MessageAnswer, MessageEvent } from "../model/event.ts";
import { idTimeMs } from "../model/id.ts";
import type { Log } from "../model/log.ts";
import type { Message } from "../model/message.ts";
import type { Status } from "../model/status.ts";
import { type Joiner, createJoiner, joinerLimits } from "../sms/joiner.ts";
import type { Queue } from "../store/queue.ts";
import type { Forward, Writer } from "../store/writer.ts";
import { aloneEvent, joinedEvent } from "./joined-event.ts";
import { type Refused, createPartStore, notNow } from "./part-store.ts";
import type { StatusDecider } from "./status.ts";
import { type WaitingPart, waitingPart } from "./waiting-part.ts";

/** How often it is looked for texts whose time is over, while anything waits. */
const lookMs = 500;

/** Parts of texts that are given up which are worked on at a time: the triggers have other work, too. */
const givenUpAtATime = 100;

/** Until a provider's part that no trigger could decide is asked about again. */
const againMs = 10_000;

/** Rows that are read at a time at a start. */
const rowsPerRead = 1_000;

export interface JoinParts {
  /** Decides a message and writes what follows, in one commit. */
  readonly receive: (event: MessageEvent) => Promise<MessageAnswer>;
  readonly writer: Pick<Writer, "receivePart" | "conclude">;
  readonly queue: Pick<Queue, "waitingParts">;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => string;
  readonly channel: (name: string) => Channel | undefined;
  readonly status: Pick<StatusDecider, "failed">;
  readonly isDiskLow: () => boolean;
  readonly offer: (forwards: readonly Forward[]) => void;
  /** Octets of all parts that wait, over all channels; what comes then is refused. */
  readonly octetsMax?: number;
}

/**
 * Joins the parts of texts on channels that say so. A part is a row and is answered at once; the last
 * one makes the text a message, which the triggers decide, and hears what comes of that: as long as it
 * is refused for now, the others wait for it to come again.
 */
export interface Join {
  /** Answers a message that came in; what is no part, or is not to be joined, goes straight on. */
  answer(event: MessageEvent): Promise<MessageAnswer>;
  /** Called once per start: what waited goes on waiting. */
  takeUp(): Promise<void>;
  /** Parts that wait, for a look from outside. */
  waiting(): number;
  stop(): Promise<void>;
}

export function createJoin(parts: JoinParts): Join {
  const { receive, writer, queue, clock, log, newId, status, offer } = parts;
  const { octetsMax = joinerLimits.octetsMax } = parts;
  const store = createPartStore(parts);
  /** One for each group of channels and time to wait, so that texts in one end in the order they began. */
  const joiners = new Map<string, Joiner<WaitingPart>>();
  /** The last parts of texts that are being decided. */
  const deciding = new Map<string, Promise<MessageAnswer>>();
  /** Parts that repeat one of a text that is whole; forgotten then, unless another text needs them. */
  const repeats = new Map<string, { readonly part: WaitingPart; readonly untilMs: number }>();
  /** A provider's parts that no trigger could decide, in the order in which they are due. */
  let undecided: { readonly part: WaitingPart; readonly came: number; readonly dueMs: number }[] =
    [];
  let timer: NodeJS.Timeout | undefined;
  let sweeping: Promise<void> = Promise.resolve();
  let stopped = false;

  return {
    async answer(event) {
      const { part, message } = event;
      const channel = part === undefined ? undefined : parts.channel(message.channel);
      // A part for many is none of one text to each of them, and is passed on as it is.
      if (
        part === undefined ||
        part.total === 1 ||
        event.destinations !== undefined ||
        channel?.joinWaitMs === undefined
      )
        return receive(event);
      const { sms } = message;
      if (sms === undefined) return receive(event);
      if (parts.isDiskLow()) return notNow(event.origin, "the database's disk is full");
      const waits = waitingPart(event, { ...message, sms }, part, undefined);
      return take(waits, joinerFor(message.channel), event.isOpen);
    },
    async takeUp() {
      let after: string | undefined;
      do {
        const rows = await queue.waitingParts(after, rowsPerRead);
        for (const { message, repeats: of } of rows) restore(message, of);
        after = rows.length < rowsPerRead ? undefined : rows.at(-1)?.message.id;
      } while (after !== undefined);
      arm();
    },
    waiting: () => [...joiners.values()].reduce((sum, joiner) => sum + joiner.held().length, 0),
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await Promise.allSettled([sweeping, ...deciding.values()]);
    },
  };

  async function take(
    part: WaitingPart,
    joiner: Joiner<WaitingPart>,
    isOpen: () => boolean,
  ): Promise<MessageAnswer> {
    if (octets() > octetsMax) return full(part, "octetsMax");
    const outcome = joiner.add(part);
    if (outcome.kind === "full") return full(part, outcome.limit);
    if (outcome.kind === "repeated") return repeated(part, outcome, joiner);
    arm();
    void giveUp(outcome.givenUp);
    const refused = await store.put(part);
    if (refused !== undefined) {
      if (outcome.kind === "held") joiner.remove(part);
      else
        joiner.reopen(
          outcome.parts,
          outcome.parts.filter((one) => one !== part),
        );
      return refused;
    }
    if (outcome.kind === "held") return { kind: "accepted", id: part.known };
    return decide(outcome.parts, part, joiner, isOpen);
  }

  /** Its sender has not heard that he was heard: he gets the same id again. */
  async function repeated(
    part: WaitingPart,
    { of, kept }: { readonly of: string; readonly kept: boolean },
    joiner: Joiner<WaitingPart>,
  ): Promise<MessageAnswer> {
    const known = repeats.get(of)?.part.known ?? of;
    if (kept) {
      part.known = known;
      const refused = await store.put(part);
      if (refused !== undefined) {
        joiner.remove(part);
        return refused;
      }
      repeats.set(part.id, { part, untilMs: clock.nowMs() + joinerLimits.repeatMs });
      arm();
    }
    // Nor is this one, if that one was not.
    if (!(await store.isCommitted(of)))
      return notNow(part.origin, "the part that it repeats was not stored");
    return (await deciding.get(of)) ?? { kind: "accepted", id: known };
  }

  async function decide(
    whole: readonly WaitingPart[],
    last: WaitingPart,
    joiner: Joiner<WaitingPart>,
    isOpen: () => boolean,
  ): Promise<MessageAnswer> {
    const answer = decided(whole, last, joiner, isOpen);
    deciding.set(last.id, answer);
    try {
      return await answer;
    } finally {
      deciding.delete(last.id);
    }
  }

  async function decided(
    whole: readonly WaitingPart[],
    last: WaitingPart,
    joiner: Joiner<WaitingPart>,
    isOpen: () => boolean,
  ): Promise<MessageAnswer> {
    const others = whole.filter((part) => part !== last);
    const kept = await Promise.all(others.map((part) => store.has(part)));
    const missing = kept.includes(false);
    const given = givenFor(last.message.channel, isOpen);
    const event = missing ? undefined : joinedEvent(whole, given);
    if (event === undefined && !missing) {
      // No content says what they say together, so each goes on as it came.
      void inTurn(whole, (part) => passOn(part, whole.length));
      return { kind: "accepted", id: last.known };
    }
    let answer: MessageAnswer = notNow(last.origin, "another part was not stored");
    try {
      if (event !== undefined) answer = await receive(event);
    } finally {
      if (answer.kind === "accepted") for (const { id } of whole) repeats.delete(id);
      else {
        const error = answer.kind === "refused" ? String(answer.code) : "unanswered";
        const told = others.filter((_, at) => kept[at]);
        if (isFinal(answer)) for (const part of told) await fail(part, error);
        else joiner.reopen(whole, told);
        // Its sender hears it at once.
        await end(last, "FAILED", error);
      }
    }
    return answer.kind === "accepted" ? { ...answer, id: last.known } : answer;
  }

  function restore(message: Message, of: string | undefined): void {
    const { sms } = message;
    const place = sms === undefined ? undefined : partOf(sms);
    if (sms === undefined || place === undefined) {
      log.warn({ ...about(message) }, "a part that waited is no part any more");
      return;
    }
    const origin = message.account === undefined ? "provider" : "customer";
    const expiresMs = idTimeMs(message.id) + restoredValidityMs;
    const event = { origin, expiresMs, session: undefined } as const;
    const part = waitingPart(event, { ...message, sms }, place, of);
    if (of !== undefined)
      repeats.set(part.id, { part, untilMs: clock.nowMs() + joinerLimits.repeatMs });
    const joiner = joinerFor(message.channel);
    const outcome = joiner.add(part);
    switch (outcome.kind) {
      case "held":
        void giveUp(outcome.givenUp);
        break;
      case "whole":
        // The gateway ended before its sender was answered; he sends it again, or needs no answer.
        void giveUp(outcome.givenUp);
        decide(outcome.parts, part, joiner, () => true).catch(fault);
        break;
      case "repeated":
        repeats.set(part.id, { part, untilMs: clock.nowMs() });
        break;
      case "full":
        void giveUp([part]);
    }
  }

  function arm(): void {
    if (timer !== undefined || stopped) return;
    timer = setTimeout(() => {
      timer = undefined;
      sweeping = sweep().catch(fault);
    }, lookMs);
    timer.unref();
  }

  async function sweep(): Promise<void> {
    const nowMs = clock.nowMs();
    for (const joiner of joiners.values())
      for (const text of joiner.expired(nowMs)) await giveUp(text);
    const due = undecided.filter(({ dueMs }) => dueMs <= nowMs);
    undecided = undecided.filter(({ dueMs }) => dueMs > nowMs);
    await inTurn(due, ({ part, came }) => passOn(part, came));
    await forgetRepeats(nowMs);
    const waits = [...joiners.values()].some((joiner) => joiner.nextMs() !== undefined);
    if (waits || undecided.length > 0 || repeats.size > 0) arm();
  }

  async function forgetRepeats(nowMs: number): Promise<void> {
    const over = [...repeats.values()].filter(({ untilMs }) => untilMs <= nowMs);
    if (over.length === 0) return;
    // One that another text needs has begun to wait by now, and ends with that.
    const held = new Set(
      [...joiners.values()].flatMap((joiner) => joiner.held().map(({ id }) => id)),
    );
    await inTurn(
      over.filter(({ part }) => !held.has(part.id)),
      ({ part }) => endRepeat(part),
    );
  }

  async function endRepeat(part: WaitingPart): Promise<void> {
    repeats.delete(part.id);
    await end(part, "CANCELLED", "repeated");
  }

  /** The parts of a text that cannot become whole any more. */
  async function giveUp(text: readonly WaitingPart[]): Promise<void> {
    await inTurn(text, async (part) => {
      if (!(await store.has(part))) return;
      if (repeats.has(part.id)) await endRepeat(part);
      else if (part.origin === "customer") await fail(part, "parts_missing", text.length);
      // Nobody would write it once more, and a piece of it is better than nothing.
      else await passOn(part, text.length);
    }).catch(fault);
  }

  async function passOn(part: WaitingPart, came: number): Promise<void> {
    const { channel } = part.message;
    const answer = await receive(aloneEvent(part, { ...givenFor(channel, () => true), came }));
    if (answer.kind === "accepted") return;
    const error = answer.kind === "refused" ? String(answer.code) : "unanswered";
    const nowMs = clock.nowMs();
    if (isFinal(answer)) await fail(part, error, came);
    else if (part.expiresMs <= nowMs) await end(part, "EXPIRED", error);
    else {
      undecided.push({ part, came, dueMs: nowMs + againMs });
      arm();
    }
  }

  async function fail(part: WaitingPart, error: string, came?: number): Promise<void> {
    await end(
      part,
      "FAILED",
      error,
      came,
      status.failed({ ...part.message, id: part.known }, error),
    );
  }

  async function end(
    part: WaitingPart,
    state: Status,
    error: string,
    came?: number,
    tell: readonly Forward[] = [],
  ): Promise<void> {
    const { id } = part;
    const at = clock.nowMs();
    const { total } = part.concatenation;
    const facts = came === undefined ? { error } : { error, came: `${came} of ${total} parts` };
    const lines = [{ at, what: "unjoined", facts }];
    const rest = { later: undefined, done: id } as const;
    await writer.conclude({ id, root: id, status: state, error, atMs: at, lines, tell, ...rest });
    offer(tell);
  }

  function full(part: WaitingPart, limit: string): Refused {
    log.warn({ ...about(part.message), limit }, "too many parts wait for others: one was refused");
    return notNow(part.origin, `${limit} of parts that wait`);
  }

  function octets(): number {
    let sum = undecided.length * octetsPerUndecided;
    for (const joiner of joiners.values()) sum += joiner.octets();
    return sum;
  }

  function joinerFor(name: string): Joiner<WaitingPart> {
    const channel = parts.channel(name);
    // A channel that joins no more lets go of what it held.
    const waitMs = channel?.joinWaitMs ?? 0;
    const key = `${channel?.group ?? name} ${waitMs}`;
    let joiner = joiners.get(key);
    if (joiner === undefined) {
      joiner = createJoiner<WaitingPart>({ ...joinerLimits, octetsMax, waitMs });
      joiners.set(key, joiner);
    }
    return joiner;
  }

  function givenFor(name: string, isOpen: () => boolean) {
    const { codings, tlvs } = parts.channel(name) ?? {};
    return { id: newId(), atMs: clock.nowMs(), codings, tlvs, isOpen };
  }

  function fault(cause: unknown): void {
    log.error(
      { err: cause },
      "parts of a text could not be decided; they are kept for the next start",
    );
  }
}

/** At a start nobody knows any more how long a part was to be valid: what most are. */
const restoredValidityMs = 24 * 3_600_000;

/** What a part takes in memory that is not in a joiner any more. */
const octetsPerUndecided = 2_000;

/** The sender may try again what is refused for now; a status that a script chose is its last word. */
function isFinal(answer: MessageAnswer): boolean {
  if (answer.kind !== "refused") return false;
  const known: Readonly<Record<string, ErrorEntry>> = ERRORS;
  return known[answer.code]?.retry !== "later";
}

function about({ id, channel, account }: Message): Record<string, unknown> {
  return { channel, account, message: id };
}

/** All of them, a few at a time. */
async function inTurn<T>(all: readonly T[], act: (one: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < all.length; at += givenUpAtATime)
    await Promise.all(all.slice(at, at + givenUpAtATime).map(act));
}
