import type { Channel } from "../channel/channel.ts";
import type { Readings, Traffic } from "../model/meter.ts";
import type { Engine } from "../trigger/engine.ts";

/** What the gateway shows of itself when metrics are asked for, besides its channels and sessions. */
export interface GatewayReadings extends Pick<Readings, "triggers" | "hosts"> {
  /** By the channel's name. */
  readonly traffic: ReadonlyMap<string, Traffic>;
}

/** All of it from memory. */
export function readingsOf(
  channels: ReadonlyMap<string, Channel>,
  engine: Engine | undefined,
): GatewayReadings {
  const facts = engine?.facts();
  return {
    traffic: new Map([...channels].map(([name, channel]) => [name, channel.traffic()])),
    triggers: facts?.triggers ?? [],
    hosts: {
      running: facts?.hosts.length ?? 0,
      restarts: facts?.restarts ?? 0,
      openEvents: facts?.openEvents ?? 0,
      batches: facts?.batches ?? 0,
    },
  };
}
