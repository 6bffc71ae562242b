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
import type { Conclusion, Forward, Made, Writer } from "../store/writer.ts";
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

/** What the triggers of a report want, with the line that tells of it. */
interface Wishes {
  readonly lines: readonly TraceLine[];
  readonly made: readonly Made[];
  readonly done: string | undefined;
}

const accepted: ReportAnswer = { kind: "accepted" };

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
      return accepted;
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
  function conclude(
    event: ReportEvent,
    found: Match,
    done: string | undefined,
  ): Promise<ReportAnswer> {
    return (found.repeated ? noteRepeated(event, found, done) : decide(event, found, done)).catch(
      (cause: unknown) => {
        found.release();
        throw cause;
      },
    );
  }

  async function noteRepeated(
    event: ReportEvent,
    { sent }: Match,
    done: string | undefined,
  ): Promise<ReportAnswer> {
    const lines = [reportedLine(event, sent, { repeated: true })];
    await writer.conclude({ ...nothingNew(sent), atMs: clock.nowMs(), lines, done });
    count(event, "repeated");
    return accepted;
  }

  async function decide(
    event: ReportEvent,
    found: Match,
    done: string | undefined,
  ): Promise<ReportAnswer> {
    const { sent, late } = found;
    const ruling = await engine.decide({ kind: "report", event, sent });
    if (ruling.verdict === "undecided" || ruling.verdict === "reject" || !event.isOpen()) {
      // The provider keeps it and brings it again; it is then decided anew.
      const code = ruling.verdict === "reject" ? ruling.code : "try_later";
      return leave(event, found, code, ruling.verdict === "undecided" ? ruling.text : "");
    }
    const { channel } = event;
    const because = { channel, event: "report", id: event.id, hops: sent.message.hops };
    const makings = make(ruling.verdict === "accept" ? ruling.sends : [], because);
    if ("fault" in makings)
      return leave(event, found, "try_later", `${makings.fault}: ${makings.text}`);
    const applied = ruling.verdict === "accept" && ruling.applied;
    const story = [...storyOf(ruling.ran, clock.nowMs()), ...makings.lines];
    const known = late ? { applied, late } : { applied };
    const lines = [reportedLine(event, sent, known), ...story];
    const wishes = { lines, made: makings.made, done };
    // Functions of their own: one that waits for its commit keeps all that it has worked out.
    return applied && event.report.status !== "SENT"
      ? end(event, found, wishes)
      : note(event, found, wishes, applied);
  }

  function leave(
    event: ReportEvent,
    found: Match,
    code: Extract<ReportAnswer, { kind: "refused" }>["code"],
    reason: string,
  ): ReportAnswer {
    found.release();
    log.warn({ ...about(event), code, reason }, "report not taken");
    count(event, "refused");
    return { kind: "refused", code, reason };
  }

  /** It says nothing final, or the triggers did not want it: only its line is kept. */
  async function note(
    event: ReportEvent,
    found: Match,
    wishes: Wishes,
    applied: boolean,
  ): Promise<ReportAnswer> {
    const { sent, late } = found;
    found.release();
    // Nothing that is on its way is told of any more once NOREPORT was.
    const tell =
      applied && !late && (sent.part?.number ?? 1) === 1 ? status.notify(sent, event.report) : [];
    await writer.conclude({ ...nothingNew(sent), atMs: clock.nowMs(), ...wishes, tell });
    offer(tell);
    offerMade(offer, wishes.made);
    count(event, applied ? "applied" : "ignored");
    return accepted;
  }

  async function end(event: ReportEvent, found: Match, wishes: Wishes): Promise<ReportAnswer> {
    const { sent } = found;
    const { report } = event;
    const { id, root } = sent.message;
    const error = report.status === "DELIVERED" ? undefined : errorOf(report);
    const told = hasPart(sent) ? await tally.tell(sent, report.status) : undefined;
    try {
      const ending =
        told === undefined ? { status: report.status, error, report } : endOf(told, report);
      const following = ending && (await status.inline(statusEvent(sent, ending)));
      const atMs = clock.nowMs();
      const made = [...wishes.made, ...(following?.made ?? [])];
      await writer.conclude({
        id,
        root,
        joined: sent.message.joined,
        status: ending?.status,
        error: ending?.error,
        atMs,
        lines: [...wishes.lines, ...(following?.lines ?? [])],
        tell: following?.tell ?? [],
        made,
        later: following?.later,
        hooks: following?.hooks ?? [],
        done: wishes.done,
        parts: partReports(sent, report.status, error),
      });
      told?.settled();
      found.settled();
      count(event, "applied", atMs - idTimeMs(id));
      if (ending !== undefined) {
        meter.ended(event.channel, ending.status);
        parts.ended?.(sent, ending.status, ending.error);
      }
      offer(following?.tell ?? []);
      offerMade(offer, made);
      return accepted;
    } catch (cause) {
      told?.undo();
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

function nothingNew({ message: { id, root } }: Sent): Omit<Conclusion, "atMs" | "lines" | "done"> {
  return { id, root, status: undefined, error: undefined, tell: [], later: undefined };
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
