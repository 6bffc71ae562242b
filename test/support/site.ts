import { readFileSync } from "node:fs";
import { type Smsc, type SmscRules, startSmsc } from "../../src/simulator/smsc.ts";
import { type GatewayProcess, freePort, startGatewayProcess } from "./gateway-process.ts";

/** Credits of Test1 and Test2 on a site: more than any run uses. */
export const siteCredits = 100_000_000;

export interface SiteOptions {
  /** Where the provider listens, or will. */
  readonly providerPort: number;
  /** Changes to the settings of SMPP_SERVER1. */
  readonly server?: Readonly<Record<string, unknown>>;
  /** Changes to the settings of SMPP1. */
  readonly client?: Readonly<Record<string, unknown>>;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Where its data is to lie; a temporary directory when left out. */
  readonly dataDirectory?: string;
}

/** A gateway as a process of its own, with the shipped triggers, Test1, Test2 and one provider. */
export interface Site extends AsyncDisposable {
  readonly gateway: GatewayProcess;
  /** The port of SMPP_SERVER1. */
  readonly port: number;
}

export async function startSite(options: SiteOptions): Promise<Site> {
  const port = await freePort();
  const settings = {
    example: true,
    ...options.settings,
    channels: {
      SMPP_SERVER1: {
        type: "smpp-server",
        address: ["127.0.0.1"],
        port,
        windowRequests: 50,
        ...options.server,
      },
      SMPP1: {
        type: "smpp-client",
        host: "127.0.0.1",
        port: options.providerPort,
        systemId: "signalbox",
        password: "simulator",
        windowRequests: 50,
        reconnectMs: 50,
        reconnectMostMs: 400,
        connectTimeoutMs: 2_000,
        ...options.client,
      },
    },
  };
  const gateway = await startGatewayProcess(settings, "node", options.dataDirectory);
  try {
    await gateway.untilAnswers();
    for (const account of ["Test1", "Test2"])
      await gateway.api("POST", `/v1/accounts/${account}/credit`, { add: siteCredits - 100 });
  } catch (cause) {
    await gateway[Symbol.asyncDispose]();
    throw cause;
  }
  return { gateway, port, [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose]() };
}

/** The simulated provider, which counts how often each text came: by itself it forgets the old ones. */
export async function startCountingProvider(
  rules: SmscRules = {},
  port = 0,
): Promise<{ readonly provider: Smsc; readonly received: Map<string, number> } & AsyncDisposable> {
  const received = new Map<string, number>();
  const provider = await startSmsc({
    host: "127.0.0.1",
    port,
    rules,
    watch(event) {
      if (event.what !== "message") return;
      const text = event.taken.sms.octets.toString();
      received.set(text, (received.get(text) ?? 0) + 1);
    },
  });
  return { provider, received, [Symbol.asyncDispose]: () => provider.close() };
}

/** MiB of memory that a process has now (Linux, proc(5)). */
export function residentMib(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Math.round(Number(found?.[1] ?? Number.NaN) / 1_024);
}
