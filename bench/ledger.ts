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

/** Rounds of four turns; the median of their ratios is what counts. */
const rounds = 7;
const livesPerTurn = 20_000;

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
  for (const store of [plain, entries, entries, plain]) await live(store, lives);
  stdout.write(`${JSON.stringify(machine())}\n${lives} lives a turn, ${lanes} at a time\n`);
  stdout.write("round  entries/s  plain/s  share  CPU µs a life: entries  plain  ratio\n");
  const shares: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const first = await turn(entries);
    const second = await turn(plain);
    const third = await turn(plain);
    const fourth = await turn(entries);
    const kept = sum(first, fourth);
    const bare = sum(second, third);
    const share = bare.ms / kept.ms;
    shares.push(share);
    const rate = ({ ms }: Turn): string => String(Math.round((2_000 * lives) / ms));
    const us = ({ cpuMs }: Turn): string => ((1_000 * cpuMs) / (2 * lives)).toFixed(0);
    stdout.write(
      `${String(round).padStart(5)}${rate(kept).padStart(11)}${rate(bare).padStart(9)}${share.toFixed(3).padStart(7)}` +
        `${us(kept).padStart(24)}${us(bare).padStart(7)}${(kept.cpuMs / bare.cpuMs).toFixed(3).padStart(7)}\n`,
    );
  }
  const median = shares.toSorted((one, other) => one - other)[rounds >> 1] ?? 0;
  stdout.write(`median of the shares: ${median.toFixed(3)}; our mark: ${shareMin}\n`);
  return median >= shareMin;
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
