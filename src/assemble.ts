import { join, resolve } from "node:path";
import { type Admin, openAdmin } from "./admin/admin.ts";
import { healthOf, readingsOf } from "./admin/health.ts";
import { type AdminPort, openAdminPort } from "./admin/port.ts";
import { createBus } from "./bus/bus.ts";
import { isToProvider } from "./channel/catalog.ts";
import type { Channel, ChannelHost } from "./channel/channel.ts";
import { failurePolicies } from "./channel/failure-settings.ts";
import { createOwnLines } from "./channel/own-lines.ts";
import { createDryRuns } from "./gateway/dry-runs.ts";
import { createGateway, type Gateway } from "./gateway/gateway.ts";
import { createNumberTables } from "./gateway/number-tables.ts";
import { createRoutePlanning } from "./gateway/route-planning.ts";
import { openInbound } from "./gateway/inbound.ts";
import { openOptOuts } from "./gateway/opt-outs.ts";
import type { ChannelSettings } from "./live/channel-plan.ts";
import { createLiveChannels } from "./live/channels.ts";
import { type Configuration, openConfiguration } from "./live/configuration.ts";
import { guardExample } from "./live/example.ts";
import { routersToPlanWith } from "./live/planned-routes.ts";
import { createMetrics } from "./log/metrics.ts";
import type { Clock } from "./model/clock.ts";
import { idMaker } from "./model/id.ts";
import { shortIdMaker } from "./model/short-id.ts";
import type { Log, LogLevels } from "./model/log.ts";
import { silentMeter } from "./model/meter.ts";
import { providerFault, rulesThatAsk } from "./route/check.ts";
import { loginsIn } from "./service/accounts-settings.ts";
import { openServices } from "./service/services.ts";
import { defaultChannelOf, directoryIn } from "./settings-faults.ts";
import type { Settings } from "./settings.ts";
import { openWebhooks } from "./webhook/webhooks.ts";
import { type Smsc, startSmsc } from "./simulator/smsc.ts";
import type { DatabasePlace, HeldDatabase } from "./store/hold.ts";
import { type Store, openStore, storeDefaults } from "./store/store.ts";
import { testedApproval } from "./trigger/approval.ts";
import { type Engine, openEngine } from "./trigger/engine.ts";
import { defaultLimits } from "./trigger/limits.ts";
import type { EarlyLook } from "./trigger/look.ts";

export interface StartOptions {
  /** Directory to which the paths in the settings are relative: where the configuration file lies. */
  readonly base: string;
  /** That file, absolute: its changes are brought into force. Without it nothing is watched. */
  readonly file?: string;
  readonly log?: Log;
}

/** What the start has begun before the rest of the program was there. */
export interface Begun {
  readonly clock: Clock;
  readonly levels: LogLevels;
  readonly log: Log;
  /** It is there. */
  readonly dataDirectory: string;
  readonly place: DatabasePlace;
  readonly database: Promise<HeldDatabase>;
  readonly triggers: Promise<EarlyLook>;
}

/** A gateway that runs. */
export interface Running {
  readonly admin: Admin;
  /** Undefined where none is configured. */
  readonly port: AdminPort | undefined;
  readonly channels: ReadonlyMap<string, Channel>;
  /** Undefined where it was started without a file. */
  readonly configuration: Configuration | undefined;
  readonly engine: Engine;
  readonly store: Store;
  readonly simulator: Smsc | undefined;
  /** Resolves when nothing is with a peer and every result is committed; waiting rows may remain. */
  settled(): Promise<void>;
  /**
   * No new binds, windows emptied, results committed, unbind sent. Takes `drainMs` at most, and a
   * little for the database. A second call waits for the first.
   */
  stop(): Promise<void>;
}

/**
 * Starts all parts in order: what is asked for is there before who asks. Rejects with a GatewayError
 * that names the place when nothing can run, after taking down what it had started.
 */
