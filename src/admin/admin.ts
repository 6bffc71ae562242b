import type { RequestListener } from "node:http";
import type { Gateway } from "../gateway/gateway.ts";
import { createHttpServer, listenOnSocket } from "../http/server.ts";
import { adminSocketPath } from "../model/admin-socket.ts";
import type { Log, LogLevels } from "../model/log.ts";
import type { Store } from "../store/store.ts";
import { accountRoutes } from "./accounts.ts";
import { ledgerRoutes } from "./ledger.ts";
import { apiKeyRoutes } from "./api-keys.ts";
import { backupRoutes } from "./backups.ts";
import { channelRoutes } from "./channels.ts";
import { type ConfigControl, configRoutes } from "./config.ts";
import { dataSourceRoutes } from "./data-sources.ts";
import { deadLetterRoutes } from "./dead-letters.ts";
import { erasureRoutes } from "./erasures.ts";
import { kvRoutes } from "./kv.ts";
import { logLevelRoutes } from "./log-levels.ts";
import { messageRoutes } from "./messages.ts";
import { numberTableRoutes } from "./number-tables.ts";
import { numberRoutes } from "./numbers.ts";
import { optOutRoutes } from "./opt-outs.ts";
import { queueRoutes } from "./queues.ts";
import { recordRoutes } from "./records.ts";
import { replayRoutes } from "./replay.ts";
import { reportRoutes } from "./reports.ts";
import { routePlanRoutes } from "./route-plan.ts";
import type { AdminParts, Routes } from "./routes.ts";
import { routingRoutes } from "./routing.ts";
import { statusRoutes } from "./status.ts";
import type { TriggerControl } from "./trigger-control.ts";
import { triggerRoutes } from "./triggers.ts";
import { type Views, createViews } from "./views.ts";
import { webhookRoutes } from "./webhooks.ts";

export interface Admin extends Views {
  /** Answers a request that came by another way, such as the admin port. */
  readonly api: RequestListener;
  /** Path of the unix socket, mode 0600: whoever may open it is the operator. */
  readonly socket: string;
  close(): Promise<void>;
}

/** A line for each noun. */
const ROUTES: readonly Routes[] = [
  accountRoutes,
  ledgerRoutes,
  apiKeyRoutes,
  backupRoutes,
  channelRoutes,
  configRoutes,
  dataSourceRoutes,
  deadLetterRoutes,
  erasureRoutes,
  kvRoutes,
  logLevelRoutes,
  messageRoutes,
  numberTableRoutes,
  numberRoutes,
  optOutRoutes,
  queueRoutes,
  recordRoutes,
  replayRoutes,
  reportRoutes,
  routingRoutes,
  routePlanRoutes,
  statusRoutes,
  triggerRoutes,
  webhookRoutes,
];

/** JSON over a unix socket, for the CLI. Every change is logged with what was changed. */
export async function openAdmin(given: {
  readonly gateway: Gateway;
  readonly store: Store;
  readonly inbound: AdminParts["inbound"];
  readonly optOuts: AdminParts["optOuts"];
  /** Left out where nothing is to be settled about triggers. */
  readonly triggers?: TriggerControl;
  readonly dataDirectory: string;
  readonly levels: LogLevels;
  readonly dataSources: AdminParts["dataSources"];
  readonly webhooks?: AdminParts["webhooks"];
  readonly configuration?: ConfigControl | undefined;
  /** False: no text of a message is in any answer. */
  readonly showText: boolean;
  readonly shownByPort?: AdminParts["shownByPort"];
  readonly numberTables: AdminParts["numberTables"];
  readonly routePlanning?: AdminParts["routePlanning"];
  readonly log: Log;
}): Promise<Admin> {
  const { triggers } = given;
  const { gateway, store, levels, dataSources, configuration, log, dataDirectory } = given;
  const { shownByPort, numberTables, routePlanning, inbound, optOuts, webhooks } = given;
  const views = createViews(gateway, store, given.showText);
  const parts = {
    gateway,
    store,
    inbound,
    optOuts,
    views,
    triggers,
    levels,
    dataSources,
    webhooks,
    configuration,
    shownByPort,
    numberTables,
    routePlanning,
    log,
  };
  const socket = adminSocketPath(dataDirectory);
  const server = createHttpServer(log);
  for (const add of ROUTES) add(server, parts);
  await listenOnSocket(server, socket);
  return {
    ...views,
    api: (request, response) => server.routing(request, response),
    socket,
    close: () => server.close(),
  };
}
