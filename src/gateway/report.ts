import type { Clock } from "../model/clock.ts";
import { deliveryError } from "../model/delivery-error.ts";
import { GatewayError } from "../model/error.ts";
import type { ReportAnswer, ReportEvent, StatusEvent } from "../model/event.ts";
import { idTimeMs } from "../model/id.ts";
import type { Log } from "../model/log.ts";
import type { Message, Sent, TraceLine } from "../model/message.ts";
import type { Meter } from "../model/meter.ts";
import type { Report } from "../model/report.ts";
import type { Status } from "../model/status.ts";
import type { Forward, Writer } from "../store/writer.ts";
import type { Engine } from "../trigger/engine.ts";
import { type Maker, offerMade } from "./make.ts";
import type { Match, ReportMatcher, Turn } from "./match.ts";
import { type PartTally, type Told, hasPart, partFact, partReports } from "./part-tally.ts";
import type { StatusDecider } from "./status.ts";
import { storyOf } from "./story.ts";

/** Milliseconds until a report without its message is matched again; then the next number. */
export const matchAgainMs: readonly number[] = [1_000, 5_000, 20_000, 60_000];

/** Why such a report is given up. */
export const unknownMessage = "no message of this provider has that id";

export interface ReportParts {
  readonly engine: Engine;
  readonly writer: Pick<Writer, "conclude" | "hold">;
  readonly matcher: ReportMatcher;
  readonly tally: Pick<PartTally, "tell">;
  readonly status: StatusDecider;
  readonly make: Maker;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
  readonly newId: () => string;
  /** Told after the commit: a message has this outcome. */
  readonly ended?: (sent: Sent, status: Status, error: string | undefined) => void;
  /** There is no room on the disk: the provider is to keep it. */
  readonly isDiskLow: () => boolean;
  /** Told after the commit: these are waiting to go out. */
  readonly offer: (forwards: readonly Forward[], original?: Message) => void;
}

/** What stands in `pending` for a report whose message is not known yet. */
export interface LaterReport {
  readonly event: Omit<ReportEvent, "isOpen" | "session">;
}

export interface Reports {
  /** Answers a provider's report, after the commit. */
  answer(event: ReportEvent): Promise<ReportAnswer>;
  /**
   * Tries one again that is kept as the pending row `done`. `unknown`: its message still is; `refused`:
   * the triggers did not take it.
   */
  again(
    event: ReportEvent,
    done: string,
    turn: Exclude<Turn, "first">,
  ): Promise<"done" | "unknown" | "refused">;
}

