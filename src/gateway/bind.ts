import type { Clock } from "../model/clock.ts";
import type { Ruling } from "../model/decision.ts";
import { GatewayError } from "../model/error.ts";
import type { BindAnswer, BindEvent } from "../model/event.ts";
import type { Message, TraceLine } from "../model/message.ts";
import type { Log } from "../model/log.ts";
import type { Writer } from "../store/writer.ts";
import type { Engine } from "../trigger/engine.ts";
import type { Admission } from "./admission.ts";
import { storyOf } from "./story.ts";

export interface BindParts {
  readonly engine: Engine;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly log: Log;
  /** Is one more refusal of this address worth a row? */
  readonly worthStoring: (subject: string) => boolean;
  /** What the gateway did for the scripts of this event, such as a password check; without secrets. */
  readonly takeNotes: (event: BindEvent) => readonly TraceLine[];
  readonly admission: Admission;
}

/**
 * Answers a customer's bind: the triggers decide, the bind becomes a row with its trace, then the
 * customer is answered.
 */
export function bindAnswerer(parts: BindParts): (event: BindEvent) => Promise<BindAnswer> {
  const { engine, writer, clock, log, worthStoring, takeNotes, admission } = parts;
  return async (event) => {
    const atMs = clock.nowMs();
    const ruling = await rulingOn(event);
    const answer = answerFor(event, ruling);
    const refused = answer.kind !== "accepted";
    if (refused && !worthStoring(event.remote.replace(/:\d+$/, ""))) return answer;
    const line = answeredLine(answer, ruling, clock.nowMs());
    const story = [...takeNotes(event), ...storyOf(ruling.ran, clock.nowMs()), line];
    const row = rowOf(event, answer.kind === "accepted" ? answer.account : undefined, atMs, story);
    try {
      await writer.record(row, refused ? "FAILED" : "RECEIVED", errorOf(answer, ruling));
    } catch (cause) {
      log.error({ channel: event.channel, session: event.session, err: cause }, "bind not stored");
      const code = cause instanceof GatewayError ? cause.code : "internal";
      return { kind: "refused", code, reason: "the bind could not be stored" };
    }
    return answer;
  };

  /**
   * Where an account may not be used from, its password is not even checked: else it could be guessed
   * from there. What a trigger accepts is checked once more, as the account may be another one.
   */
  async function rulingOn(event: BindEvent): Promise<Ruling> {
    const { systemId, remote, session } = event;
    const before = admission.refusal(systemId, remote);
    if (before !== undefined) return { verdict: "reject", ...before, ran: [] };
    const ruling = await engine.decide({ kind: "bind", event });
    if (ruling.verdict !== "accept") return ruling;
    // Its place would be given up by an end that has been told already.
    if (event.isOpen?.() === false) return { verdict: "unanswered", ran: ruling.ran };
    const account = ruling.account ?? systemId;
    const later = admission.refusal(account, remote) ?? admission.enter(account, session);
    return later === undefined ? ruling : { verdict: "reject", ...later, ran: ruling.ran };
  }
}

function answerFor(event: BindEvent, ruling: Ruling): BindAnswer {
  switch (ruling.verdict) {
    case "accept":
      return { kind: "accepted", account: ruling.account ?? event.systemId };
    case "reject":
      return { kind: "refused", code: ruling.code, reason: ruling.reason };
    case "unanswered":
      return { kind: "unanswered" };
    case "undecided":
      return { kind: "refused", code: ruling.fault, reason: ruling.text };
  }
}

function errorOf(answer: BindAnswer, ruling: Ruling): string | undefined {
  if (answer.kind === "accepted") return undefined;
  if (answer.kind === "unanswered") return "unanswered";
  return ruling.verdict === "undecided" ? ruling.fault : String(answer.code);
}

function answeredLine(answer: BindAnswer, ruling: Ruling, at: number): TraceLine {
  if (answer.kind === "accepted")
    return { at, what: "answered", facts: { result: "Bind accepted", account: answer.account } };
  const result = answer.kind === "unanswered" ? "Bind unanswered" : "Bind refused";
  const facts: Record<string, string> = { result };
  if (answer.kind === "refused") facts["code"] = String(answer.code);
  if (answer.kind === "refused" && answer.reason !== "") facts["reason"] = answer.reason;
  if (ruling.verdict === "unanswered" && ruling.ran.length === 0)
    facts["reason"] = "no trigger matched";
  return { at, what: "answered", facts };
}

function rowOf(
  event: BindEvent,
  account: string | undefined,
  at: number,
  story: readonly TraceLine[],
): Message {
  const { session, bindType, version, systemType, addressRange, tls } = event;
  const facts = { session, bindType, version, systemType, addressRange, tls };
  return {
    id: event.id,
    root: event.id,
    parent: undefined,
    kind: "bind",
    direction: "in",
    channel: event.channel,
    account,
    from: event.systemId,
    to: event.remote,
    sms: undefined,
    report: undefined,
    sameAsParent: false,
    hops: 0,
    log: [{ at, what: "received", facts }, ...story],
  };
}
