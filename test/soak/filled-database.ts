import assert from "node:assert/strict";
import { statfs } from "node:fs/promises";
import { availableParallelism } from "node:os";
import pg from "pg";
import type { TestDatabase } from "../support/database.ts";

/** What a database is filled with. */
export interface Filling {
  readonly messages: number;
  readonly days: number;
  /** Of the ledger. */
  readonly entries: number;
  readonly accounts: number;
  /** The newest of these days have traces. */
  readonly traceDays: number;
}

/** Octets. What a message takes with its indexes, as measured, and a tenth more. */
const octetsPerMessage = 1_500;

/** Octets. The server's journal, the ledger, and room to sort in. */
const octetsBeside = 2 * 1024 ** 3;

/** Rows of a day at a time, so that each is a statement of a size that memory can sort; some days at once. */
export async function fill(
  database: TestDatabase,
  filling: Filling,
  tell: (text: string) => void,
): Promise<void> {
  const { messages, days, entries, accounts } = filling;
  await roomFor(database, messages);
  const startedMs = performance.now();
  await database.query(
    `select make_partitions((now() at time zone 'utc')::date - ${days}, ${days + 1})`,
  );
  await database.query(
    `insert into account (id, credits, password_scheme, password_hash)
      select 'A' || n, 1000, 'plain', 'x' from generate_series(0, ${accounts - 1}) n`,
  );
  const perDay = Math.ceil(messages / days);
  const left = Array.from({ length: days }, (_, n) => n + 1);
  // The server works with a process for each connection.
  const lanes = Array.from({ length: availableParallelism() }, async () => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    try {
      await client.query("set synchronous_commit = off");
      for (let back = left.pop(); back !== undefined; back = left.pop())
        for (const statement of dayOf(back, perDay, filling)) await client.query(statement);
    } finally {
      await client.end();
    }
  });
  await Promise.all(lanes);
  const loadedS = Math.round((performance.now() - startedMs) / 1_000);
  await database.query(
    `insert into ledger (account, kind, amount, messages, at)
      select 'A' || n % ${accounts}, k.kind, 1.25, 5, now() - n * interval '1 second'
      from generate_series(1, ${entries / 2}) n cross join (values ('hold'), ('commit')) k (kind)`,
  );
  await database.query(
    `insert into ledger (account, kind, amount)
      select a.id, 'topup', a.credits + (select sum(amount) from ledger where account = a.id and kind = 'hold')
      from account a`,
  );
  // As autovacuum leaves it: without that the first who reads a row also writes its page.
  await database.query("vacuum analyze");
  const [size] = await database.query<{ text: string }>(
    "select pg_size_pretty(pg_database_size(current_database())) as text",
  );
  const seconds = Math.round((performance.now() - startedMs) / 1_000);
  tell(
    `${messages} messages, ${size?.text}, filled in ${seconds} s, ${loadedS} s of them for messages`,
  );
  const tables = await database.query<{ name: string; heap: number; indexes: number }>(`
    select split_part(c.relname, '_p2', 1) as name, sum(pg_table_size(c.oid))::float8 as heap,
      sum(pg_indexes_size(c.oid))::float8 as indexes
    from pg_class c where c.relkind = 'r' and c.relname ~ '_p2' group by 1 order by 1`);
  for (const { name, heap, indexes } of tables)
    tell(
      `${name}: ${Math.round(heap / messages)} octets a message, its indexes ${Math.round(indexes / messages)}`,
    );
}

/** Lives of one day: what came in, what went out, its state, its try, and of the last days its trace. */
function dayOf(back: number, count: number, { accounts, traceDays }: Filling): readonly string[] {
  const first = back * count;
  const day = `(now() at time zone 'utc')::date - ${back}`;
  const ms = `(extract(epoch from (${day})::timestamp) * 1000)::bigint + (n::bigint * 86400000 / ${count})`;
  // Version 7, the bit that ids of no short form have, and a number that no other one has.
  const id = (
    tail: string,
  ) => `(lpad(to_hex(${ms}), 12, '0') || '7' || lpad(to_hex(n % 4096), 3, '0')
    || '8001' || lpad(to_hex(((${first} + n)::bigint) * 2 + ${tail}), 12, '0'))::uuid`;
  const lives = `(select n, ${id("0")} as root, ${id("1")} as child, to_timestamp((${ms}) / 1000.0) as at,
      '+316' || lpad(((${first} + n)::bigint * 7919 % 8000000)::text, 8, '0') as receiver,
      case when n % 2 = 0 then 'SHOP' else '+3197' || lpad((n * 31 % 2000)::text, 7, '0') end as sender
    from generate_series(0, ${count - 1}) n) l`;
  const at = `(extract(epoch from at) * 1000)::bigint`;
  return [
    `insert into message (id, root, parent, at, direction, kind, channel, account, from_address,
        to_address, body, data_coding, meta, hops, log)
      select root, root, null::uuid, at, 'in', 'sms', 'SMPP_SERVER1', 'A' || n % ${accounts}, sender, receiver,
        convert_to('Your code is ' || n, 'UTF8'), 0, case when n % 7 = 0
          then '{"registeredDelivery":1,"reference":"order ' || substr(receiver, 2) || '"}'
          else '{"registeredDelivery":1}' end, 0,
        '[{"at":' || ${at} || ',"what":"received","facts":{"session":"s' || n % 9 || '","coding":"gsm7"}},'
        || '{"at":' || ${at} || ',"what":"trigger","facts":{"trigger":"FORWARD","version":3,"us":41,"result":"accepted, charged 1; forwarded to SMPP1"}},'
        || '{"at":' || ${at} || ',"what":"answered","facts":{"result":"accepted"}}]'
      from ${lives}
      union all
      select child, root, root, at, 'out', 'sms', 'SMPP' || n % 3, 'A' || n % ${accounts}, sender, receiver,
        null, null, null, 0, '[]'
      from ${lives}`,
    `insert into state (id, root, children, status, at, payer, charge, kept, settled)
      select root, root, 1, 'DELIVERED', at, 'A' || n % ${accounts}, 1, 1, 'SENT' from ${lives}`,
    `insert into attempt (id, root, tries, channel, provider_id, status, report_asked, maybe_twice, at)
      select child, root, 1, 'SMPP' || n % 3,
        case when n % 50 = 0 then (n % 10 + 7)::text else 'p' || to_hex(${first}::bigint + n) end,
        'DELIVERED', true, false, at from ${lives}`,
    ...(back <= traceDays
      ? [
          `insert into trace (root, at, lines)
            select root, at, '[{"at":' || ${at} || ',"what":"reported","facts":{"channel":"SMPP1","session":"s1","report":"p'
              || to_hex(n) || '","state":"DELIVRD","error":"000","message":"' || child || '"}}]' from ${lives}`,
        ]
      : []),
  ];
}

/** A disk that runs full in the middle of it costs the whole run, and more than that. */
async function roomFor(database: TestDatabase, messages: number): Promise<void> {
  const [row] = await database.query<{ path: string }>(
    "select setting as path from pg_settings where name = 'data_directory'",
  );
  const path = row?.path ?? "";
  const { bavail, bsize } = await statfs(path);
  const gib = (octets: number): string => (octets / 1024 ** 3).toFixed(1);
  const needed = messages * octetsPerMessage + octetsBeside;
  assert.ok(
    bavail * bsize >= needed,
    `${path} has ${gib(bavail * bsize)} GiB, and ${gib(needed)} are needed`,
  );
}
