import type { OwnChanges } from "./own-changes.ts";
import type { Clock } from "../model/clock.ts";
import type { ReportEvent } from "../model/event.ts";
import type { Log } from "../model/log.ts";
import type { Message, Sent } from "../model/message.ts";
import type { Meter } from "../model/meter.ts";
import type { Queue, WaitingEvent } from "../store/queue.ts";
import type { ReportsTable } from "../store/reports.ts";
import type { Forward, Writer } from "../store/writer.ts";
import { offerMade } from "./make.ts";
import { type Concluding, concludingKey } from "./concluding.ts";
import type { LaterNotice, Notices } from "./notice.ts";
import { type PartTally, type Told, hasPart, partFact, partReports } from "./part-tally.ts";
import { type LaterReport, matchAgainMs, type Reports, unknownMessage } from "./report.ts";
import type { SentMemory } from "./sent-memory.ts";
import type { LaterStatus, StatusDecider } from "./status.ts";

/** How often the table is asked for what is due; the first retry of anything is after a second. */
const lookMs = 500;

/** Rows that one look takes; when there are more, the next look follows at once. */
const rowsPerLook = 200;

/** Milliseconds to the first retry of a status or a notice; it doubles with each try up to the second number. */
const decideFirstMs = 1_000;
const decideMostMs = 60_000;

/** Tries of a status or a notice until it is a dead letter: about a day. */
const decideTriesMax = 1_440;

/** How often messages whose report never came are looked for. */
const overdueSweepMs = 1_000;

/** Why an event is still not decided, and whether that can ever change; undefined when it is. */
type Undecided = { readonly fault: string; readonly final?: boolean } | undefined;

export interface LaterParts {
  /** Told after the commit: nobody will ever know what became of it. */
  readonly ended?: OwnChanges["ended"];
  readonly writer: Writer;
  readonly queue: Queue;
  readonly table: ReportsTable;
  readonly reports: Reports;
  readonly status: StatusDecider;
  readonly concluding: Concluding;
  readonly tally: Pick<PartTally, "tell">;
  readonly memory: Pick<SentMemory, "forget">;
  readonly notices: Pick<Notices, "again" | "forget">;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
  readonly newId: () => string;
  readonly offer: (forwards: readonly Forward[], original?: Message) => void;
  /** Channels that get reports, with how long one may take to come. */
  readonly reportWaits: () => readonly { readonly channel: string; readonly waitMs: number }[];
}

/**
 * Does what was written down for later: a status or a notice that no trigger could decide, a report
 * whose message was unknown, and the silence of a provider that never reported.
 */
