/**
 * The statements of the writer, prepared once per connection. Their shapes are fixed and their plans
 * must not depend on statistics, because those of a new day's partition or of a nearly empty `pending`
 * are always wrong: rows are addressed by `= any (array)`, never by a join from `unnest` (an ANALYZE
 * in mid-load made that quadratic), and partitions are chosen by the bounds beside it, because
 * PostgreSQL does not prune by an array parameter.
 */
export const STATEMENTS = {
  begin: `select refused, low from begin_flush($1, $2, $3, $4, $5, $6, $7)`,

  // Undoes this flush if the one before, which was under way when this was sent, is undone.
  follow: `select follow_flush($1)`,

  messages: `
    insert into message (id, root, parent, at, direction, kind, channel, account,
      from_address, to_address, body, data_coding, meta, hops, log)
    select id, root, parent, to_timestamp(at), direction, kind, channel, account,
      from_address, to_address, body, data_coding, meta, hops, log
    from unnest($1::int[], $2::uuid[], $3::uuid[], $4::uuid[], $5::float8[], $6::text[], $7::text[],
      $8::text[], $9::text[], $10::text[], $11::text[], $12::bytea[], $13::smallint[],
      $14::smallint[], string_to_array($15, e'\\x1f', ''), string_to_array($16, e'\\x1f', ''))
      as r (acceptance, id, root, parent, at, direction, kind, channel, account,
        from_address, to_address, body, data_coding, hops, meta, log)
    where acceptance <> all ((select current_setting('signalbox.refused'))::int[])`,

  states: `
    insert into state (id, root, children, status, error, at, payer, charge, kept, settled)
    select id, root, children, status, error, to_timestamp(at), payer, charge, kept,
      case when kept is null then null else 'ACCEPTED' end
    from unnest($1::int[], $2::uuid[], $3::uuid[], $4::smallint[], $5::text[], $6::text[], $7::float8[],
      $8::text[], $9::numeric[], $10::numeric[])
      as r (acceptance, id, root, children, status, error, at, payer, charge, kept)
    where acceptance <> all ((select current_setting('signalbox.refused'))::int[])`,

  // Due times come as milliseconds from now, so that they are times of the database's clock.
  queue: `
    insert into pending (id, root, kind, queue, priority, due, expires, tries, maybe_twice, owner)
    select id, root, 'send', queue, priority, now() + due * interval '1 ms',
      now() + expires * interval '1 ms', 0, false, case when taken then $9::uuid end
    from unnest($1::int[], $2::uuid[], $3::uuid[], $4::text[], $5::smallint[], $6::float8[], $7::float8[],
      $8::bool[]) as r (acceptance, id, root, queue, priority, due, expires, taken)
    where acceptance <> all ((select current_setting('signalbox.refused'))::int[])`,

  // For those that may go other ways.
  queueWithWays: `
    insert into pending (id, root, kind, queue, priority, due, expires, tries, maybe_twice, owner, payload)
    select id, root, 'send', queue, priority, now() + due * interval '1 ms',
      now() + expires * interval '1 ms', 0, false, case when taken then $10::uuid end, payload
    from unnest($1::int[], $2::uuid[], $3::uuid[], $4::text[], $5::smallint[], $6::float8[], $7::float8[],
      $8::bool[], $9::text[]) as r (acceptance, id, root, queue, priority, due, expires, taken, payload)
    where acceptance <> all ((select current_setting('signalbox.refused'))::int[])`,

  claim: `
    update pending set owner = $2::uuid
    where id = any ($1::uuid[]) and (owner is null or owner = $2::uuid)`,

  again: `
    update pending set owner = null, due = now() + $2::float8 * interval '1 ms', tries = $3::int,
      maybe_twice = maybe_twice or $4::bool
    where id = $1::uuid`,

  // As above, and it stands elsewhere from now on, or more is kept of it.
  onward: `
    update pending set owner = null, due = now() + $2::float8 * interval '1 ms', tries = $3::int,
      maybe_twice = maybe_twice or $4::bool, queue = $5::text, place = coalesce($6::uuid, place),
      payload = $7::text
    where id = $1::uuid`,

  // Nobody has them now: the gateway's memory keeps them from being sent while this is written. What
  // has not been tried and is not due is scheduled, and stays so.
  move: `
    update pending set queue = $2::text,
      due = case when tries = 0 then due else least(due, now()) end
    where id = any ($1::uuid[]) and owner is null`,

  reopen: `select reopen($1, $2, $3, to_timestamp($4::float8))`,

  rewrite: `select rewrite($1, $2, $3, $4, $5, $6, to_timestamp($7::float8))`,

  attempts: `
    insert into attempt (id, root, tries, channel, provider_id, status, error, report_asked,
      maybe_twice, at)
    select id, root, tries, channel, provider_id, status, error, report_asked, maybe_twice,
      to_timestamp(at)
    from unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[],
      $8::bool[], $9::bool[], $10::float8[])
      as r (id, root, tries, channel, provider_id, status, error, report_asked, maybe_twice, at)`,

  partAttempts: `
    insert into attempt (id, root, tries, channel, provider_id, status, error, report_asked,
      maybe_twice, at, part, parts, reference)
    select id, root, tries, channel, provider_id, status, error, report_asked, maybe_twice,
      to_timestamp(at), part, parts, reference
    from unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[],
      $8::bool[], $9::bool[], $10::float8[], $11::smallint[], $12::smallint[], $13::int[])
      as r (id, root, tries, channel, provider_id, status, error, report_asked, maybe_twice, at,
        part, parts, reference)`,

  done: `delete from pending where id = any ($1::uuid[])`,

  // A report answers the one try that the peer had taken; what was put back before stays as it was.
  reported: `
    update attempt set status = $4::text, error = $5::text
    where id = any ($1::uuid[]) and id between $2::uuid and $3::uuid and status = any ($6::text[])`,

  // One call for each part: most messages have none, and a part has no key of its own.
  partReported: `
    update attempt set status = $3::text, error = $4::text
    where id = $1::uuid and part = $2::smallint and reference = $6::int
      and status = any ($5::text[])`,

  later: `
    insert into pending (id, root, kind, queue, priority, due, expires, tries, maybe_twice, payload)
    select id, root, kind, '', 0, now() + due * interval '1 ms', 'infinity', 0, false, payload
    from unnest($1::uuid[], $2::uuid[], $3::text[], $4::float8[], $5::text[])
      as r (id, root, kind, due, payload)`,

  postpone: `
    update pending set due = now() + $2::float8 * interval '1 ms', tries = $3::int
    where id = $1::uuid`,

  buried: `
    insert into dead_letter (id, root, kind, at, reason, payload)
    select id, root, kind, now(), reason, payload
    from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[])
      as r (id, root, kind, reason, payload)`,

  // What customers are to be told at their own URLs; most flushes have none.
  hooks: `
    insert into webhook_call
      (id, webhook, subject, event, url, payload, at, due, tries, reason, dead_at)
    select id, webhook, subject, event, url, payload, now(), now(), 0, nullif(dead, ''),
      case when dead <> '' then now() end
    from unnest($1::int[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[],
      string_to_array($8, e'\\x1f', ''))
      as r (acceptance, id, webhook, subject, event, url, dead, payload)
    where acceptance <> all ((select current_setting('signalbox.refused'))::int[])`,

  hooked: `delete from webhook_call where id = any ($1::uuid[])`,

  hookAgain: `
    update webhook_call set due = now() + $2::float8 * interval '1 ms', tries = $3::int,
      reason = $4::text, dead_at = case when $5::bool then now() end
    where id = $1::uuid`,

  settle: `select settle($1, $2, $3, $4, $5, $6, to_timestamp($7::float8), $8)`,

  joined: `select settle_joined($1, $2, $3, $4, to_timestamp($5::float8), $6)`,

  trace: `
    insert into trace (root, at, lines)
    select root, to_timestamp(at), lines
    from unnest($1::uuid[], $2::float8[], string_to_array($3, e'\\x1f', '')) as r (root, at, lines)`,

  // What a flush left, for the answers that its own transaction could not give.
  stored: `
    select id from message
    where id = any ($1::uuid[]) and id between $2::uuid and $3::uuid`,
  claimed: `select id from pending where id = any ($1::uuid[]) and owner = $2::uuid`,
  committed: `select id from batch where id = any ($1::uuid[])`,
} as const;

/**
 * What the writer's session is set to. Plans are made once, without looking at values; joins other
 * than nested loops are never right for a few hundred keys; compiling costs more than it saves.
 */
export const SESSION_SETTINGS = {
  plan_cache_mode: "force_generic_plan",
  enable_hashjoin: "off",
  enable_mergejoin: "off",
  enable_seqscan: "off",
  enable_bitmapscan: "off",
  jit: "off",
  synchronous_commit: "on",
  // A gateway that vanished is noticed in 25 s, so that its lock and its transaction end.
  tcp_keepalives_idle: "10",
  tcp_keepalives_interval: "5",
  tcp_keepalives_count: "3",
} as const;
