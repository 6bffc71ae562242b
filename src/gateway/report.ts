import type { Clock } from "../model/clock.ts";
import { GatewayError } from "../model/error.ts";
import type { ReportAnswer, ReportEvent, StatusEvent } from "../model/event.ts";
import type { Log } from "../model/log.ts";
import type { Sent, TraceLine } from "../model/message.ts";
import type { Report } from "../model/report.ts";
import type { Forward, Writer } from "../store/writer.ts";
import type { Engine } from "../trigger/engine.ts";
import type { ReportMatcher } from "./match.ts";
import type { StatusDecider } from "./status.ts";
import { storyOf } from "./story.ts";

/** Milliseconds until a report without its message is matched again; then the next number. */
export const matchAgainMs = [1_000, 5_000, 20_000, 60_000] as const;

export interface ReportParts {
  readonly engine: Engine;
  readonly writer: Writer;
  readonly matcher: ReportMatcher;
  readonly status: StatusDecider;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => string;
  /** Told after the commit: these are waiting to go out. */
  readonly offer: (forwards: readonly Forward[]) => void;
}

/** What stands in `pending` for a report whose message is not known yet. */
export interface LaterReport {
  readonly event: Omit<ReportEvent, "isOpen" | "session">;
}

export interface Reports {
  /** Answers a provider's report, after the commit. */
  answer(event: ReportEvent): Promise<ReportAnswer>;
  /** Tries one again that is kept as the pending row `done`; false when its message is still unknown. */
  again(event: ReportEvent, done: string): Promise<boolean>;
}

export function createReports(parts: ReportParts): Reports {
  const { engine, writer, matcher, status, clock, log, newId, offer } = parts;
  return { answer, again };

  async function answer(event: ReportEvent): Promise<ReportAnswer> {
    try {
      const found = await matcher.match(event);
      if (found !== undefined) return await conclude(event, found, undefined);
      // Not known yet, or never: kept, so that the provider may forget it.
      await hold(event);
      return { kind: "accepted" };
    } catch (cause) {
      if (!(cause instanceof GatewayError)) throw cause;
      log.error({ ...about(event), err: cause }, "report not stored; the provider keeps it");
      return { kind: "refused", code: "try_later", reason: cause.message };
    }
  }

  async function again(event: ReportEvent, done: string): Promise<boolean> {
    const found = await matcher.match(event);
    if (found === undefined) return false;
    const outcome = await conclude(event, found, done);
    return outcome.kind === "accepted";
  }

  async function hold(event: ReportEvent): Promise<void> {
    const { isOpen: _isOpen, session: _session, ...kept } = event;
    const payload: LaterReport = { event: kept };
    await writer.hold({
      id: event.id,
      root: event.id,
      kind: "match",
      dueMs: clock.nowMs() + matchAgainMs[0],
      payload: JSON.stringify(payload),
    });
  }

  /** The triggers decide, then the status, its own triggers' wishes and the trace are one commit. */
  async function conclude(
    event: ReportEvent,
    found: { readonly sent: Sent; readonly repeated: boolean; release(): void },
    done: string | undefined,
  ): Promise<ReportAnswer> {
    const { sent, repeated } = found;
    const { report } = event;
    const { id, root } = sent.message;
    const nothing = { id, root, status: undefined, error: undefined, tell: [], later: undefined };
    if (repeated) {
      const line = reportedLine(event, sent, { repeated: true });
      await writer.conclude({ ...nothing, atMs: clock.nowMs(), lines: [line], done });
      return { kind: "accepted" };
    }
    try {
      const ruling = await engine.decide({ kind: "report", event, sent });
      if (ruling.verdict === "undecided" || ruling.verdict === "reject" || !event.isOpen()) {
        found.release();
        // The provider keeps it and brings it again; it is then decided anew.
        const code = ruling.verdict === "reject" ? ruling.code : "try_later";
        const reason = ruling.verdict === "undecided" ? ruling.text : "";
        log.warn({ ...about(event), code, reason }, "report not taken");
        return { kind: "refused", code, reason };
      }
      const applied = ruling.verdict === "accept" && ruling.applied;
      const final = applied && report.status !== "SENT";
      if (!final) found.release();
      const lines = [reportedLine(event, sent, { applied }), ...storyOf(ruling.ran, clock.nowMs())];
      if (!final) {
        await writer.conclude({ ...nothing, atMs: clock.nowMs(), lines, done });
        return { kind: "accepted" };
      }
      const error = report.status === "DELIVERED" ? undefined : errorOf(report);
      const following = await status.inline(statusEvent(event, sent, error));
      const atMs = clock.nowMs();
      await writer.conclude({
        id,
        root,
        status: report.status,
        error,
        atMs,
        lines: [...lines, ...following.lines],
        tell: following.tell,
        later: following.later,
        done,
      });
      offer(following.tell);
      return { kind: "accepted" };
    } catch (cause) {
      found.release();
      throw cause;
    }
  }

  function statusEvent(event: ReportEvent, sent: Sent, error: string | undefined): StatusEvent {
    const { report } = event;
    const atMs = clock.nowMs();
    return { id: newId(), atMs, sent, status: report.status, error, report };
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
  const known = { report: messageId, state, error, message: sent.message.id, ...more };
  return { at: atMs, what: "reported", facts: { ...facts, ...known } };
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