export function createReports(parts: ReportParts): Reports {
  const { engine, writer, matcher, tally, status, make, clock, log, meter, newId, offer } = parts;
  return { answer, again };

  async function answer(event: ReportEvent): Promise<ReportAnswer> {
    if (parts.isDiskLow())
      return { kind: "refused", code: "try_later", reason: "the database's disk is full" };
    try {
      const found = await matcher.match(event, "first");
      if (found !== undefined) return await conclude(event, found, undefined);
      // Not known yet, or never: kept, so that the provider may forget it.
      await hold(event);
      count(event, "unmatched");
      return { kind: "accepted" };
    } catch (cause) {
      if (!(cause instanceof GatewayError)) throw cause;
      log.error({ ...about(event), err: cause }, "report not stored; the provider keeps it");
      return { kind: "refused", code: "try_later", reason: cause.message };
    }
  }

  async function again(
    event: ReportEvent,
    done: string,
    turn: Turn,
  ): Promise<"done" | "unknown" | "refused"> {
    const found = await matcher.match(event, turn);
    if (found === undefined) return "unknown";
    const outcome = await conclude(event, found, done);
    return outcome.kind === "accepted" ? "done" : "refused";
  }

  async function hold(event: ReportEvent): Promise<void> {
    const { isOpen: _isOpen, session: _session, ...kept } = event;
    const payload: LaterReport = { event: kept };
    await writer.hold({
      id: event.id,
      root: event.id,
      kind: "match",
      dueMs: clock.nowMs() + (matchAgainMs[0] ?? 0),
      payload: JSON.stringify(payload),
    });
  }

  /** The triggers decide, then the status, its own triggers' wishes and the trace are one commit. */
  async function conclude(
    event: ReportEvent,
    found: Match,
    done: string | undefined,
  ): Promise<ReportAnswer> {
    const { sent, repeated, late } = found;
    const { report } = event;
    const { id, root } = sent.message;
    const nothing = { id, root, status: undefined, error: undefined, tell: [], later: undefined };
    if (repeated) {
      const line = reportedLine(event, sent, { repeated: true });
      await writer.conclude({ ...nothing, atMs: clock.nowMs(), lines: [line], done });
      count(event, "repeated");
      return { kind: "accepted" };
    }
    let told: Told | undefined;
    try {
      const ruling = await engine.decide({ kind: "report", event, sent });
      if (ruling.verdict === "undecided" || ruling.verdict === "reject" || !event.isOpen()) {
        found.release();
        // The provider keeps it and brings it again; it is then decided anew.
        const code = ruling.verdict === "reject" ? ruling.code : "try_later";
        const reason = ruling.verdict === "undecided" ? ruling.text : "";
        log.warn({ ...about(event), code, reason }, "report not taken");
        count(event, "refused");
        return { kind: "refused", code, reason };
      }
      const { channel } = event;
      const because = { channel, event: "report", id: event.id, hops: sent.message.hops };
      const makings = make(ruling.verdict === "accept" ? ruling.sends : [], because);
      if ("fault" in makings) {
        found.release();
        const { fault, text: reason } = makings;
        log.warn({ ...about(event), code: "try_later", fault, reason }, "report not taken");
        count(event, "refused");
        return { kind: "refused", code: "try_later", reason };
      }
      const applied = ruling.verdict === "accept" && ruling.applied;
      const final = applied && report.status !== "SENT";
      if (!final) found.release();
      const story = [...storyOf(ruling.ran, clock.nowMs()), ...makings.lines];
      const known = late ? { applied, late } : { applied };
      const lines = [reportedLine(event, sent, known), ...story];
      if (!final) {
        const { made } = makings;
        // Nothing that is on its way is told of any more once NOREPORT was.
        const tell =
          applied && !late && (sent.part?.number ?? 1) === 1 ? status.notify(sent, report) : [];
        await writer.conclude({ ...nothing, atMs: clock.nowMs(), lines, tell, made, done });
        offer(tell);
        offerMade(offer, made);
        count(event, applied ? "applied" : "ignored");
        return { kind: "accepted" };
      }
      const error = report.status === "DELIVERED" ? undefined : errorOf(report);
      told = hasPart(sent) ? await tally.tell(sent, report.status) : undefined;
      const end =
        told === undefined ? { status: report.status, error, report } : endOf(told, report);
      const following = end && (await status.inline(statusEvent(sent, end)));
      const atMs = clock.nowMs();
      const made = [...makings.made, ...(following?.made ?? [])];
      await writer.conclude({
        id,
        root,
        joined: sent.message.joined,
        status: end?.status,
        error: end?.error,
        atMs,
        lines: [...lines, ...(following?.lines ?? [])],
        tell: following?.tell ?? [],
        made,
        later: following?.later,
        hooks: following?.hooks ?? [],
        done,
        parts: partReports(sent, report.status, error),
      });
      told?.settled();
      found.settled();
      count(event, "applied", atMs - idTimeMs(id));
      if (end !== undefined) {
        meter.ended(event.channel, end.status);
        parts.ended?.(sent, end.status, end.error);
      }
      offer(following?.tell ?? []);
      offerMade(offer, made);
      return { kind: "accepted" };
    } catch (cause) {
      told?.undo();
      found.release();
      throw cause;
    }
  }

  function count(
    { channel, report: { state } }: ReportEvent,
    result: Parameters<Meter["reported"]>[0]["result"],
    delayMs?: number,
  ): void {
    meter.reported({ channel, state, result, delayMs });
  }

  function statusEvent(
    { message, original }: Sent,
    end: Pick<StatusEvent, "status" | "error" | "report">,
  ): StatusEvent {
    return { id: newId(), atMs: clock.nowMs(), sent: { message, original }, ...end };
  }
}

function reportedLine(
  event: ReportEvent,
  sent: Sent,
  more: Readonly<Record<string, boolean>>,
): TraceLine {
  const { channel, session, report, atMs } = event;
  const { messageId, state, error } = report;
  const facts: Record<string, string | boolean> = { channel };
  if (session !== undefined) facts["session"] = session;
  const known = {
    report: messageId,
    state,
    error,
    message: sent.message.id,
    ...partFact(sent),
    ...more,
  };
  return { at: atMs, what: "reported", facts: { ...facts, ...known, ...readingFacts(report) } };
}

/** How the provider's words were understood: what it wrote itself, and what could not be read of it. */
function readingFacts({ code, raw, unread }: Report): Readonly<Record<string, string>> {
  const meant = deliveryError(code)?.name;
  return {
    ...(meant !== undefined && { code: meant }),
    ...(raw !== undefined && { raw }),
    ...(unread !== undefined && { unread: unread.join(", ") }),
  };
}

/** What the message becomes by a part; only of one that arrived whole do the last report's words hold. */
function endOf(
  { outcome }: Told,
  report: Report,
): Pick<StatusEvent, "status" | "error" | "report"> | undefined {
  return outcome && { ...outcome, report: outcome.status === "DELIVERED" ? report : undefined };
}

/** What `state` says of a message that was not delivered: the network's own words. */
function errorOf(report: Report): string {
  return report.error === "" || /^0+$/.test(report.error)
    ? report.state
    : `${report.state} ${report.error}`;
}

function about(event: ReportEvent): Record<string, unknown> {
  const { channel, session, report } = event;
  return { channel, session, report: report.messageId, state: report.state };
}
