import { type Kysely, type RawBuilder, sql } from "kysely";

/**
 * Records for billing, and where a number is looked up. Runs at a start, so no gateway is writing;
 * nothing is read or rewritten, so it takes no time however many messages are kept.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
  await sql`create view record as ${recordQuery(sql``)}`.execute(db);
}

// A word of JSON as it stands between its quotes. Texts are looked through as texts, because PostgreSQL's
// json functions refuse what a script may have written (U+0000). A quote within a word has a backslash
// before it, so nothing that somebody wrote is taken for a key.
const word = String.raw`((?:[^"\\]|\\.)*)`;

// The id, the status, `stat:` and `err:`.
const reportWords = sql.raw(`'"report":\\["${word}","[A-Z]+","${word}","${word}"'`);

const statements: readonly string[] = [
  // Where a channel's provider was, from this moment on: a row for each change.
  `create table channel_address (
    channel text not null,
    at timestamptz not null,
    address text not null,
    primary key (channel, at)
  )`,

  // Which versions of which triggers took a message: FORWARD:3 CHARGE:1
  `create function record_triggers(log text) returns text language sql immutable parallel safe as $$
    select string_agg(m[1] || ':' || m[2], ' ')
    from regexp_matches(log, '"what":"trigger","facts":\\{"trigger":"${word}","version":([0-9]+)', 'g') m
  $$`,
  // By which rules of the routing table it went.
  `create function record_routes(log text) returns text language sql immutable parallel safe as $$
    select string_agg(m[1], ' ')
    from regexp_matches(log, '"what":"routed","facts":\\{"rule":"${word}"', 'g') m
  $$`,
];

/**
 * A row for each try of each part of each message that goes out, and one for what was never tried. What
 * `andId` says of ids is said to every table, because PostgreSQL plans for each day that a table may be
 * read on: `record show` names the ids of the messages that it is about, and only their days are opened.
 *
 * Each lateral is a look by an index, so a condition on root costs as much as it finds. What a message
 * costs stands in one of its rows, so that sums are right. Ids are put in order as texts, since PostgreSQL
 * would else walk the key of a day without statistics from its end.
 */
export function recordQuery(andId: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    select r.id as root,
      coalesce(c.id, r.id) as message,
      case when substr(r.id::text, 20, 9) = '9a52-51d0' then right(r.id::text, 8) end as short_id,
      a.provider_id,
      r.account,
      r.channel as channel_in,
      coalesce(a.channel, c.channel) as channel_out,
      p.address as provider_address,
      r.from_address,
      r.to_address,
      c.from_address as sent_from,
      c.to_address as sent_to,
      r.at as received_at,
      a.at as tried_at,
      coalesce(own.at, s.at) as status_at,
      a.tries as try,
      coalesce(a.part, 1)::integer as part,
      coalesce(a.parts, 1)::integer as parts,
      coalesce(own.status, s.status) as status,
      a.status as try_status,
      a.error as peer_error,
      case when own.id is null then s.error else own.error end as error,
      t.words[1] as told_state,
      t.words[2] as told_error,
      case when coalesce(a.back, 1) = 1 then
        case when own.id is not null then own.payer when coalesce(c.back, 1) = 1 then s.payer end
      end as payer,
      case when coalesce(a.back, 1) = 1 then
        case when own.id is not null then own.charge when coalesce(c.back, 1) = 1 then s.charge end
      end as charge,
      case when coalesce(a.back, 1) = 1 then
        case when own.id is not null then own.kept when coalesce(c.back, 1) = 1 then s.kept end
      end as kept,
      record_triggers(r.log) as triggers,
      coalesce(record_routes(c.log), record_routes(r.log)) as routes,
      coalesce(a.maybe_twice, false) as maybe_twice
    from message r
    join lateral (select * from state where id = r.id ${andId} offset 0) s on true
    left join lateral (
      select *, row_number() over (order by id::text desc) as back from message
      where root = r.id and parent is not null and kind = 'sms' and id > r.id ${andId} offset 0
    ) c on true
    left join lateral (select * from state where id = c.id ${andId} offset 0) own on true
    left join lateral (
      select *, row_number() over (order by at desc, tries desc, part desc) as back from attempt
      where id = c.id ${andId} offset 0
    ) a on true
    left join lateral (
      select address from channel_address
      where channel = coalesce(a.channel, c.channel) and at <= coalesce(a.at, s.at) order by at desc limit 1
    ) p on true
    left join lateral (
      select regexp_match(meta, ${reportWords}) as all_words
      from message
      where root = r.id and parent = coalesce(c.id, r.id) and kind = 'report' and id > r.id ${andId}
      order by id::text desc limit 1
    ) m on true
    left join lateral (select m.all_words[2:3] as words) t on true
    where r.parent is null and r.kind = 'sms'`;
}