export async function assemble(
  settings: Settings,
  options: StartOptions,
  begun: Begun,
): Promise<Running> {
  const { clock, levels, log, dataDirectory, database } = begun;
  const newId = idMaker(clock.nowMs);
  const shortened = shortIdMaker();
  const closers: (() => Promise<void>)[] = [
    // The store has let it go by then, if it came so far.
    () => database.then(({ letGo }) => letGo()).catch(() => undefined),
  ];
  let channels: ReadonlyMap<string, Channel> = new Map();
  try {
    // First, so that whoever watches sees the start, and last to go.
    const metrics = settings.admin === undefined ? undefined : createMetrics();
    const meter = metrics?.meter ?? silentMeter;
    const port =
      metrics &&
      settings.admin &&
      (await openAdminPort({
        settings: settings.admin,
        base: options.base,
        directory: join(dataDirectory, "admin"),
        metrics,
        clock,
        log: log.child({ part: "admin port" }),
      }));
    if (port !== undefined) closers.push(() => port.close());
    /** Providers that were there since the start; reports may still come for one that is gone. */
    const awaitedOn = providersIn(settings);
    const store = await openStore({
      settings: {
        ...storeDefaults,
        ...begun.place,
        retention: { ...settings.retention, awaitedOn },
        minFreeMib: settings.retention.minFreeMib,
        records: settings.records && {
          ...settings.records,
          directory: resolve(options.base, settings.records.directory),
        },
      },
      log: log.child({ part: "store" }),
      clock,
      newId,
      meter,
      held: database,
    });
    closers.push(() => store.close());
    if (settings.example) {
      await store.accounts.seedExample();
      await guardExample(store, settings);
    }
    await store.accounts.makeMissing(Object.keys(settings.accounts));
    useLogins(store, settings);

    let configuration: Configuration | undefined;
    const numberTables = createNumberTables({
      store,
      clock,
      log: log.child({ part: "routes" }),
      targetFault: (target) =>
        providerFault(target, directoryIn(configuration?.settings() ?? settings)),
      usedBy: (table) => rulesThatAsk(table, (configuration?.settings() ?? settings).routes),
    });
    await numberTables.load();
    const hasTable = (name: string) => numberTables.table(name) !== undefined;

    const webhooks = await openWebhooks({
      settings: settings.webhooks,
      store,
      optionsOf: store.accounts.optionsOf,
      takenOn: (name) => channels.get(name)?.taken,
      taken: (inbound) => gateway.operations.told(inbound),
      clock,
      log: log.child({ part: "webhook" }),
      meter,
      newId,
    });
    closers.push(() => webhooks.stop());
    const bus = createBus();
    const ownLines = createOwnLines();
    const desk = { store, clock, log: log.child({ part: "inbound" }) };
    const inbound = await openInbound(desk);
    const optOuts = await openOptOuts(desk);
    const triggers = resolve(options.base, settings.triggers);
    const dryRuns = createDryRuns({
      directory: triggers,
      calls: () => ({ ...gateway.calls, ...services.calls }),
      log,
    });
    closers.push(() => dryRuns.close());
    const gateway = createGateway({
      bus,
      store,
      inbound,
      optOuts,
      optOutSettings: () => (configuration?.settings() ?? settings).optOut,
      clock,
      log,
      newId,
      meter,
      dryRuns,
      announce: webhooks.announce,
      callbacks: webhooks.callbacks,
      drainMs: settings.drainMs,
    });
    const services = await openServices({
      settings,
      store,
      optOuts,
      clock,
      log: log.child({ part: "service" }),
      note: gateway.note,
      codingsOn: gateway.codingsOn,
      settingsOf: (name) => {
        const { channels } = configuration?.settings() ?? settings;
        return Object.hasOwn(channels, name) ? channels[name] : undefined;
      },
      defaultChannel: () => defaultChannelOf(configuration?.settings() ?? settings),
    });
    closers.push(() => services.close());
    const { dataSources } = services;
    const engine = await openEngine({
      directory: triggers,
      limits: {
        ...defaultLimits,
        eventDeadlineMs: settings.eventDeadlineMs,
        ...(!settings.recording && { recordedCharactersMax: 0 }),
      },
      log: log.child({ part: "trigger" }),
      clock,
      calls: { ...gateway.calls, ...services.calls },
      channels: () => Object.keys(configuration?.settings().channels ?? settings.channels),
      keeper: store.triggerVersions,
      early: begun.triggers,
      ...(settings.activation === "tested" && { approve: testedApproval(triggers, log) }),
    });
    closers.push(() => engine.close());

    let simulator: Smsc | undefined;
    if (settings.simulator !== undefined) {
      simulator = await startSimulator(settings.simulator, log);
      closers.push(simulator.close);
    }

    await gateway.holds.read();
    const live = createLiveChannels({
      hostOf,
      isDrained: (name) => gateway.holds.of(name)?.held === "drained",
      queued: (name) => queuedFor(gateway, name),
      drainMs: settings.drainMs,
      now: clock.nowMs,
      log,
    });
    channels = live.opened;
    closers.push(() => live.close());
    gateway.routing.lookUpIn(numberTables.table);
    gateway.routing.use(settings.routes, directoryIn(settings));
    gateway.failurePolicies.use(failurePolicies(settings));
    // What customers and providers send while the rest is still being opened is answered already.
    gateway.attach(engine, channels, live.off);
    await live.open(settings.channels);
    await gateway.takeUp();
    await webhooks.takeUp();
    closers.push(() => {
      for (const channel of channels.values()) channel.stopping?.();
      return within(settings.drainMs, gateway.drain());
    });

    if (options.file !== undefined) {
      configuration = await openConfiguration({
        file: options.file,
        base: options.base,
        settings,
        directory: join(dataDirectory, "configuration"),
        env: process.env,
        channels: live,
        async guard(next) {
          if (settings.example) await guardExample(store, next);
          await store.accounts.makeMissing(Object.keys(next.accounts));
          for (const name of providersIn(next)) if (!awaitedOn.includes(name)) awaitedOn.push(name);
        },
        applied(next) {
          gateway.routing.use(next.routes, directoryIn(next));
          for (const account of useLogins(store, next)) {
            const ended = gateway.endSessions(account);
            log.info({ account, ended }, "the configuration file has another password");
          }
          gateway.failurePolicies.use(failurePolicies(next));
        },
        hasTable,
        now: clock.nowMs,
        log: log.child({ part: "configuration" }),
      });
      const opened = configuration;
      closers.push(() => opened.close());
    }

    const admin = await openAdmin({
      gateway,
      inbound,
      optOuts,
      configuration,
      store,
      triggers: engine.control,
      dataDirectory,
      levels,
      dataSources,
      numberTables,
      routePlanning: createRoutePlanning({
        store,
        gateway,
        numberTables,
        routers: routersToPlanWith(gateway.routing, {
          hasTable,
          settings: () => configuration?.settings() ?? settings,
        }),
      }),
      webhooks,
      showText: settings.privacy.showText,
      shownByPort: port?.shown,
      log: log.child({ part: "admin" }),
    });
    closers.push(() => admin.close());
    port?.serve({
      api: admin.api,
      health: () => healthOf(store),
      readings: () =>
        readingsOf({ gateway, store, dataSources, webhooks, clock, shownByPort: port?.shown }),
    });

    const settled = (): Promise<void> => gateway.settled();
    let stopping: Promise<void> | undefined;
    const stop = (): Promise<void> => (stopping ??= stopAll());
    async function stopAll(): Promise<void> {
      port?.stopping();
      log.info({ drainMs: settings.drainMs }, "stopping: the answers of peers are waited for");
      await closeAll(closers, log);
      log.info({}, "stopped");
    }
    return { admin, port, channels, configuration, engine, store, simulator, settled, stop };

    function hostOf(name: string, channel: ChannelSettings): ChannelHost {
      const tag = channel.type.startsWith("smpp") ? "SMPP" : channel.type;
      return {
        name,
        clock,
        log: log.child({ tag, channel: name }),
        newId,
        newShortId: () => shortened(newId()),
        base: options.base,
        directory: join(dataDirectory, "channels", name),
        drained: gateway.holds.of(name)?.held === "drained",
        emit: bus.emit,
        intake: store.writer.intake,
        optionsOf: store.accounts.optionsOf,
        pdus: {
          wanted: () => levels.allows("pdu", name),
          showText: settings.log.pduText,
        },
        customers: gateway.customers,
        gone: gateway.gone,
        sentToday: () => store.usage.sentToday(name),
        located: (address) => store.channelAddresses.located(name, address),
        ownLines,
        ready: () => gateway.ready(name),
      };
    }
  } catch (cause) {
    await closeAll(closers, log);
    throw cause;
  }
}

