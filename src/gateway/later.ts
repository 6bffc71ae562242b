import type { Clock } from "../model/clock.ts";
import type { ReportEvent } from "../model/event.ts";
import type { Log } from "../model/log.ts";
import type { Sent } from "../model/message.ts";
import type { Queue, WaitingEvent } from "../store/queue.ts";
import type { ReportsTable } from "../store/reports.ts";
import type { Forward, Writer } from "../store/writer.ts";
import { type LaterReport, matchAgainMs, type Reports } from "./report.ts";
import type { LaterStatus, StatusDecider } from "./status.ts";

/** How often the table is asked for what is due; the first retry of anything is after a second. */
const lookMs = 500;

/** Rows that one look takes; what is more comes with the next. */
const rowsPerLook = 200;

/** Milliseconds to the first retry of a status; it doubles with each try up to the second number. */
const statusFirstMs = 1_000;
const statusMostMs = 60_000;

/** Tries of a status until it is a dead letter: about a day. */
const statusTriesMax = 1_440;

/** How often messages whose report never came are looked for. */
const overdueSweepMs = 1_000;

export interface LaterParts {
  readonly writer: Writer;
  readonly queue: Queue;
  readonly table: ReportsTable;
  readonly reports: Reports;
  readonly status: StatusDecider;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => string;
  readonly offer: (forwards: readonly Forward[]) => void;
  /** Channels that get reports, with how long one may take to come. */
  readonly reportWaits: () => readonly { readonly channel: string; readonly waitMs: number }[];
}

/**
 * Does what was written down for later: a status that no trigger could decide in time, a report
 * whose message was unknown, and the silence of a provider that never reported.
 */
export function startLater(parts: LaterParts): { stop(): Promise<void> } {
  const { writer, queue, table, reports, status, clock, log, newId, offer } = parts;
  let stopped = false;
  const pauses = new Set<() => void>();
  const work = Promise.all([
    every(lookMs, takeDue, "could not do what was kept for later"),
    every(overdueSweepMs, sweepOverdue, "could not look for messages without a report"),
  ]);

  return {
    async stop() {
      stopped = true;
      for (const end of pauses) end();
      await work;
    },
  };

  async function every(ms: number, act: () => Promise<void>, trouble: string): Promise<void> {
    while (!stopped) {
      await pause(ms);
      if (stopped) return;
      await act().catch((cause: unknown) => log.error({ err: cause }, trouble));
    }
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        pauses.delete(end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      timer.unref();
      pauses.add(end);
    });
  }

  async function takeDue(): Promise<void> {
    const rows = await queue.waitingEvents(rowsPerLook);
    await Promise.all(rows.map((row) => (row.kind === "event" ? decide(row) : match(row))));
  }

  async function decide(row: WaitingEvent): Promise<void> {
    // Written by status.ts of this program only, so its shape is known.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const kept = JSON.parse(row.payload) as LaterStatus;
    const sent = await table.sentOf(kept.message);
    if (sent === undefined) return bury(row, "its message is gone");
    const atMs = clock.nowMs();
    const { error, report } = kept;
    const event = { id: row.id, atMs, sent, status: kept.status, error, report };
    const following = await status.again(event);
    if ("fault" in following) {
      if (row.tries + 1 >= statusTriesMax) return bury(row, following.fault);
      const waitMs = Math.min(statusFirstMs * 2 ** row.tries, statusMostMs);
      return writer.postpone({ id: row.id, dueMs: atMs + waitMs, tries: row.tries + 1 });
    }
    const { id, root } = sent.message;
    const { lines, tell } = following;
    const nothing = { status: undefined, error: undefined, later: undefined };
    await writer.conclude({ id, root, ...nothing, atMs, lines, tell, done: row.id });
    offer(tell);
  }

  async function match(row: WaitingEvent): Promise<void> {
    // Written by report.ts of this program only, so its shape is known.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const kept = JSON.parse(row.payload) as LaterReport;
    const event: ReportEvent = { ...kept.event, session: undefined, isOpen: () => true };
    if (await reports.again(event, row.id)) return;
    const waitMs = matchAgainMs[row.tries + 1];
    if (waitMs === undefined) return bury(row, "no message of this provider has that id");
    await writer.postpone({ id: row.id, dueMs: clock.nowMs() + waitMs, tries: row.tries + 1 });
  }

  async function bury(row: WaitingEvent, reason: string): Promise<void> {
    log.warn({ kind: row.kind, id: row.id, reason }, "given up; see the dead letters");
    const kind = row.kind === "match" ? "report" : row.kind;
    const root = row.kind === "match" ? undefined : row.root;
    await writer.bury({ id: row.id, root, kind, reason, payload: row.payload, pending: true });
  }

  async function sweepOverdue(): Promise<void> {
    for (const { channel, waitMs } of parts.reportWaits()) {
      const overdue = await table.overdue(channel, waitMs, rowsPerLook);
      // All at once, so that they are few batches to the triggers and few flushes.
      await Promise.all(overdue.map((sent) => neverReported(channel, sent)));
    }
  }

  async function neverReported(channel: string, sent: Sent): Promise<void> {
    const { id, root } = sent.message;
    const atMs = clock.nowMs();
    const end = { status: "NOREPORT", error: "no_report" } as const;
    const following = await status.inline({ id: newId(), atMs, sent, ...end, report: undefined });
    const line = { at: atMs, what: "reported", facts: { channel, message: id, none: true } };
    const lines = [line, ...following.lines];
    await writer.conclude({ id, root, ...end, atMs, ...following, lines, done: undefined });
    offer(following.tell);
  }
}
