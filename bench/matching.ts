// What it costs the database to find the message that a report is about, with a million of them open:
// the look-ups that the gateway makes for reports that its memory does not know, in batches as they
// form under load. Linux only: the kernel says what CPU the backends used.
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stdout } from "node:process";
import pg from "pg";
import { lookUpsMax, matchBackMs } from "../src/gateway/match.ts";
import { systemClock } from "../src/model/clock.ts";
import { type IdBase, providerIdForms } from "../src/model/provider-id.ts";
import { migrate } from "../src/store/migrate.ts";
import { openPool } from "../src/store/pool.ts";
import { openLookUps } from "../src/store/look-ups.ts";
import { startPostgres } from "../src/store/postgres.ts";
import { createReportsTable } from "../src/store/reports.ts";
import { makePartitions } from "../src/store/upkeep.ts";
import { silentLog } from "../test/support/database.ts";

/** Messages that wait for their report, spread over this many days. */
const openMessages = 1_000_000;
const days = 4;
/** Reports that are measured in each run, after as many that warm caches up. */
const reports = 16 * lookUpsMax;
/** Database CPU per report that we promise, in µs, where batches are as large as when many wait. */
const mark = 15;

interface Run {
  readonly name: string;
  /** Reports of one look-up. */
  readonly batch: number;
  /** How the provider's ids are known to be written. */
  readonly known: IdBase | undefined;
  /** Of so many of the newest messages; reports nearly always come soon. All when left out. */
  readonly newest?: number;
  /** Held to the mark. */
  readonly marked: boolean;
}

const RUNS: readonly Run[] = [
  { name: "of the last hour", batch: lookUpsMax, known: "same", newest: 10_000, marked: true },
  { name: "of any of the four days", batch: lookUpsMax, known: "same", marked: true },
  { name: "hex in the answers", batch: lookUpsMax, known: "hexToDecimal", marked: true },
  { name: "of any day, 256 at a time", batch: 256, known: "same", marked: false },
  { name: "of any day, 32 at a time", batch: 32, known: "same", marked: false },
  { name: "before the id base is learnt", batch: lookUpsMax, known: undefined, marked: false },
];

/** Prints a table; false when a report found no message or the mark was missed. */
export async function matching(): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-bench-"));
  const postgres = await startPostgres({
    dataDirectory: folder,
    log: silentLog,
    settings: {
      shared_preload_libraries: "pg_stat_statements",
      "pg_stat_statements.track_planning": "on",
      fsync: "off",
    },
  });
  const db = openPool(postgres.address, silentLog, 0);
  const client = new pg.Client(postgres.address);
  const closers: (() => Promise<void>)[] = [];
  try {
    await client.connect();
    await migrate(db);
    await makePartitions(db);
    await client.query("create extension pg_stat_statements");
    await fill(client);
    const lookUps = openLookUps(postgres.address, silentLog);
    closers.push(() => lookUps.close());
    const table = createReportsTable(db, lookUps, systemClock);
    let isSound = true;
    stdout.write(`${openMessages} open messages of ${days} days; µs of database CPU per report\n`);
    for (const { name, batch, known, newest = openMessages, marked } of RUNS) {
      const look = async (): Promise<number> => {
        let found = 0;
        for (let done = 0; done < reports; done += batch) {
          const wanted = Array.from({ length: batch }, () => ({
            channels: ["SMPP1", "SMPP2"],
            ids: idsOf(idNumber(numberFor(known, newest)), known),
          }));
          for (const one of await table.find(wanted, matchBackMs))
            found += one.length === 1 ? 1 : 0;
        }
        return found;
      };
      await look();
      await client.query("select pg_stat_statements_reset()");
      const beforeUs = await cpuUs(client);
      const found = await look();
      const us = ((await cpuUs(client)) - beforeUs) / reports;
      const spent = (await spentUs(client)) / reports;
      const isFound = found === reports;
      const isFast = !marked || us <= mark;
      isSound &&= isFound && isFast;
      stdout.write(
        `${name.padEnd(36)} ${us.toFixed(1).padStart(6)}  in statements ${spent.toFixed(1)}` +
          `${isFound ? "" : `  only ${found} of ${reports} found`}${isFast ? "" : `  more than ${mark}`}\n`,
      );
    }
    return isSound;
  } finally {
    for (const close of closers) await close();
    await client.end();
    await db.destroy();
    await postgres.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Ids that have ten hex digits, as of a provider that counts up since long ago. */
function idNumber(n: number): bigint {
  return 0x81_2f_c7_00_00n + BigInt(n);
}

/** Every second id was answered in hex; these are taken where it is known that ids are converted. */
function numberFor(known: IdBase | undefined, newest: number): number {
  return Math.floor(Math.random() * (newest / 2)) * 2 + (known === "hexToDecimal" ? 1 : 0);
}

function idsOf(number: bigint, known: IdBase | undefined): string[] {
  const id = number.toString();
  const forms = providerIdForms(id, known);
  const first = known === undefined ? forms : forms.slice(0, 1);
  return first.map(({ base, key }) => (base === "same" ? id : key));
}

/** Made in the database, since a million rows over the wire would take longer than all that is measured. */
async function fill(client: pg.Client): Promise<void> {
  const id = (kind: string) => `(lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0')
    || '7000' || '${kind}' || lpad(to_hex(n), 12, '0'))::uuid`;
  await client.query(`
    select make_partitions((now() at time zone 'utc')::date - ${days + 1}, ${days + 1});
    create temporary table life as
      select n, at, ${id("8000")} as root, ${id("9000")} as id from (
        select n, now() - (n::float8 / ${openMessages}) * interval '${days} days' * 0.95 as at
        from generate_series(0, ${openMessages - 1}) n) s;
    insert into message (id, root, parent, at, direction, kind, channel, account, from_address,
        to_address, body, data_coding, meta, hops, log)
      select case when o then root else id end, root, case when not o then root end, at,
        case when o then 'in' else 'out' end, 'sms', case when o then 'SMPP_SERVER1' else 'SMPP1' end,
        'Test1', '+3161' || n, '+3162' || n,
        case when o then 'a text of sixty characters, as most texts are, or nearly so.'::bytea end,
        case when o then 0::smallint end, case when o then '{"registeredDelivery":1}' end, 0, '[]'
      from life, (values (true), (false)) side (o) order by n, o desc;
    insert into attempt (id, root, tries, channel, provider_id, status, error, report_asked,
        maybe_twice, at)
      select id, root, 1, 'SMPP1', case n % 2 when 0 then (${idNumber(0)} + n)::text
          else to_hex(${idNumber(0)} + n) end,
        'SENT', null::text, true, false, at from life;
    drop table life;
  `);
  await client.query("vacuum analyze");
}

/** User and system time of all backends in µs, as the kernel counts it, in steps of 10 ms. */
async function cpuUs(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>(
    "select pid from pg_stat_activity where backend_type = 'client backend'",
  );
  let ticks = 0;
  for (const { pid } of rows) {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks * 10_000;
}

/** What PostgreSQL says that it took, in µs; on a busy machine that is more than its CPU. */
async function spentUs(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ us: number }>(`
    select sum(total_plan_time + total_exec_time) * 1000 as us
    from pg_stat_statements where query ~ 'from (attempt|message)' and query !~ 'pg_stat'`);
  return rows[0]?.us ?? 0;
}
