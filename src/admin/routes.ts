import type { Gateway } from "../gateway/gateway.ts";
import type { NumberTables } from "../gateway/number-tables.ts";
import type { RoutePlanning } from "../gateway/route-planning.ts";
import type { Inbound } from "../gateway/inbound.ts";
import type { OptOuts } from "../gateway/opt-outs.ts";
import type { FastifyInstance, FastifyRequest } from "../http/server.ts";
import type { Log, LogLevels } from "../model/log.ts";
import type { DataSourceTestView, DataSourceView } from "../model/data-source-view.ts";
import type { Store } from "../store/store.ts";
import type { Shown } from "./certificates.ts";
import type { ConfigControl } from "./config.ts";
import type { TriggerControl } from "./trigger-control.ts";
import type { Views } from "./views.ts";

/** What the routes of the admin API are made of; one file of this folder per noun. */
export interface AdminParts {
  readonly gateway: Gateway;
  readonly store: Store;
  readonly inbound: Inbound;
  readonly optOuts: OptOuts;
  readonly views: Views;
  /** Undefined where nothing is to be settled about triggers. */
  readonly triggers: TriggerControl | undefined;
  readonly levels: LogLevels;
  /** Undefined where the gateway was started without a file. */
  readonly configuration: ConfigControl | undefined;
  /** By what the admin port shows who it is; undefined where there is none. */
  readonly shownByPort: (() => readonly Shown[]) | undefined;
  readonly dataSources: DataSourceControl;
  readonly numberTables: NumberTables;
  /** Undefined where there are no routes to plan. */
  readonly routePlanning: RoutePlanning | undefined;
  readonly log: Log;
}

/** What is known of the databases that triggers may ask; `test` rejects with `unknown_data_source`. */
export interface DataSourceControl {
  list(): readonly DataSourceView[];
  test(name: string): Promise<DataSourceTestView>;
}

/** Adds the routes of one noun. The same ones serve the socket and, when configured, the port. */
export type Routes = (server: FastifyInstance, parts: AdminParts) => void;

/** A name or an id in a body or a path. */
export const nameSchema = { type: "string", minLength: 1, maxLength: 256 } as const;

/** The header in which who asks is named: by the CLI, and by the port itself. */
export const operatorHeader = "signalbox-operator";

/** Who asks, for the log: the login name that the CLI tells, over the port the name of the token. */
export function operatorOf(request: Pick<FastifyRequest, "headers">): string {
  const name = request.headers[operatorHeader];
  return typeof name === "string" && name !== "" ? name.slice(0, 64) : "unknown";
}
