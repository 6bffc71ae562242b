import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stdout } from "node:process";
import {
  freePort,
  type GatewayProcess,
  startGatewayProcess,
  until,
} from "../test/support/gateway-process.ts";
import { compare, type Load, runLoad, type SinkCount, startSink } from "./load.ts";
import { type Part, usageOf } from "./usage.ts";

const ACCOUNT = { id: "load", password: "secret" };
const textCharacters = 60;
/** ms. Longer means that accepted messages do not get out any more. */
const drainMostMs = 60_000;

/** What one run asks for. */
export interface How {
  readonly count: number;
  /** submit_sm without an answer at a time, for each bind. */
  readonly window: number;
  /** Messages a second; as fast as answers come when left out. */
  readonly rate?: number;
  /** The customer's sessions that share the load; 1 when left out. */
  readonly binds?: number;
  readonly reports?: boolean;
  readonly textCharacters?: number;
  /** ms for which the provider holds back each answer; 0 when left out. */
  readonly answerDelayMs?: number;
  /** Done while the load runs, such as a checkpoint. */
  readonly meanwhile?: (gateway: GatewayProcess) => Promise<void>;
}

/** What one run brought. */
export interface Run {
  readonly name: string;
  readonly asked: number;
  readonly reports: boolean;
  readonly load: Load;
  readonly sink: SinkCount;
  /** Passed on to the provider, from the first submit to the last row finished. */
  readonly forwardedPerS: number;
  readonly cpuUsPerMessage: Readonly<Record<Part, number>>;
  readonly residentMib: Readonly<Record<Part, number>>;
  readonly lost: number;
  readonly doubled: number;
}

/** A gateway of its own on a temporary directory and free ports, with a provider for each run. */
export interface Bench extends AsyncDisposable {
  readonly gateway: GatewayProcess;
  /** Runs once, alone; rejects when what was accepted does not get out within a minute. */
  measure(name: string, how: How): Promise<Run>;
}

/**
 * `settings` replace those of the configuration file. `clientWindow` is how many messages the provider
 * may have unanswered.
 */
export async function openBench(
  options: {
    readonly settings?: Readonly<Record<string, unknown>>;
    /** Besides the two that are measured. */
    readonly channels?: Readonly<Record<string, unknown>>;
    readonly clientWindow?: number;
  } = {},
): Promise<Bench> {
  const { settings = {}, clientWindow = 1_000 } = options;
  const folder = await mkdtemp(join(tmpdir(), "signalbox-bench-"));
  const [port, sinkPort] = [await freePort(), await freePort()];
  const gateway = await startGatewayProcess({
    channels: { ...options.channels, ...channels(port, sinkPort, clientWindow) },
    log: { level: "warn" },
    ...settings,
  });

  return {
    gateway,
    async measure(name, how) {
      stdout.write(`${name}: ${how.count} messages\n`);
      const files = { acked: join(folder, "acked.txt"), ids: join(folder, "ids.txt") };
      const sink = await startSink(sinkPort, files.ids, how.answerDelayMs);
      await gateway.untilUp();
      await haveAccount(gateway);

      const before = usageOf(gateway.pid, gateway.dataDirectory);
      const beganMs = performance.now();
      const { meanwhile, answerDelayMs: _, ...asked } = how;
      const reports = how.reports ?? false;
      const loading = runLoad({
        port,
        textCharacters,
        ...asked,
        reports,
        systemId: ACCOUNT.id,
        password: ACCOUNT.password,
        ackedFile: files.acked,
      });
      await meanwhile?.(gateway);
      const load = await loading;
      if (!(await until(() => isDrained(gateway), drainMostMs)))
        throw new Error(`messages still wait after ${drainMostMs} ms:\n${gateway.output()}`);
      const tookS = (performance.now() - beganMs) / 1_000;
      const after = usageOf(gateway.pid, gateway.dataDirectory);

      const count = await sink.stop();
      const perMessage = (part: Part) =>
        ((after[part].cpuMs - before[part].cpuMs) * 1_000) / load.ok;
      return {
        name,
        asked: how.count,
        reports,
        load,
        sink: count,
        forwardedPerS: Math.round(count.accepted / tookS),
        cpuUsPerMessage: byPart((part) => Math.round(perMessage(part) * 10) / 10),
        residentMib: byPart((part) => Math.round(after[part].residentMib)),
        ...compare(files.acked, files.ids),
      };
    },
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Messages a second of a run: whole lives where reports were asked for, else accepted ones. */
export function ratePerS({ reports, load }: Run): number {
  return reports ? load.dlr.per_s : load.msgs_per_s;
}

/** Nothing lost, doubled or malformed, and each report that was asked for came home once. */
export function isClean({ asked, reports, load, sink, lost, doubled }: Run): boolean {
  const { dlr } = load;
  const broken = load.protocol_errors + sink.protocol_errors + load.dup_message_ids;
  const wrong = dlr.duplicates + dlr.unknown + dlr.not_delivrd;
  const home = dlr.received === (reports ? asked : 0);
  return lost + doubled + broken + wrong === 0 && load.ok === asked && home;
}

function channels(port: number, sinkPort: number, clientWindow: number): Record<string, unknown> {
  return {
    SMPP_SERVER1: {
      type: "smpp-server",
      address: ["127.0.0.1"],
      port,
      // How many receipts the customer takes at a time; he answers at once.
      windowRequests: 1_000,
    },
    SMPP1: {
      type: "smpp-client",
      host: "127.0.0.1",
      port: sinkPort,
      systemId: "signalbox",
      password: "bench",
      windowRequests: clientWindow,
      // A text that is too long for one message goes out as several, as it must to most providers.
      split: "udh8",
      reconnectMs: 50,
    },
  };
}

async function isDrained(gateway: GatewayProcess): Promise<boolean> {
  const list = await gateway.channels();
  return list.every(({ queued, inFlight }) => queued === 0 && inFlight === 0);
}

/** With credits for everything that could be sent in the time. */
async function haveAccount(gateway: GatewayProcess): Promise<void> {
  const accounts = JSON.stringify(await gateway.api("GET", "/v1/accounts"));
  if (accounts.includes(`"${ACCOUNT.id}"`)) return;
  await gateway.api("POST", "/v1/accounts", { ...ACCOUNT, credits: 1_000_000_000, numbers: [] });
}

function byPart<T>(value: (part: Part) => T): Record<Part, T> {
  return { gateway: value("gateway"), host: value("host"), postgres: value("postgres") };
}
