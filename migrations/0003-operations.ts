import { type Kysely, sql } from "kysely";

/**
 * What operators do: channels that are held, messages that are sent once more. Runs at a start, so no
 * gateway is writing; building the index reads the attempts that are kept, about a second per million.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  // A channel that is not named here is not held.
  `create table channel_hold (
    channel text primary key,
    held text not null check (held in ('paused', 'drained')),
    since timestamptz not null default now(),
    by text not null
  )`,

  // Few rows; the others pay nothing for it.
  `create index attempt_uncertain on attempt (id) where maybe_twice`,

  // The one step back, by the word of an operator: the life waits again, for the new message. Where a
  // root has a state for each child, the new child's takes the place of the old one's. What has been
  // delivered meanwhile stays so.
  `create function reopen(old_id uuid, new_id uuid, root_id uuid, moment timestamptz)
    returns void language plpgsql as $$
    begin
      update state set id = new_id, status = 'QUEUED', error = null, at = moment
        where id = old_id and id > root_id;
      update state set status = 'QUEUED', error = null, at = moment
        where id = root_id and status <> 'DELIVERED';
    end
  $$`,
];