export function startLater(parts: LaterParts): { stop(): Promise<void> } {
  const { writer, queue, table, reports, status, concluding, tally, memory, notices } = parts;
  const { clock, log, meter, newId, offer, ended } = parts;
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
    let rows: readonly WaitingEvent[];
    // What cannot be done yet is put off by at least a second, so this comes to an end.
    do {
      rows = await queue.waitingEvents(rowsPerLook);
      await Promise.all(rows.map((row) => (row.kind === "event" ? decide(row) : match(row))));
    } while (rows.length === rowsPerLook && !stopped);
  }

  async function decide(row: WaitingEvent): Promise<void> {
    // Written by status.ts and notice.ts of this program only, so its shape is known.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const kept = JSON.parse(row.payload) as LaterStatus | LaterNotice;
    const still: Undecided =
      "notice" in kept ? await notices.again(kept.notice) : await decideStatus(row, kept);
    if (still === undefined) return;
    const { fault, final = false } = still;
    await (final ? bury(row, fault) : undecided(row, fault));
  }

  /** Nobody could decide it: it is tried again until a day has gone by. */
  async function undecided(row: WaitingEvent, fault: string): Promise<void> {
    if (row.tries + 1 >= decideTriesMax) return bury(row, fault);
    const waitMs = Math.min(decideFirstMs * 2 ** row.tries, decideMostMs);
    await writer.postpone({ id: row.id, dueMs: clock.nowMs() + waitMs, tries: row.tries + 1 });
  }

  async function decideStatus(row: WaitingEvent, kept: LaterStatus): Promise<Undecided> {
    const sent = await table.sentOf(kept.message);
    if (sent === undefined) return { fault: "its message is gone", final: true };
    const atMs = clock.nowMs();
    const { error, report } = kept;
    const event = { id: row.id, atMs, sent, status: kept.status, error, report };
    const following = await status.again(event);
    if ("fault" in following) return following;
    const { id, root } = sent.message;
    const { lines, tell, made = [] } = following;
    const nothing = { status: undefined, error: undefined, later: undefined };
    await writer.conclude({ id, root, ...nothing, atMs, lines, tell, made, done: row.id });
    offer(tell);
    offerMade(offer, made);
    return undefined;
  }

  async function match(row: WaitingEvent): Promise<void> {
    // Written by report.ts of this program only, so its shape is known.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const kept = JSON.parse(row.payload) as LaterReport;
    const event: ReportEvent = { ...kept.event, session: undefined, isOpen: () => true };
    const waitMs = matchAgainMs[row.tries + 1];
    const outcome = await reports.again(event, row.id, waitMs === undefined ? "last" : "again");
    if (outcome === "done") return;
    if (outcome === "refused") return undecided(row, "the triggers did not take it");
    if (waitMs === undefined) return bury(row, unknownMessage);
    await writer.postpone({ id: row.id, dueMs: clock.nowMs() + waitMs, tries: row.tries + 1 });
  }

  async function bury(row: WaitingEvent, reason: string): Promise<void> {
    log.warn({ kind: row.kind, id: row.id, reason }, "given up; see the dead letters");
    const kind = row.kind === "match" ? "report" : row.kind;
    // What is about no message stands under its own id.
    const root = row.root === row.id ? undefined : row.root;
    notices.forget(row.id);
    await writer.bury({ id: row.id, root, kind, reason, payload: row.payload, pending: true });
    meter.buried(kind);
  }

  async function sweepOverdue(): Promise<void> {
    for (const { channel, waitMs } of parts.reportWaits()) {
      const reading = concluding.reading();
      let mine: Sent[];
      try {
        const overdue = await table.overdue(channel, waitMs, rowsPerLook);
        // Not those that a report concludes in this moment.
        mine = overdue.filter((sent) => concluding.begin(concludingKey(sent)));
      } finally {
        reading.end();
      }
      // What comes after all is looked up, and then it is known to be late.
      if (mine.length > 0) memory.forget(new Set(mine.map(({ message }) => message.root)));
      // All at once, so that they are few batches to the triggers and few flushes.
      await Promise.all(mine.map((sent) => neverReported(channel, sent)));
    }
  }

  async function neverReported(channel: string, sent: Sent): Promise<void> {
    const { message, original } = sent;
    const { id, root, joined } = message;
    const atMs = clock.nowMs();
    const none = { status: "NOREPORT", error: "no_report" } as const;
    let told: Told | undefined;
    try {
      told = hasPart(sent) ? await tally.tell(sent, none.status) : undefined;
      const end = told === undefined ? none : told.outcome;
      const event = end && { id: newId(), atMs, sent: { message, original }, ...end };
      const following = event && (await status.inline({ ...event, report: undefined }));
      const facts = { channel, message: id, ...partFact(sent), none: true };
      const lines = [{ at: atMs, what: "reported", facts }, ...(following?.lines ?? [])];
      const { tell = [], made = [], hooks = [], later } = following ?? {};
      const parts = partReports(sent, none.status, none.error);
      const next = { tell, made, hooks, later, lines, parts, done: undefined };
      const became = { status: end?.status, error: end?.error };
      await writer.conclude({ id, root, joined, ...became, atMs, ...next });
      told?.settled();
      if (end !== undefined) {
        meter.ended(channel, end.status);
        ended?.(message, original, end.status, none.error);
      }
      offer(tell);
      offerMade(offer, made);
    } catch (cause) {
      told?.undo();
      throw cause;
    } finally {
      // A report that comes now is the late one, so it is let in.
      concluding.release(concludingKey(sent));
    }
  }
}
