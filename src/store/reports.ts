import { type Kysely, sql } from "kysely";
import type { Clock } from "../model/clock.ts";
import { firstIdAt } from "../model/id.ts";
import type { Sent } from "../model/message.ts";
import { arrayText } from "./array-text.ts";
import { type Candidate, type Wanted, candidatesFor } from "./candidates.ts";
import type { LookUps } from "./look-ups.ts";
import { type ParentColumns, messageFrom } from "./message-row.ts";
import { type InParts, inPartsOf } from "./parts.ts";
import type { MessageTable, Tables } from "./tables.ts";

/** The messages that reports are about; asked for those that memory does not know. */
export interface ReportsTable {
  /**
   * For a batch, in its order: messages with one of the ids but for case and leading
   * zeros, those without a report first, then the newest. `backMs`: none that is older than that;
   * all that are kept when left out, which looks through each day.
   */
  find(wanted: readonly Wanted[], backMs?: number): Promise<(readonly Candidate[])[]>;
  /** A message that went out, with its original; undefined when it is not kept any more. */
  sentOf(messageId: string): Promise<Sent | undefined>;
  /** A message that went out in parts; undefined when it is not kept any more. */
  inParts(messageId: string): Promise<InParts | undefined>;
  /** The same for many, in one query; those that are not kept are left out. */
  sentOfAll(messageIds: readonly string[]): Promise<ReadonlyMap<string, Sent>>;
  /**
   * Messages, and parts of such, that this channel's provider took longer than `waitMs` ago and whose
   * report was asked for and never came, oldest first.
   */
  overdue(channel: string, waitMs: number, limit: number): Promise<Sent[]>;
}

export function createReportsTable(
  db: Kysely<Tables>,
  lookUps: LookUps,
  clock: Clock,
): ReportsTable {
  /** Those that ask for one message each. */
  let waiting: Waiting[] = [];
  let isLooking = false;

  return {
    find: (wanted, backMs) => candidatesFor(lookUps, wanted, { nowMs: clock.nowMs(), backMs }),
    sentOf: (messageId) =>
      new Promise((resolve, reject) => {
        waiting.push({ messageId, resolve, reject });
        void look();
      }),
    inParts: (messageId) => inPartsOf(db, messageId),
    sentOfAll,
    async overdue(channel, waitMs, limit) {
      const takenBeforeMs = clock.nowMs() - waitMs;
      const { rows } = await sql<SentRow>`
        select a.id as sent_id, a.root as sent_root, a.part, a.parts, a.reference, m.*
        from (
          select id, root, at, part, parts, reference from attempt
          where status = 'SENT' and report_asked and channel = ${channel}
            and at < to_timestamp(${takenBeforeMs / 1000}) and id < ${firstIdAt(takenBeforeMs)}::uuid
          order by at limit ${limit}
        ) a ${withSent}
        order by a.at, a.id, a.part`.execute(db);
      return [...Map.groupBy(rows, keyOf).values()].flatMap((pair) => {
        return sentFrom(pair) ?? [];
      });
    },
  };

  async function sentOfAll(messageIds: readonly string[]): Promise<ReadonlyMap<string, Sent>> {
    if (messageIds.length === 0) return new Map();
    const { rows } = await sql<SentRow>`
      select a.id as sent_id, a.root as sent_root, m.*
      from (select id, root from message where id = any (${arrayText(messageIds)}::uuid[])) a
      ${withSent}`.execute(db);
    const found = new Map<string, Sent>();
    for (const [id, pair] of Map.groupBy(rows, (row) => row.sent_id)) {
      const sent = sentFrom(pair);
      if (sent !== undefined) found.set(id, sent);
    }
    return found;
  }

  /** What came while the last query was under way goes together in the next one. */
  async function look(): Promise<void> {
    if (isLooking) return;
    isLooking = true;
    while (waiting.length > 0) {
      const batch = waiting.slice(0, sentMax);
      waiting = waiting.slice(sentMax);
      try {
        const found = await sentOfAll(batch.map(({ messageId }) => messageId));
        for (const { messageId, resolve } of batch) resolve(found.get(messageId));
      } catch (cause) {
        for (const { reject } of batch) reject(cause);
      }
    }
    isLooking = false;
  }
}

/** Who waits for one message. */
interface Waiting {
  readonly messageId: string;
  readonly resolve: (sent: Sent | undefined) => void;
  readonly reject: (cause: unknown) => void;
}

/** Messages of one query: some 10 ms of the database, for which the first of them waits. */
const sentMax = 256;

type SentRow = Omit<MessageTable, "at"> &
  ParentColumns & {
    readonly sent_id: string;
    readonly sent_root: string;
    /** Of the try that is looked for; not there when a message is looked for by itself. */
    readonly part?: number | null;
    readonly parts?: number | null;
    readonly reference?: number | null;
  };

// Two rows for each: the message and its original, each with the content of its parent. Laterals
// behind `offset 0` are one look-up per row and day, whatever the statistics say.
const withSent = sql`
  cross join lateral (
    select m.id, m.root, m.parent, m.direction, m.kind, m.channel, m.account, m.from_address,
      m.to_address, m.body, m.data_coding, m.meta, m.hops, m.log,
      o.body as parent_body, o.data_coding as parent_data_coding, o.meta as parent_meta,
      o.from_address as parent_from, o.to_address as parent_to
    from (
      select * from message where id = a.id
      union all select * from message where id = a.root and a.root <> a.id
    ) m
    left join lateral (select * from message where id = m.parent offset 0) o on true
    offset 0) m`;

/** The two rows of one message; the rows of a message may also come twice. */
function sentFrom(rows: readonly SentRow[]): Sent | undefined {
  const message = rows.find((row) => row.id === row.sent_id);
  const original = rows.find((row) => row.id === row.sent_root);
  if (message === undefined || original === undefined) return undefined;
  const sent = { message: messageFrom(message), original: messageFrom(original) };
  const { part: number, parts: total, reference } = message;
  if (!isGiven(number) || !isGiven(total) || !isGiven(reference)) return sent;
  return { ...sent, part: { number, total, reference } };
}

function isGiven(value: number | null | undefined): value is number {
  return value !== null && value !== undefined;
}

function keyOf({ sent_id: id, part }: SentRow): string {
  return `${id} ${part ?? ""}`;
}
