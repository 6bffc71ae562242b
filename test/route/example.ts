import type { RouteChannel } from "../../src/route/directory.ts";
import { directoryOf } from "../../src/route/directory.ts";
import type { NumberTable, RouteQuestion } from "../../src/route/question.ts";
import { createRouter } from "../../src/route/router.ts";
import { routesSettings } from "../../src/route/settings.ts";

/** Two providers, a web service and a door for customers. */
export const channels: readonly RouteChannel[] = [
  {
    name: "SMPP_SERVER1",
    module: "smppserver",
    hasCustomers: true,
    enabled: true,
    group: "SMPP_SERVER1",
  },
  { name: "SMPP1", module: "smppclient", enabled: true, group: "P", systemId: "first" },
  { name: "SMPP2", module: "smppclient", enabled: true, group: "P", systemId: "second" },
  { name: "WEB", module: "http", enabled: true, group: "WEB" },
];

/** A message of a customer, unless told otherwise. */
export function ask(about: Partial<RouteQuestion>): RouteQuestion {
  return {
    from: "+31201234567",
    to: "+31612345678",
    origin: "customer",
    channel: "SMPP_SERVER1",
    module: "smppserver",

    smsType: "message",
    parts: 1,
    variables: { submit_info: "SMPP" },
    ...about,
  };
}

export function routerOf(
  routes: unknown,
  {
    all = channels,
    down = [],
    bound = () => false,
    tables = {},
  }: {
    readonly all?: readonly RouteChannel[];
    readonly down?: readonly string[];
    readonly bound?: (channel: string, account: string) => boolean;
    readonly tables?: Readonly<Record<string, NumberTable>>;
  } = {},
) {
  return createRouter(routesSettings.parse(routes), directoryOf(all), {
    isUp: (name) => !down.includes(name),
    isBound: bound,
    tables: (name) => tables[name],
  });
}
