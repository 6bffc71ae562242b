import { type Kysely, sql } from "kysely";

/**
 * The start schema. `message`, `state`, `attempt` and `trace` are partitioned by UTC day on ids of
 * version 7; each has a default partition, so that an insert never fails for want of a day.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [...tables, ...functions]) await sql.raw(statement).execute(db);
}

const tables = [
  // Credits change with every message, so each page keeps room for new versions of its rows.
  `create table account (
    id text primary key,
    credits bigint not null check (credits >= 0),
    password_scheme text not null,
    password_hash text not null,
    created_at timestamptz not null default now()
  ) with (fillfactor = 20)`,
  `create table account_number (
    number text primary key,
    account text not null references account (id) on delete cascade
  )`,
  `create index account_number_account on account_number (account)`,

  // Immutable but for erasure. body and meta are null when they are the parent's.
  `create table message (
    id uuid not null primary key,
    root uuid not null,
    parent uuid,
    at timestamptz not null,
    direction text not null,
    kind text not null,
    channel text not null,
    account text,
    from_address text not null,
    to_address text not null,
    body bytea,
    data_coding smallint,
    meta text,
    hops smallint not null,
    log text not null
  ) partition by range (id)`,
  `create index message_to on message (to_address, id) where parent is null`,
  `create index message_from on message (from_address, id) where parent is null`,
  `create index message_root on message (root) where parent is not null`,

  // One row per original and, where an original has several children, one per child.
  `create table state (
    id uuid not null primary key,
    root uuid not null,
    children smallint not null,
    status text not null,
    error text,
    at timestamptz not null
  ) partition by range (id)`,
  `create index state_root on state (root) where id > root`,

  // One row per try to hand a message to a peer; try 0 for one that ended before it was handed over.
  `create table attempt (
    id uuid not null,
    root uuid not null,
    tries integer not null,
    channel text not null,
    provider_id text,
    status text not null,
    error text,
    report_asked boolean not null,
    maybe_twice boolean not null,
    at timestamptz not null
  ) partition by range (id)`,
  `create index attempt_id on attempt (id)`,
  `create index attempt_provider_id on attempt (lower(provider_id)) where provider_id is not null`,
  `create index attempt_unreported on attempt (id) where status = 'SENT' and report_asked`,

  `create table trace (
    root uuid not null,
    at timestamptz not null,
    lines text not null
  ) partition by range (root)`,
  `create index trace_root on trace (root)`,

  // The crash copy of work under way: small and hot, so it is vacuumed by count, not by share. No
  // index names owner or maybe_twice, so that taking a row is an update within its page.
  `create table pending (
    id uuid primary key,
    root uuid not null,
    kind text not null,
    queue text not null,
    priority smallint not null,
    due timestamptz not null,
    expires timestamptz not null,
    tries integer not null,
    owner uuid,
    maybe_twice boolean not null,
    payload text
  ) with (
    fillfactor = 50,
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 50000
  )`,
  // Its condition keeps it from look-ups by id: with the statistics of an empty table PostgreSQL 18
  // would skip through it, once per id, instead of using the key.
  `create index pending_queue on pending (queue, priority desc, id) where queue <> ''`,

  `create table batch (id uuid primary key, at timestamptz not null default now())`,
  `create table gateway (
    only_row boolean primary key default true check (only_row),
    start_id uuid not null,
    host text not null,
    pid integer not null,
    since timestamptz not null
  )`,
  ...["message", "state", "attempt", "trace"].map(
    (table) => `create table ${table}_default partition of ${table} default`,
  ),
];

const functions = [
  `create function first_id_of(day date) returns uuid language sql immutable as $$
    select (lpad(to_hex((extract(epoch from day::timestamp) * 1000)::bigint), 12, '0')
      || '00000000000000000000')::uuid
  $$`,

  // Rows that came to the default partition meanwhile (a clock that was wrong) move to their day:
  // PostgreSQL refuses to make a partition while the default one holds rows of it.
  `create function make_partitions(first_day date, days integer) returns integer
    language plpgsql as $$
    declare
      parent text; name text; low uuid; high uuid; made integer := 0; strays boolean;
    begin
      foreach parent in array array['message', 'state', 'attempt', 'trace'] loop
        for n in 0 .. days - 1 loop
          name := parent || '_p' || to_char(first_day + n, 'YYYYMMDD');
          continue when to_regclass(name) is not null;
          low := first_id_of(first_day + n);
          high := first_id_of(first_day + n + 1);
          execute format('create temporary table stray on commit drop as select * from %I where %I >= %L and %I < %L',
            parent || '_default', case parent when 'trace' then 'root' else 'id' end, low,
            case parent when 'trace' then 'root' else 'id' end, high);
          select exists (select from stray) into strays;
          if strays then
            execute format('delete from %I where %I >= %L and %I < %L',
              parent || '_default', case parent when 'trace' then 'root' else 'id' end, low,
              case parent when 'trace' then 'root' else 'id' end, high);
          end if;
          execute format('create table %I partition of %I for values from (%L) to (%L) with (fillfactor = %s)',
            name, parent, low, high, case when parent in ('state', 'attempt') then 60 else 100 end);
          if strays then execute format('insert into %I select * from stray', parent); end if;
          drop table stray;
          made := made + 1;
        end loop;
      end loop;
      return made;
    end
  $$`,

  // Begins a flush: its batch row, then its charges. A batch row that is there already means that
  // this flush was committed before (the insert waits for a backend still at it): SQLSTATE SB001.
  // accounts are in the order of their ids, so that two sessions never wait for each other. When an
  // account can pay for all its acceptances it is one update; else they are gone through in order
  // and those that cannot be paid are refused, so that a dear one does not block a cheap one behind
  // it. The refused ones are told to the caller and, by a setting that ends with the transaction,
  // to the statements that follow.
  `create function begin_flush(
      batch_id uuid, accounts text[], sums bigint[],
      acceptances integer[], payers integer[], prices bigint[]
    ) returns integer[] language plpgsql as $$
    declare
      refused integer[] := '{}'; purse bigint; spent bigint;
    begin
      insert into batch (id) values (batch_id) on conflict do nothing;
      if not found then
        raise exception using errcode = 'SB001', message = 'this flush is committed already';
      end if;
      for a in 1 .. cardinality(accounts) loop
        update account set credits = credits - sums[a]
          where id = accounts[a] and credits >= sums[a];
        continue when found;
        select credits into purse from account where id = accounts[a] for update;
        spent := 0;
        for n in 1 .. cardinality(payers) loop
          continue when payers[n] <> a;
          if purse is null or spent + prices[n] > purse then
            refused := refused || acceptances[n];
          else
            spent := spent + prices[n];
          end if;
        end loop;
        if spent > 0 then
          update account set credits = credits - spent where id = accounts[a];
        end if;
      end loop;
      perform set_config('signalbox.refused', refused::text, true);
      return refused;
    end
  $$`,

  // Moves the state of roots, never a step back: only from the statuses that are given. A root with
  // several children gets the outcome of the one that is least far, and when all have ended the worst.
  `create function settle(
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
          order by array_position(array['QUEUED', 'SENT', 'FAILED', 'EXPIRED', 'CANCELLED',
            'NOTDELIVERED', 'NOREPORT', 'DELIVERED'], c.status)
          limit 1)
        where s.id = any (roots) and s.id between low and high and s.children > 1;
    end
  $$`,
];
