import type { Gateway } from "../gateway/gateway.ts";
import type { NumberTables } from "../gateway/number-tables.ts";
import type { RoutePlanning } from "../gateway/route-planning.ts";
import type { Inbound } from "../gateway/inbound.ts";
import type { OptOuts } from "../gateway/opt-outs.ts";
import type { FastifyInstance, FastifyRequest } from "../http/server.ts";
import type { Log, LogLevels } from "../model/log.ts";
import type { Readings } from "../model/meter.ts";
import type { DeadHookView, WebhookTestView, WebhookView } from "../model/webhook.ts";
import type { DataSourceTestView, DataSourceView } from "../model/data-source-view.ts";
import type { Store, WhichDead } from "../store/store.ts";
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
  /** Undefined where nobody is told anything at a URL of his. */
  readonly webhooks: WebhookControl | undefined;
  readonly log: Log;
}

/** What is known of the databases that triggers may ask; `test` rejects with `unknown_data_source`. */
export interface DataSourceControl {
  list(): readonly DataSourceView[];
  test(name: string): Promise<DataSourceTestView>;
}

/** What an operator says of a customer's URL; `webhook/endpoint.ts` says what may be. */
export interface WebhookWish {
  readonly account: string;
  readonly url: string;
  readonly form?: "post" | "get";
  readonly events?: readonly string[];
  readonly channels?: readonly string[];
  readonly secret?: string;
}

/** The URLs at which customers are told; see `webhook/webhooks.ts`. */
export interface WebhookControl {
  list(account?: string): Promise<WebhookView[]>;
  add(wish: WebhookWish): Promise<{ readonly endpoint: WebhookView; readonly secret: string }>;
  remove(id: string): Promise<{ readonly dropped: number }>;
  change(
    id: string,
    change: Partial<WebhookWish> & { readonly enabled?: boolean },
  ): Promise<WebhookView>;
  rotate(
    id: string,
    keepOldMs: number,
  ): Promise<{ readonly secret: string; readonly oldUntilMs: number }>;
  test(id: string): Promise<WebhookTestView>;
  dead(limit: number, endpoint?: string): Promise<DeadHookView[]>;
  resend(which: WhichDead): Promise<{ readonly calls: number }>;
  /** Numbers were erased in what is kept. */
  reread(): void;
  readings(): NonNullable<Readings["webhooks"]>;
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
