import { type Kysely, sql } from "kysely";

/**
 * Messages in several parts. Runs at a start, so no gateway is writing; nothing is read or rewritten,
 * so it takes no time however many attempts are kept.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  // A message that was split has an attempt for each try of each part; of all others these are null.
  // The reference is what joins the parts at the phone: equal for those of one way of splitting.
  `alter table attempt
    add column part smallint, add column parts smallint, add column reference integer`,

  // What a text was joined of shares its state, whatever that is. With lines the text has just been
  // taken: its parts wait no more, and their lives tell of it. A text that could not be paid has no
  // state, so its parts stay as they are.
  `create function settle_joined(
      parts uuid[], joined uuid, low uuid, high uuid, moment timestamptz, lines text
    ) returns void language plpgsql as $$
    declare
      of_joined record;
    begin
      select status, error into of_joined from state where id = joined;
      if not found then return; end if;
      if lines is not null then
        delete from pending where id = any (parts);
        insert into trace (root, at, lines) select id, moment, lines from unnest(parts) as p (id);
      end if;
      update state set status = of_joined.status, error = of_joined.error, at = moment
        where id = any (parts) and id between low and high;
    end
  $$`,
];
