import type { ReportEvent } from "../model/event.ts";
import type { Sent } from "../model/message.ts";
import { type Candidate, type ReportsTable, matchOf } from "../store/reports.ts";
import type { SentMemory } from "./sent-memory.ts";

/** Reports that are looked up in the database in one query. */
const lookUpsMax = 256;

export interface Match {
  readonly sent: Sent;
  /** A final report for it has been taken already. */
  readonly repeated: boolean;
  /** The report was not applied after all: the next one for this message is no repetition. */
  release(): void;
}

/** Finds the message that a report is about: memory first, the database on a miss, in batches. */
export interface ReportMatcher {
  match(event: ReportEvent): Promise<Match | undefined>;
}

export function createMatcher(parts: {
  readonly memory: SentMemory;
  readonly table: ReportsTable;
  /** The provider group of a channel. */
  readonly groupOf: (channel: string) => string;
  /** The channels of a provider group: one's reports may come on another. */
  readonly channelsOf: (group: string) => readonly string[];
}): ReportMatcher {
  const { memory, table, groupOf, channelsOf } = parts;
  interface Waiting {
    readonly event: ReportEvent;
    resolve(match: Match | undefined): void;
    reject(cause: unknown): void;
  }
  let waiting: Waiting[] = [];
  let looking = false;

  return {
    async match(event) {
      if (event.report.messageId === "") return undefined;
      const known = fromMemory(event);
      if (known !== undefined) return known;
      return new Promise((resolve, reject) => {
        waiting.push({ event, resolve, reject });
        void look();
      });
    },
  };

  function fromMemory({ channel, report }: ReportEvent): Match | undefined {
    const known = memory.find(groupOf(channel), report.messageId);
    if (known === undefined) return undefined;
    const repeated = known.reported;
    if (!repeated && report.status !== "SENT") known.reported = true;
    return { sent: known.sent, repeated, release: () => (known.reported = false) };
  }

  /** What came while the last query was under way goes together in the next one. */
  async function look(): Promise<void> {
    if (looking) return;
    looking = true;
    while (waiting.length > 0) {
      const batch = waiting.slice(0, lookUpsMax);
      waiting = waiting.slice(lookUpsMax);
      try {
        const wanted = batch.map(({ event }) => ({
          channels: channelsOf(groupOf(event.channel)),
          messageId: event.report.messageId,
        }));
        const found = await table.find(wanted);
        for (const [at, { event, resolve }] of batch.entries()) {
          resolve(fromTable(event, matchOf(found[at] ?? [], event.report.messageId)));
        }
      } catch (cause) {
        for (const { reject } of batch) reject(cause);
      }
    }
    looking = false;
  }

  function fromTable(event: ReportEvent, candidate: Candidate | undefined): Match | undefined {
    // One of the same batch may have been about the same message: then memory knows it by now.
    const known = fromMemory(event);
    if (known !== undefined || candidate === undefined) return known;
    const { sent, providerId, status } = candidate;
    // After NOREPORT a late final report is the one correction that is allowed.
    const open = status === "SENT" || status === "NOREPORT";
    if (!open) return { sent, repeated: true, release: () => undefined };
    memory.put(groupOf(event.channel), providerId, sent);
    return fromMemory(event);
  }
}
