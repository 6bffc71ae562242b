import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Log } from "../../src/model/log.ts";
import { type Running, start } from "../../src/main.ts";
import { settingsSchema } from "../../src/settings.ts";
import { type Smsc, startSmsc } from "../../src/simulator/smsc.ts";
import { freshDatabase, type TestDatabase } from "./database.ts";
import { type RecorderLog, recorderLog } from "./log.ts";

export interface GatewayOptions {
  /** Trigger files by name; the shipped ones when left out. */
  readonly triggers?: Readonly<Record<string, string>>;
  /** Changes to the settings of SMPP_SERVER1 and SMPP1, or further channels. */
  readonly channels?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** The settings stand in a file, so that they can be changed while it runs. */
  readonly live?: boolean;
  /** A log instead of the recorder. */
  readonly log?: Log;
  /** Rules of the simulated provider. */
  readonly provider?: Parameters<typeof startSmsc>[0]["rules"];
}

export interface TestGateway extends AsyncDisposable {
  readonly running: Running;
  /** Stops it and starts it again on the same database, folder and provider. */
  restart(): Promise<void>;
  readonly provider: Smsc;
  readonly log: RecorderLog;
  /** The port of SMPP_SERVER1. */
  readonly port: number;
  readonly triggers: string;
  readonly databaseUrl: string;
  /** One statement beside the gateway, for what no part of it shows. */
  readonly query: TestDatabase["query"];
}

/**
 * The whole gateway in this process between our simulator's two ends: its own database, its own
 * trigger folder, ports that the system picks. Test1 and Test2 have 100 credits each.
 */
export async function startGateway(options: GatewayOptions = {}): Promise<TestGateway> {
  // A start that fails must leave nothing behind, or its test file would never end.
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "signalbox-flow-"));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const triggers = join(folder, "triggers");
  await cp(new URL("../../triggers", import.meta.url), triggers, {
    recursive: true,
    filter: (source) => options.triggers === undefined || !source.endsWith(".ts"),
  });
  for (const [name, text] of Object.entries(options.triggers ?? {}))
    await writeFile(join(triggers, name), text);
  const database = opened.use(await freshDatabase());
  const log = recorderLog();
  const rules = options.provider ?? {};
  const provider = opened.use(await startSmsc({ host: "127.0.0.1", port: 0, rules, log }));
  const written = {
    example: true,
    data: join(folder, "data"),
    triggers,
    database: { url: database.url },
    ...options.settings,
    channels: {
      ...options.channels,
      SMPP_SERVER1: {
        type: "smpp-server",
        address: ["127.0.0.1"],
        port: 0,
        onUnhandled: "close",
        ...options.channels?.["SMPP_SERVER1"],
      },
      SMPP1: {
        type: "smpp-client",
        host: "127.0.0.1",
        port: provider.port,
        systemId: "signalbox",
        password: "simulator",
        reconnectMs: 50,
        ...options.channels?.["SMPP1"],
      },
    },
  };
  const settings = settingsSchema.parse(written);
  const file = join(folder, "signalbox.yaml");
  // JSON is YAML.
  if (options.live === true) await writeFile(file, JSON.stringify(written, null, 2));
  const launch = () =>
    start(settings, {
      base: folder,
      log: options.log ?? log,
      ...(options.live === true && { file }),
    });
  let running = await launch();
  opened.defer(() => running.stop());
  const all = opened.move();
  return {
    get running() {
      return running;
    },
    async restart() {
      await running.stop();
      running = await launch();
    },
    provider,
    log,
    get port() {
      return running.channels.get("SMPP_SERVER1")?.ports()[0] ?? 0;
    },
    triggers,
    databaseUrl: database.url,
    query: (text, values) => database.query(text, values),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
