// What the ledger costs the writer: whole lives (taken and charged, sent, reported) in turns on two databases of one
// server. In one of them what a flush writes into the ledger is left out, so that an account is charged as before
// there was one. Turns are A B B A, so that a machine that becomes slower is so for both. `npm run bench ledger
// short` takes a twentieth of the lives. Linux only: CPU is read from /proc.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { argv, pid, stdout } from "node:process";
import pg from "pg";
import { startPostgres } from "../src/store/postgres.ts";
import { silentLog } from "../test/support/database.ts";
import {
  type TestStore,
  acceptance,
  conclusion,
  finish,
  openTestStore,
} from "../test/store/fixtures.ts";
import { machine } from "./machine.ts";
import { usageOf } from "./usage.ts";

/** Of one account, which is the hardest: each flush changes the same row. */
const account = "Shop";
const credits = 100_000_000;

/** Lives that are under way at any time, as with three customers whose window is 100. */
const lanes = 300;

/**
 * Rounds of four turns, A B B A and B A A B by turns; the median of their ratios is what counts. Many short ones:
 * a shared machine is a tenth quicker or slower from one second to the next.
 */
const rounds = 41;
const livesPerTurn = 5_000;

/** Of the rate without entries. */
const shareMin = 0.95;

interface Turn {
  readonly ms: number;
  readonly cpuMs: number;
}

/** Prints a table; false when the ledger costs more than a twentieth of the lives a second. */
export async function ledger(): Promise<boolean> {
  const lives = argv[3] === "short" ? livesPerTurn / 20 : livesPerTurn;
  const folder = await mkdtemp(join(tmpdir(), "signalbox-bench-"));
  const postgres = await startPostgres({ dataDirectory: folder, log: silentLog });
  try {
    const client = new pg.Client(postgres.address);
    await client.connect();
    const stores: TestStore[] = [];
    const open = async (database: string): Promise<TestStore> => {
      await client.query(`create database ${database}`);
      const host = encodeURIComponent(postgres.address.host ?? "");
      const store = await openTestStore(`postgresql://signalbox@/${database}?host=${host}`);
      stores.push(store);
      await store.accounts.add({ id: account, password: "Zebra-7!", credits, numbers: [] });
      return store;
    };
    try {
      const entries = await open("entries");
      const plain = await open("plain");
      const other = new pg.Client({ ...postgres.address, database: "plain" });
      await other.connect();
      await other.query("create rule no_entries as on insert to ledger do instead nothing");
      await other.end();
      return await compare({ entries, plain }, { folder, lives });
    } finally {
      for (const store of stores) await store.close();
      await client.end();
    }
  } finally {
    await postgres.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function compare(
  { entries, plain }: { readonly entries: TestStore; readonly plain: TestStore },
  { folder, lives }: { readonly folder: string; readonly lives: number },
): Promise<boolean> {
  const turn = async (store: TestStore): Promise<Turn> => {
    const cpuMs = (): number => {
      const { gateway, postgres } = usageOf(pid, folder);
      return gateway.cpuMs + postgres.cpuMs;
    };
    const [startedMs, cpuBeforeMs] = [performance.now(), cpuMs()];
    await live(store, lives);
    return { ms: performance.now() - startedMs, cpuMs: cpuMs() - cpuBeforeMs };
  };
  for (const store of [plain, entries, entries, plain]) await live(store, 4 * lives);
  stdout.write(`${JSON.stringify(machine())}\n${lives} lives a turn, ${lanes} at a time\n`);
  const shares: number[] = [];
  const cpuRatios: number[] = [];
  const all = { kept: { ms: 0, cpuMs: 0 }, bare: { ms: 0, cpuMs: 0 } };
  for (let round = 1; round <= rounds; round += 1) {
    const [outer, inner] = round % 2 === 1 ? [entries, plain] : [plain, entries];
    const first = await turn(outer);
    const within = sum(await turn(inner), await turn(inner));
    const around = sum(first, await turn(outer));
    const [kept, bare] = outer === entries ? [around, within] : [within, around];
    shares.push(bare.ms / kept.ms);
    cpuRatios.push(kept.cpuMs / bare.cpuMs);
    all.kept = sum(all.kept, kept);
    all.bare = sum(all.bare, bare);
  }
  for (const [name, { ms, cpuMs }] of Object.entries({ entries: all.kept, plain: all.bare })) {
    const count = 2 * rounds * lives;
    const [rate, us] = [(1_000 * count) / ms, (1_000 * cpuMs) / count];
    stdout.write(
      `${name.padEnd(8)}${rate.toFixed(0).padStart(7)} lives/s, ${us.toFixed(0)} µs of CPU a life\n`,
    );
  }
  const share = quartiles(shares);
  stdout.write(
    `rate with entries by rate without: median ${share[1]} of ${rounds} rounds, half of them ${share[0]} to ${share[2]}\n` +
      `CPU with by CPU without: median ${quartiles(cpuRatios)[1]}\nour mark: ${shareMin}\n`,
  );
  return Number(share[1]) >= shareMin;
}

function quartiles(values: readonly number[]): readonly string[] {
  const sorted = values.toSorted((one, other) => one - other);
  return [0.25, 0.5, 0.75].map((at) => (sorted[Math.floor(at * sorted.length)] ?? 0).toFixed(3));
}

async function live(store: TestStore, lives: number): Promise<void> {
  let left = lives;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const one = acceptance({ price: 1, account });
      const answer = await store.writer.accept(one);
      if (answer !== "accepted") throw new Error(`a life was not taken: ${answer}`);
      await store.writer.finish(finish(one));
      await store.writer.conclude(conclusion(one));
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

function sum(one: Turn, other: Turn): Turn {
  return { ms: one.ms + other.ms, cpuMs: one.cpuMs + other.cpuMs };
}
