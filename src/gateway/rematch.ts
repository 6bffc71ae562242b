import type { Clock } from "../model/clock.ts";
import { GatewayError } from "../model/error.ts";
import type { ReportEvent } from "../model/event.ts";
import type { Writer } from "../store/writer.ts";
import type { UnmatchedRow, UnmatchedTable } from "../store/unmatched.ts";
import { type LaterReport, matchAgainMs, type Reports, unknownMessage } from "./report.ts";

/** Reports that are matched at once: what the matcher takes in one query. */
const rowsPerStep = 256;

/** While a step is under way nobody else tries its reports; after a crash they are tried again then. */
const leaseMs = 600_000;

const firstId = "00000000-0000-0000-0000-000000000000";

/** What became of the reports that were tried once more. */
export interface Rematched {
  readonly matched: number;
  /** Their message is still not known. */
  readonly unknown: number;
  /** Their message is known, and the triggers did not take them. */
  readonly refused: number;
}

/**
 * Tries reports again whose message was not known, because a setting was mended: those with these
 * ids, or all, given up or still waiting. Tells how far it is after each step; who stops asking ends
 * it. Throws `unknown_report` for an id that is none of theirs.
 */
export type Rematch = (
  ids: readonly string[] | undefined,
) => AsyncGenerator<{ readonly done: number; readonly total: number }, Rematched>;

export function createRematch(parts: {
  readonly table: UnmatchedTable;
  readonly reports: Pick<Reports, "again">;
  readonly writer: Pick<Writer, "bury" | "postpone">;
  readonly clock: Clock;
  readonly newId: () => string;
}): Rematch {
  const { table, reports, writer, clock, newId } = parts;

  return async function* rematch(ids) {
    // What comes meanwhile is matched by the new settings anyway.
    const before = newId();
    const total = await table.count(ids === undefined ? { before } : { before, ids });
    if (ids !== undefined && total < new Set(ids).size)
      throw new GatewayError("unknown_report", "There is no unmatched report of that id.");
    const sums = { matched: 0, unknown: 0, refused: 0 };
    let done = 0;
    let after = firstId;
    yield { done, total };
    for (;;) {
      const tries = matchAgainMs.length;
      const rows = await table.take({ after, before, ids, limit: rowsPerStep, leaseMs, tries });
      const last = rows.at(-1);
      if (last === undefined) return sums;
      await Promise.all(rows.map(async (row) => (sums[await again(row)] += 1)));
      after = last.id;
      done += rows.length;
      yield { done, total: Math.max(done, total) };
    }
  };

  async function again(row: UnmatchedRow): Promise<keyof Rematched> {
    // Written by report.ts of this program only, so its shape is known.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const kept = JSON.parse(row.payload) as LaterReport;
    const event: ReportEvent = { ...kept.event, session: undefined, isOpen: () => true };
    const { id, payload } = row;
    const outcome = await reports.again(event, id, row.state === "dead" ? "last" : "again");
    if (outcome === "done") return "matched";
    if (outcome === "unknown" && row.state === "dead") {
      const grave = { id, root: undefined, kind: "report", payload, pending: true };
      await writer.bury({ ...grave, reason: unknownMessage });
    } else {
      // It goes on waiting as it did; one that is refused comes to the triggers again.
      const waitMs = matchAgainMs[row.tries] ?? matchAgainMs.at(-1) ?? 0;
      await writer.postpone({ id, dueMs: clock.nowMs() + waitMs, tries: row.tries });
    }
    return outcome;
  }
}
