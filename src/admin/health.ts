import type { Gateway } from "../gateway/gateway.ts";
import type { Clock } from "../model/clock.ts";
import type { Readings } from "../model/meter.ts";
import type { Shown } from "./certificates.ts";
import type { DataSourceControl, WebhookControl } from "./routes.ts";
import type { Store } from "../store/store.ts";

/** Whether customers may be sent here. */
export interface Health {
  /** One sentence each; empty when all is well. */
  readonly reasons: readonly string[];
}

/** ms. Writes that wait longer are not being written; a flush takes a few. */
const writeStallMs = 2_000;

/** Octets of a MiB. */
const mib = 1_048_576;

/**
 * Asked once the channels are open: ready as long as the database writes. A provider that is down is
 * no reason against: what is for him waits in the queue, as it would elsewhere.
 */
export async function healthOf(store: Store): Promise<Health> {
  const reasons: string[] = [];
  const { connected, stalledMs } = store.writer;
  if (!connected) reasons.push("the database is away");
  else if (stalledMs > writeStallMs)
    reasons.push(`the database has written nothing for ${Math.round(stalledMs / 1_000)} s`);
  else if ((await store.roundTripMs()) === undefined) reasons.push("the database does not answer");
  return { reasons };
}

/** What the metrics show of this moment. */
export async function readingsOf(parts: {
  readonly gateway: Gateway;
  readonly store: Store;
  readonly dataSources: DataSourceControl;
  readonly webhooks: Pick<WebhookControl, "readings">;
  readonly clock: Clock;
  readonly shownByPort: (() => readonly Shown[]) | undefined;
}): Promise<Readings> {
  const { gateway, store, dataSources, webhooks, clock, shownByPort } = parts;
  const [roundTripMs, ledger] = await Promise.all([store.roundTripMs(), store.ledgerTally()]);
  const { disk } = store.facts();
  const { traffic, triggers, hosts } = gateway.readings();
  const shown = [
    ...gateway.channels().map(({ name, certificates }) => ({ channel: name, certificates })),
    ...(shownByPort?.() ?? []).map(({ certificates }) => ({ channel: "admin", certificates })),
  ];
  return {
    certificates: shown.flatMap(({ channel, certificates = [] }) =>
      certificates.map(({ path, validUntilMs }) => ({ channel, path, validUntilMs })),
    ),
    channels: gateway.channels().flatMap(({ state, ...view }) => {
      const counted = traffic.get(view.name);
      return counted === undefined
        ? []
        : [
            {
              ...view,
              up: state === "up",
              breakerOpen: view.stopped !== undefined && view.stopped.what !== "resting",
              traffic: counted,
            },
          ];
    }),
    sessions: gateway.sessions(),
    triggers,
    dataSources: dataSources.list().map(({ name, calls, errors, meanMs = 0 }) => ({
      name,
      calls,
      errors,
      tookMs: meanMs * calls,
    })),
    webhooks: webhooks.readings(),
    ledger,
    hosts,
    database: { roundTripMs, waiting: store.writer.waiting },
    disk: disk === undefined ? undefined : { freeOctets: disk.freeMib * mib, low: disk.low },
    nowMs: clock.nowMs(),
  };
}