async function startSimulator(
  settings: NonNullable<Settings["simulator"]>,
  log: Log,
): Promise<Smsc> {
  const { host, port, answerDelayMs, reportDelayMs } = settings;
  return startSmsc({
    host,
    port,
    rules: { answerDelayMs, reportDelayMs },
    log: log.child({ part: "simulator" }),
  });
}

function useLogins(store: Store, { accounts, passwords: rules }: Settings): readonly string[] {
  return store.accounts.useLogins({ rules, inFile: loginsIn(accounts) });
}

function providersIn({ channels }: Settings): string[] {
  return Object.entries(channels).flatMap(([name, channel]) =>
    channel.enabled && isToProvider(channel) ? name : [],
  );
}

function queuedFor(gateway: Gateway, name: string): number {
  const queues = gateway.operations.queues().filter(({ channel }) => channel === name);
  return queues.reduce((sum, { rows }) => sum + rows, 0);
}

/** In reverse order; one that fails does not keep the others from being closed. */
async function closeAll(closers: readonly (() => Promise<void>)[], log: Log): Promise<void> {
  for (const close of closers.toReversed())
    await close().catch((cause: unknown) => log.error({ err: cause }, "a part did not stop well"));
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((end) => (timer = setTimeout(end, ms)));
  await Promise.race([work, limit]);
  clearTimeout(timer);
}
