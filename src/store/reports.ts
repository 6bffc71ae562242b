import { type Kysely, sql } from "kysely";
import type { Clock } from "../model/clock.ts";
import { firstIdAt } from "../model/id.ts";
import type { Sent } from "../model/message.ts";
import { canonicalProviderId, providerIdForms } from "../model/provider-id.ts";
import type { Status } from "../model/status.ts";
import { arrayText, quoted } from "./array-text.ts";
import { type ParentColumns, messageFrom } from "./message-row.ts";
import type { MessageTable, Tables } from "./tables.ts";

/**
 * How far back a report's message is looked for first: longer than nearly any network reports, and
 * few enough days to look through. A miss is looked for once more in all that is kept.
 */
export const matchBackMs = 4 * 86_400_000;

/** Messages of one form of an id: what tells whether it is one, and which is the newest. */
const candidatesMax = 3;

/** Stands between the names of channels, none of which holds it. */
const channelSeparator = "\u001f";

/** What a report may be about. */
export interface Candidate {
  readonly sent: Sent;
  /** As the provider gave it in its answer. */
  readonly providerId: string;
  /** Of the try that the provider took: beyond SENT and NOREPORT there was a report already. */
  readonly status: Status;
}

/** A report's id, and the channels of the provider that sent it: ids are only its own. */
export interface Wanted {
  readonly channels: readonly string[];
  readonly messageId: string;
}

/** The messages that reports are about; asked for those that memory does not know. */
export interface ReportsTable {
  /** In one query for a batch, in its order: messages of any form of the id, newest first. */
  find(wanted: readonly Wanted[]): Promise<(readonly Candidate[])[]>;
  /** A message that went out, with its original; undefined when it is not kept any more. */
  sentOf(messageId: string): Promise<Sent | undefined>;
  /**
   * Messages that this channel's provider took longer than `waitMs` ago and whose report was asked
   * for and never came, oldest first.
   */
  overdue(channel: string, waitMs: number, limit: number): Promise<Sent[]>;
}

/**
 * The one that a report is about: as the id is written, then without zeros, then hex read as decimal
 * and decimal as hex; the first of these that has any decides. One id that came twice is the newest
 * message that has no report yet; ids that differ are never guessed between.
 */
export function matchOf(
  candidates: readonly Candidate[],
  messageId: string,
): Candidate | undefined {
  const low = messageId.toLowerCase();
  const tests = [
    (providerId: string) => providerId.toLowerCase() === low,
    ...providerIdForms(messageId).map(
      (form) => (providerId: string) => canonicalProviderId(providerId) === form,
    ),
  ];
  for (const matches of tests) {
    const hits = candidates.filter((one) => matches(one.providerId));
    if (hits.length === 0) continue;
    if (new Set(hits.map((one) => one.providerId.toLowerCase())).size > 1) return undefined;
    return newest(hits.filter(isOpen)) ?? newest(hits);
  }
  return undefined;
}

/** No report, or only none in time: a final one is still to come. */
function isOpen({ status }: Candidate): boolean {
  return status === "SENT" || status === "NOREPORT";
}

function newest(candidates: readonly Candidate[]): Candidate | undefined {
  return candidates.toSorted(newestFirst)[0];
}

function newestFirst(one: Candidate, other: Candidate): number {
  return one.sent.message.id < other.sent.message.id ? 1 : -1;
}

export function createReportsTable(db: Kysely<Tables>, clock: Clock): ReportsTable {
  return {
    async find(wanted) {
      const all = wanted.map((one, number) => ({ ...one, number }));
      const found = await candidatesFor(db, all, firstIdAt(clock.nowMs() - matchBackMs));
      // On a miss all days are looked through, which is once for each report for nobody.
      const missing = all.filter(({ number }) => !found.has(number));
      const older =
        missing.length === 0
          ? new Map<number, Candidate[]>()
          : await candidatesFor(db, missing, firstIdAt(0));
      return all.map(({ number }) => found.get(number) ?? older.get(number) ?? []);
    },
    async sentOf(messageId) {
      const { rows } = await sql<SentRow>`
        select a.id as sent_id, a.root as sent_root, m.*
        from (select id, root from message where id = ${messageId}::uuid) a ${withSent}`.execute(
        db,
      );
      return sentFrom(rows);
    },
    async overdue(channel, waitMs, limit) {
      const takenBeforeMs = clock.nowMs() - waitMs;
      const { rows } = await sql<SentRow>`
        select a.id as sent_id, a.root as sent_root, m.*
        from (
          select id, root, at from attempt
          where status = 'SENT' and report_asked and channel = ${channel}
            and at < to_timestamp(${takenBeforeMs / 1000}) and id < ${firstIdAt(takenBeforeMs)}::uuid
          order by at limit ${limit}
        ) a ${withSent}
        order by a.at, a.id`.execute(db);
      return [...Map.groupBy(rows, (row) => row.sent_id).values()].flatMap((pair) => {
        return sentFrom(pair) ?? [];
      });
    },
  };
}

type SentRow = Omit<MessageTable, "at"> &
  ParentColumns & { readonly sent_id: string; readonly sent_root: string };

type CandidateRow = SentRow & {
  readonly number: number;
  readonly provider_id: string;
  readonly sent_status: Status;
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

/** Of each number those that were found, newest first; numbers without any are left out. */
async function candidatesFor(
  db: Kysely<Tables>,
  wanted: readonly (Wanted & { readonly number: number })[],
  since: string,
): Promise<Map<number, Candidate[]>> {
  const numbers: number[] = [];
  const keys: string[] = [];
  const channels: string[] = [];
  for (const one of wanted) {
    if (one.messageId === "") continue;
    // The id itself instead of its first form: the database and JavaScript must not have to agree on
    // what lower case is.
    for (const key of [one.messageId, ...providerIdForms(one.messageId).slice(1)]) {
      numbers.push(one.number);
      keys.push(quoted(key));
      channels.push(quoted(one.channels.join(channelSeparator)));
    }
  }
  const found = new Map<number, Candidate[]>();
  if (numbers.length === 0) return found;
  const { rows } = await sql<CandidateRow>`
    select w.number, a.id as sent_id, a.root as sent_root, a.provider_id, a.status as sent_status, m.*
    from unnest(${arrayText(numbers)}::int[], ${arrayText(keys)}::text[],
      ${arrayText(channels)}::text[]) as w (number, key, channels)
    cross join lateral (
      select id, root, provider_id, status from attempt
      where provider_id is not null and id >= ${since}::uuid
        and ltrim(lower(provider_id collate "C"), '0') = ltrim(lower(w.key collate "C"), '0')
        and channel = any (string_to_array(w.channels, ${channelSeparator}))
      order by id desc limit ${candidatesMax} offset 0) a ${withSent}`.execute(db);
  for (const one of Map.groupBy(rows, (row) => `${row.number} ${row.sent_id}`).values()) {
    const sent = sentFrom(one);
    const first = one[0];
    if (sent === undefined || first === undefined) continue;
    const { number, provider_id: providerId, sent_status: status } = first;
    const list = found.get(number) ?? [];
    found.set(number, [...list, { sent, providerId, status }]);
  }
  for (const list of found.values()) list.sort(newestFirst);
  return found;
}

/** The two rows of one message; the rows of a message may also come twice. */
function sentFrom(rows: readonly SentRow[]): Sent | undefined {
  const message = rows.find((row) => row.id === row.sent_id);
  const original = rows.find((row) => row.id === row.sent_root);
  if (message === undefined || original === undefined) return undefined;
  return { message: messageFrom(message), original: messageFrom(original) };
}
