import { type Kysely, sql } from "kysely";

/**
 * Delivery reports. Runs at a start, so no gateway is writing; building the index reads the attempts
 * that are kept, about a second per million.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  // Providers drop leading zeros and change the case. The id beside it gives the newest first even
  // where a provider uses one id for millions; "C" makes the index the same in every database.
  `drop index attempt_provider_id`,
  `create index attempt_provider_id on attempt (ltrim(lower(provider_id collate "C"), '0'), id)
    where provider_id is not null`,

  // What is overdue, each channel by its own limit.
  `drop index attempt_unreported`,
  `create index attempt_unreported on attempt (channel, at) where status = 'SENT' and report_asked`,

  // Statuses to decide and reports without a message; rows of queues are not in it.
  `create index pending_event on pending (due) where queue = ''`,

  // What could not be finished and waits for a person.
  `create table dead_letter (
    id uuid primary key,
    root uuid,
    kind text not null,
    at timestamptz not null,
    reason text not null,
    payload text not null
  )`,

  // Two flushes are under way at once, and one may build on the other: a report on its message's
  // answer. So the second is undone with the first: SQLSTATE SB002.
  `create function follow_flush(before uuid) returns void language plpgsql as $$
    begin
      if not exists (select from batch where id = before) then
        raise exception using errcode = 'SB002', message = 'the flush before this one was undone';
      end if;
    end
  $$`,
];
