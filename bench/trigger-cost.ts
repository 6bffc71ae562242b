// What triggers cost: an event past a hundred that do not match, an event with 1, 2 and 8 that do, and
// with one host call. The engine by itself, in the real sandbox and with a real database; no SMPP.
// `npm run bench triggers short` takes a twentieth of the events. Linux only: CPU is read from /proc.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { argv, pid, stdout } from "node:process";
import { idMaker } from "../src/model/id.ts";
import { systemClock } from "../src/model/clock.ts";
import { openOptOuts } from "../src/gateway/opt-outs.ts";
import { openServices } from "../src/service/services.ts";
import { openStore, storeDefaults } from "../src/store/store.ts";
import { type Engine, openEngine } from "../src/trigger/engine.ts";
import { defaultLimits } from "../src/trigger/limits.ts";
import { silentLog } from "../test/support/database.ts";
import { messageRequest } from "../test/support/run-trigger.ts";
import { machine } from "./machine.ts";
import { usageOf } from "./usage.ts";

/** Events in flight at any time, as with one customer whose window is 100. */
const windowEvents = 100;

interface Run {
  readonly name: string;
  readonly channel: string;
  readonly events: number;
  /** Events that nobody is asked about are answered as such. */
  readonly verdict: "accept" | "unanswered";
}

const RUNS: readonly Run[] = [
  { name: "100 on other channels", channel: "NOBODY", events: 1_000_000, verdict: "unanswered" },
  {
    name: "100 for other numbers, texts",
    channel: "SIEVED",
    events: 1_000_000,
    verdict: "unanswered",
  },
  { name: "1 trigger", channel: "ONE", events: 200_000, verdict: "accept" },
  { name: "2 triggers", channel: "TWO", events: 200_000, verdict: "accept" },
  { name: "8 triggers", channel: "EIGHT", events: 100_000, verdict: "accept" },
  { name: "1 with a call of nothing", channel: "CALL", events: 100_000, verdict: "accept" },
  { name: "1 with a kv.get", channel: "KV", events: 50_000, verdict: "accept" },
  { name: "1 with a kv.increment", channel: "COUNT", events: 20_000, verdict: "accept" },
  { name: "1 with a db query", channel: "DB", events: 20_000, verdict: "accept" },
];

