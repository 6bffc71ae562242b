import { type Kysely, sql } from "kysely";

/**
 * SMPP, complete on the wire. Runs at a start, so no gateway is writing; nothing is read or rewritten,
 * so it takes no time however many messages are kept.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements: readonly string[] = [
  // As in 0001, and a child that is scheduled is less far than one that waits in its queue.
  `create or replace function settle(
      ids uuid[], roots uuid[], low uuid, high uuid,
      to_status text, to_error text, moment timestamptz, from_statuses text[]
    ) returns void language plpgsql as $$
    declare
      moved integer;
    begin
      update state set status = to_status, error = to_error, at = moment
        where id = any (roots) and id between low and high
          and children < 2 and status = any (from_statuses);
      get diagnostics moved = row_count;
      if moved = cardinality(roots) then return; end if;
      update state set status = to_status, error = to_error, at = moment
        where id = any (ids) and id between low and high
          and id > root and status = any (from_statuses);
      update state s set at = moment, (status, error) = (
          select c.status, c.error from state c
          where c.root = s.id and c.id > s.id
          order by array_position(array['SCHEDULED', 'QUEUED', 'SENT', 'FAILED', 'EXPIRED',
            'CANCELLED', 'NOTDELIVERED', 'NOREPORT', 'DELIVERED'], c.status)
          limit 1)
        where s.id = any (roots) and s.id between low and high and s.children > 1;
    end
  $$`,

  // A customer has put another text into a message that waited (replace_sm). What was to be sent keeps
  // the content that it had, for the trace; new messages have taken its places in the queue, and where
  // a root has a state for each child they take those, too.
  `create function rewrite(
      root_id uuid, old_ids uuid[], new_ids uuid[], to_status text,
      new_body bytea, new_meta text, moment timestamptz
    ) returns void language plpgsql as $$
    begin
      for n in 1 .. cardinality(old_ids) loop
        update message c set body = coalesce(c.body, r.body),
            data_coding = coalesce(c.data_coding, r.data_coding), meta = coalesce(c.meta, r.meta)
          from message r
          where c.id = old_ids[n] and r.id = root_id and (c.body is null or c.meta is null);
        update state set id = new_ids[n], status = to_status, error = null, at = moment
          where id = old_ids[n] and id > root_id;
      end loop;
      update message set body = new_body, meta = new_meta where id = root_id;
      update state set status = to_status, error = null, at = moment where id = root_id;
    end
  $$`,
];
