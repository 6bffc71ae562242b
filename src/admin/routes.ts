import type { Gateway } from "../gateway/gateway.ts";
import type { FastifyInstance, FastifyRequest } from "../http/server.ts";
import type { Log, LogLevels } from "../model/log.ts";
import type { Store } from "../store/store.ts";
import type { Shown } from "./certificates.ts";
import type { ConfigControl } from "./config.ts";
import type { Views } from "./views.ts";

/** What the routes of the admin API are made of; one file of this folder per noun. */
export interface AdminParts {
  readonly gateway: Gateway;
  readonly store: Store;
  readonly views: Views;
  readonly levels: LogLevels;
  /** Undefined where the gateway was started without a file. */
  readonly configuration: ConfigControl | undefined;
  /** By what the admin port shows who it is; undefined where there is none. */
  readonly shownByPort: (() => readonly Shown[]) | undefined;
  readonly log: Log;
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