/** Prints a table; false when an event was not decided as it should be. */
export async function triggerCost(): Promise<boolean> {
  const share = argv[3] === "short" ? 20 : 1;
  const folder = await mkdtemp(join(tmpdir(), "signalbox-bench-"));
  const dataDirectory = join(folder, "data");
  const closers: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  try {
    const store = await openStore({
      settings: { ...storeDefaults, dataDirectory },
      log: silentLog,
      clock: systemClock,
      newId: idMaker(systemClock.nowMs),
    });
    closers.push(() => store.close());
    const own = { readOnly: true, timeoutMs: 2_000, rowsMax: 10, octetsMax: 4_096 };
    const services = await openServices({
      settings: {
        dataSources: { own: { ...own, url: "own", connectionsMax: 4 } },
        http: {
          hosts: [],
          timeoutMs: 1_000,
          octetsMax: 1_024,
          allowPrivate: [],
          requestsMax: 1,
          requestsPerTriggerMax: 1,
        },
        secrets: {},
        privacy: { showText: true },
      },
      store,
      optOuts: await openOptOuts({ store, clock: systemClock, log: silentLog }),
      clock: systemClock,
      log: silentLog,
      note() {},
      defaultChannel: () => undefined,
      settingsOf: () => undefined,
      codingsOn: () => undefined,
    });
    closers.push(() => services.close());
    for (const [file, text] of Object.entries(triggerFiles()))
      await writeFile(join(folder, file), `import { onMessage } from "signalbox";\n${text}\n`);
    const engine = await openEngine({
      directory: folder,
      limits: defaultLimits,
      log: silentLog,
      clock: systemClock,
      calls: { ...services.calls, "accounts.byNumber": () => Promise.resolve(null) },
    });
    closers.push(() => engine.close());
    const broken = engine.list().filter(({ state }) => state !== "active");
    if (broken.length > 0) throw new Error(broken.map(({ detail }) => detail).join("\n"));
    const { cpu, node } = machine();
    stdout.write(`${cpu}, Node ${node}; ${windowEvents} events in flight; µs per event\n`);
    stdout.write(`${"".padEnd(30)}   time  gateway     host  database\n`);
    let isSound = true;
    for (const one of RUNS)
      isSound = (await measured(engine, one, share, dataDirectory)) && isSound;
    return isSound;
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

async function measured(
  engine: Engine,
  { name, channel, events, verdict }: Run,
  share: number,
  dataDirectory: string,
): Promise<boolean> {
  const count = events / share;
  await pass(engine, channel, verdict, Math.min(count, 5_000));
  const before = usageOf(pid, dataDirectory);
  const began = performance.now();
  const wrong = await pass(engine, channel, verdict, count);
  const tookMs = performance.now() - began;
  const after = usageOf(pid, dataDirectory);
  const us = (ms: number) => ((ms * 1_000) / count).toFixed(1).padStart(8);
  stdout.write(
    `${name.padEnd(30)}${us(tookMs).slice(1)} ${us(after.gateway.cpuMs - before.gateway.cpuMs)} ` +
      `${us(after.host.cpuMs - before.host.cpuMs)}  ${us(after.postgres.cpuMs - before.postgres.cpuMs)}` +
      `${wrong === 0 ? "" : `  ${wrong} decided wrongly`}\n`,
  );
  return wrong === 0;
}

/** How many were not decided as they should be. */
async function pass(
  engine: Engine,
  channel: string,
  verdict: Run["verdict"],
  count: number,
): Promise<number> {
  const request = messageRequest({
    channel,
    text: "A text of sixty characters, as most of them are.",
  });
  let left = count;
  let wrong = 0;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const ruling = await engine.decide(request);
      if (ruling.verdict !== verdict) wrong += 1;
    }
  };
  await Promise.all(Array.from({ length: windowEvents }, worker));
  return wrong;
}

/** A file for each run; those that never match are in two, because a file has 64 at most. */
function triggerFiles(): Record<string, string> {
  const files: Record<string, string> = {};
  for (const half of [0, 1]) {
    const fifty = Array.from({ length: 50 }, (_, at) => half * 50 + at);
    files[`other-${half}.ts`] = fifty
      .map((n) => trigger(`OTHER${n}`, `channels: ["NOWHERE${n}"]`, "m.accept();"))
      .join("\n");
    files[`sieved-${half}.ts`] = fifty
      .map((n) => {
        const condition =
          n % 2 === 0 ? `to: "+49${n}*"` : `text: { matches: /\\bcode[: ]*${n}\\b/i }`;
        return trigger(`SIEVED${n}`, `channels: ["SIEVED"], ${condition}`, "m.accept();");
      })
      .join("\n");
  }
  for (const [channel, count] of [
    ["ONE", 1],
    ["TWO", 2],
    ["EIGHT", 8],
  ] as const)
    for (let n = 1; n <= count; n += 1)
      files[`${channel}-${n}.ts`] = trigger(
        `${channel}${n}`,
        `channels: ["${channel}"], order: ${n}`,
        n === 1 ? "m.accept({ charge: m.parts });" : `if (m.parts < 0) m.reject("try_later");`,
      );
  const calls = {
    CALL: "await tools.accounts.byNumber(m.to);",
    KV: `await tools.kv.get("a key");`,
    COUNT: `await tools.kv.increment("a counter");`,
    DB: "await tools.db.own`select ${m.to}::text as number`;",
  };
  for (const [channel, code] of Object.entries(calls))
    files[`${channel}.ts`] = trigger(channel, `channels: ["${channel}"]`, `${code} m.accept();`);
  return files;
}

function trigger(name: string, conditions: string, code: string): string {
  const how = code.startsWith("await") ? "async " : "";
  return `export const ${name} = onMessage({ ${conditions} }, ${how}(m, tools) => { ${code} void tools; });`;
}
