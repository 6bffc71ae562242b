import { type Kysely, sql } from "kysely";

/**
 * The ledger: what was held for messages, committed and refunded, and what was paid in. Runs at a start,
 * so no gateway is writing; only the accounts are rewritten, so it takes no time however many messages
 * are kept. Messages that were charged before keep their charge, whatever becomes of them.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements: readonly string[] = [
  // Units of 1/10,000, as in src/model/amount.ts. low_at: below it triggers are told, once.
  `alter table account
    alter column credits type numeric(20,4),
    add column low_at numeric(20,4) check (low_at > 0),
    add column low_told boolean not null default false`,

  // Of what can be sent or not: the root or, where it has several children, each child. charge is what
  // was taken from the payer for it, kept what became of that: null while it is held, all of it once a
  // peer has the message, nothing when it was refunded, a share where only some of its parts went.
  // settled: the status that decided it, so that no later one does so again.
  `alter table state
    add column payer text, add column charge numeric(20,4), add column kept numeric(19,4),
    add column settled text`,

  // Never changed: what a flush held, committed and refunded for an account is one row each. until: a
  // month of such rows in one, because they were older than they are kept. No key: a flush is applied
  // once by its batch row, and nothing refers to an entry.
  `create table ledger (
    account text not null,
    kind text not null
      check (kind in ('opening', 'topup', 'correction', 'hold', 'commit', 'refund')),
    amount numeric(20,4) not null check (amount >= 0 or kind = 'correction'),
    messages bigint not null default 0,
    at timestamptz not null default now(),
    until timestamptz,
    by text,
    note text
  )`,
  `create index ledger_account on ledger (account, at)`,
  `create index ledger_at on ledger using brin (at)`,
  `create unique index ledger_month on ledger (account, kind, at) where until is not null`,
  `insert into ledger (account, kind, amount, by, note)
    select id, 'opening', credits, 'signalbox', 'balance when the ledger began' from account`,

  // As in 0001, and what was taken is written down as held, or at once as committed where finals says
  // that nothing can come back. low: the accounts that are below their mark since this flush, as JSON.
  `drop function begin_flush(uuid, text[], bigint[], integer[], integer[], bigint[])`,
  `create function begin_flush(
      batch_id uuid, accounts text[], sums numeric[],
      acceptances integer[], payers integer[], prices numeric[], finals boolean[],
      out refused integer[], out low jsonb
    ) language plpgsql as $$
    declare
      purse numeric; spent numeric; mark numeric;
    begin
      refused := '{}';
      insert into batch (id) values (batch_id) on conflict do nothing;
      if not found then
        raise exception using errcode = 'SB001', message = 'this flush is committed already';
      end if;
      for a in 1 .. cardinality(accounts) loop
        mark := null;
        update account set credits = credits - sums[a]
          where id = accounts[a] and credits >= sums[a]
          returning credits, case when not low_told and credits < low_at then low_at end
          into purse, mark;
        if not found then
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
          continue when spent = 0;
          update account set credits = credits - spent where id = accounts[a]
            returning credits, case when not low_told and credits < low_at then low_at end
            into purse, mark;
        end if;
        if mark is not null then
          update account set low_told = true where id = accounts[a];
          low := coalesce(low, '[]') || jsonb_build_object(
            'account', accounts[a], 'credits', purse, 'lowAt', mark);
        end if;
      end loop;
      perform set_config('signalbox.refused', refused::text, true);
      if cardinality(payers) > 0 then
        insert into ledger (account, kind, amount, messages)
          select accounts[payer], kind, sum(price), count(*)
          from unnest(acceptances, payers, prices, finals) as c (acceptance, payer, price, final)
          cross join (values ('hold'), ('commit')) as k (kind)
          where acceptance <> all (refused) and price > 0 and (kind = 'hold' or final)
          group by payer, kind;
      end if;
    end
  $$`,

  // Parts of a message that went and the rest did not: their share of what was held stays, the rest
  // goes back. Which parts a peer has, its attempts tell; a text that was cut anew counts as it was
  // cut when most of it went.
  `create function settle_share(child uuid, root_id uuid) returns void language plpgsql as $$
    declare
      share numeric; row_id uuid; owner text; held numeric;
    begin
      select max(taken / parts) into share from (
        select count(distinct part)::numeric as taken, parts from attempt
        where id = child and part is not null
          and status in ('SENT', 'DELIVERED', 'NOTDELIVERED', 'NOREPORT')
        group by parts, reference) as cut;
      select id, payer, charge into row_id, owner, held from state
        where id = any (array[child, root_id]) and (id = child or children < 2)
          and charge is not null and kept is null;
      if not found or share is null then return; end if;
      share := trunc(held * least(share, 1), 4);
      update state set kept = share, settled = 'PARTS' where id = row_id;
      insert into ledger (account, kind, amount, messages)
        select owner, kind, amount, 1
        from (values ('commit', share), ('refund', held - share)) as e (kind, amount)
        where amount > 0;
      update account set credits = credits + held - share,
          low_told = low_told and coalesce(credits + held - share < low_at, false)
        where id = owner;
    end
  $$`,

  // Moves states, and settles what is held for them with the first status that says whether a peer has
  // the message. It is one update for those that were charged and all others. Gives how many it moved.
  `create function settle_states(
      targets uuid[], of_children boolean, low uuid, high uuid,
      to_status text, to_error text, moment timestamptz, from_statuses text[]
    ) returns integer language plpgsql as $$
    declare
      moved integer; payers text[]; charges numeric[]; payer_id text; refund numeric;
      gone boolean := to_status in ('FAILED', 'EXPIRED', 'CANCELLED');
      ends boolean := gone or to_status in ('SENT', 'DELIVERED', 'NOTDELIVERED', 'NOREPORT');
    begin
      with moving as (
        update state set status = to_status, error = to_error, at = moment,
            kept = case when charge is null or kept is not null or not ends then kept
              when gone then 0 else charge end,
            settled = case when charge is null or not ends then settled
              else coalesce(settled, to_status) end
          where id = any (targets) and id between low and high
            and case when of_children then id > root else children < 2 end
            and status = any (from_statuses)
          returning payer, charge, charge is not null and settled = to_status as paid
      )
      select count(*), array_agg(payer) filter (where paid), array_agg(charge) filter (where paid)
        into moved, payers, charges from moving;
      if payers is null then return moved; end if;
      insert into ledger (account, kind, amount, messages)
        select payer, case when gone then 'refund' else 'commit' end, sum(charge), count(*)
        from unnest(payers, charges) as c (payer, charge) group by payer;
      if gone then
        for payer_id, refund in
          select payer, sum(charge) from unnest(payers, charges) as c (payer, charge)
          group by payer order by payer
        loop
          update account set credits = credits + refund,
              low_told = low_told and coalesce(credits + refund < low_at, false)
            where id = payer_id;
        end loop;
      end if;
      return moved;
    end
  $$`,

  // As in 0007, with what is held for them.
  `create or replace function settle(
      ids uuid[], roots uuid[], low uuid, high uuid,
      to_status text, to_error text, moment timestamptz, from_statuses text[]
    ) returns void language plpgsql as $$
    declare
      split uuid[];
    begin
      if to_status in ('FAILED', 'EXPIRED', 'CANCELLED') then
        select array_agg(distinct id) into split from attempt
          where id = any (ids) and id between low and high and part is not null
            and status in ('SENT', 'DELIVERED', 'NOTDELIVERED', 'NOREPORT');
        for n in 1 .. coalesce(cardinality(split), 0) loop
          perform settle_share(split[n], roots[array_position(ids, split[n])]);
        end loop;
      end if;
      if settle_states(roots, false, low, high, to_status, to_error, moment, from_statuses)
        = cardinality(roots) then return; end if;
      perform settle_states(ids, true, low, high, to_status, to_error, moment, from_statuses);
      update state s set at = moment, (status, error) = (
          select c.status, c.error from state c
          where c.root = s.id and c.id > s.id
          order by array_position(array['SCHEDULED', 'QUEUED', 'SENT', 'FAILED', 'EXPIRED',
            'CANCELLED', 'NOTDELIVERED', 'NOREPORT', 'DELIVERED'], c.status)
          limit 1)
        where s.id = any (roots) and s.id between low and high and s.children > 1;
    end
  $$`,

  // As in 0003, and what was refunded is held once more, as long as the account can pay for it.
  `create or replace function reopen(old_id uuid, new_id uuid, root_id uuid, moment timestamptz)
    returns void language plpgsql as $$
    declare
      row_id uuid; owner text; missing numeric;
    begin
      update state set id = new_id, status = 'QUEUED', error = null, at = moment,
          settled = case when settled is null then null else 'BEFORE' end
        where id = old_id and id > root_id;
      update state set status = 'QUEUED', error = null, at = moment,
          settled = case when settled is null then null else 'BEFORE' end
        where id = root_id and status <> 'DELIVERED';
      select id, payer, charge into row_id, owner, missing from state
        where id = any (array[new_id, root_id]) and status = 'QUEUED' and kept = 0
          and (id = new_id or children < 2);
      if not found then return; end if;
      update account set credits = credits - missing where id = owner and credits >= missing;
      if not found then return; end if;
      update state set kept = null, settled = null where id = row_id;
      insert into ledger (account, kind, amount, messages) values (owner, 'hold', missing, 1);
    end
  $$`,
];
