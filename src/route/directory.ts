import type { RouteModule } from "./question.ts";

/** A channel of the configuration, as far as routes need to know it. */
export interface RouteChannel {
  readonly name: string;
  readonly module: RouteModule;
  readonly enabled: boolean;
  /** Channels of one group lead to one provider. */
  readonly group: string;
  /** With which it binds to its provider; undefined for all others. */
  readonly systemId?: string | undefined;
  /** Customers are known there, each with a queue of his own; all others lead to a provider. */
  readonly hasCustomers?: boolean;
  /** What is for a provider and for no certain one goes here. */
  readonly isDefault?: boolean;
  /** The channel of this very gateway whose listener it binds to; undefined for all others. */
  readonly leadsTo?: string | undefined;
}

/** The channels by all that a target may name them by; each list in the order of the configuration. */
export interface Directory {
  readonly all: readonly RouteChannel[];
  channel(name: string): RouteChannel | undefined;
  group(name: string): readonly RouteChannel[];
  /** Those that customers bind to. */
  readonly servers: readonly RouteChannel[];
  readonly clients: readonly RouteChannel[];
  /** Where what is for "SMPP" goes: the default channel if it is enabled, else the first that is. */
  readonly nameless: RouteChannel | undefined;
}

export function directoryOf(all: readonly RouteChannel[]): Directory {
  const byName = new Map(all.map((one) => [one.name, one]));
  const clients = all.filter(({ module }) => module === "smppclient");
  const usable = clients.filter(({ enabled }) => enabled);
  return {
    all,
    channel: (name) => byName.get(name),
    group: (name) => all.filter((one) => one.hasCustomers !== true && one.group === name),
    servers: all.filter(({ module }) => module === "smppserver"),
    clients,
    nameless: usable.find(({ isDefault }) => isDefault) ?? usable[0],
  };
}
