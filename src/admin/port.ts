import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { isIP } from "node:net";
import { type PortServer, listenOnPort } from "../http/server.ts";
import { ERRORS, type ErrorCode } from "../model/error.ts";
import { isLoopback } from "../model/loopback.ts";
import type { Meter, Readings } from "../model/meter.ts";
import type { Health } from "./health.ts";
import { type PortIdentityParts, portIdentity } from "./port-identity.ts";
import { operatorHeader } from "./routes.ts";
import type { Shown } from "./certificates.ts";
import { type KnownToken, createTokenCheck } from "./token.ts";

/** What the gateway can tell and do once it has started. */
export interface Served {
  /** The admin API, the same as on the socket. */
  readonly api: RequestListener;
  readonly health: () => Promise<Health>;
  readonly readings: () => Promise<Readings>;
}

/** The admin port: health, metrics and, for who has a token, the whole admin API. */
export interface AdminPort extends PortServer {
  /** The gateway runs; until then the port says that it is starting. */
  serve(given: Served): void;
  /** The gateway is about to end: not ready, and no API any more. */
  stopping(): void;
  /** By what it shows who it is; empty without TLS. */
  shown(): readonly Shown[];
}

export interface AdminPortParts extends PortIdentityParts {
  readonly settings: PortIdentityParts["settings"] & {
    readonly port: number;
    readonly tokens: readonly KnownToken[];
  };
  readonly metrics: {
    readonly meter: Meter;
    readonly contentType: string;
    page(readings: Readings | undefined): Promise<string>;
  };
}

/**
 * Opened before everything else, so that whoever watches sees the start. Rejects with `port_taken`.
 * Nothing of a request is read before its sender is known.
 */
export async function openAdminPort(parts: AdminPortParts): Promise<AdminPort> {
  const { settings, metrics, clock, log } = parts;
  const takers: PortServer["renew"][] = [];
  const identity = await portIdentity(parts, (renewed) => {
    for (const take of takers) take(renewed);
  });
  const { address, port } = settings;
  const askerOf = createTokenCheck(settings.tokens, clock);
  const names = new Set(["localhost", bare(address), ...settings.hosts].map(lower));
  let served: Served | undefined;
  let absent = "the gateway is starting";

  const options = { name: "admin.port", address, port, identity: identity?.value, log };
  const server = await listenOnPort(options, (request, response) => {
    answer(request, response).catch((cause: unknown) => {
      log.error({ path: pathOf(request), err: cause }, "a request failed on our side");
      if (response.headersSent) response.destroy();
      else refuse(response, "internal");
    });
  }).catch((cause: unknown) => {
    identity?.close();
    throw cause;
  });
  takers.push(server.renew);
  log.info({ where: server.where }, "the admin port listens");

  return {
    ...server,
    async close() {
      identity?.close();
      await server.close();
    },
    shown() {
      if (identity === undefined) return [];
      const { path, validUntilMs, openKey } = identity.value;
      const { refused } = identity;
      const certificate = { path, validUntilMs, openKey, refused };
      return [{ owner: "The admin port", certificates: [certificate] }];
    },
    serve(given) {
      served = given;
    },
    stopping() {
      served = undefined;
      absent = "the gateway is stopping";
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!isOurName(request)) {
      metrics.meter.adminRefused("host");
      log.warn({ remote: remoteOf(request), why: "host" }, "refused at the admin port");
      return refuse(response, "wrong_host");
    }
    const path = pathOf(request);
    const reads = request.method === "GET" || request.method === "HEAD";
    if (path === "/healthz" && reads) return json(response, 200, { alive: true });
    if (path === "/readyz" && reads) return ready(response);
    if (path === "/metrics" && reads) {
      const free = isLoopback(remoteOf(request));
      if (free || known(request, response) !== undefined) await page(response);
      return;
    }
    if (!path.startsWith("/v1/"))
      return refuse(response, "bad_request", {
        status: 404,
        text: `there is no ${request.method} ${path}`,
      });
    const name = known(request, response);
    if (name === undefined) return;
    if (served === undefined) return refuse(response, "not_ready", { text: absent });
    // Whatever the request says of itself, its change is logged under the name of the token.
    request.headers[operatorHeader] = name;
    served.api(request, response);
  }

  async function ready(response: ServerResponse): Promise<void> {
    const health = await served?.health();
    // It may have begun to stop meanwhile.
    const reasons = served === undefined ? [absent] : (health?.reasons ?? []);
    return json(response, reasons.length === 0 ? 200 : 503, {
      ready: reasons.length === 0,
      reasons,
    });
  }

  async function page(response: ServerResponse): Promise<void> {
    const readings = await served?.readings().catch((cause: unknown) => {
      log.warn({ err: cause }, "metrics could not be read; those that are counted are told");
      return undefined;
    });
    const text = await metrics.page(readings);
    response.writeHead(200, { "content-type": metrics.contentType });
    response.end(text);
  }

  /** The name of the token; undefined when it was refused. */
  function known(request: IncomingMessage, response: ServerResponse): string | undefined {
    const remote = remoteOf(request);
    const asker = askerOf(request.headers.authorization, remote);
    if (asker.kind === "known") return asker.name;
    const why = asker.flood ? "flood" : "token";
    metrics.meter.adminRefused(why);
    log.warn({ remote, why }, "refused at the admin port");
    if (asker.flood)
      refuse(response, "throttled", { text: "too many requests without a right token" });
    else refuse(response, "bad_token", { headers: { "www-authenticate": "Bearer" } });
    return undefined;
  }

  /**
   * Against a page of somebody else's that lets its name lead to us, in the browser of who may reach
   * us: its requests carry that name. The address by which the request came in is none.
   */
  function isOurName(request: IncomingMessage): boolean {
    const { host } = request.headers;
    if (host === undefined) return false;
    const name = lower(bare(host.replace(/:\d+$/, "")));
    return names.has(name) || (isIP(name) !== 0 && name === plain(request.socket.localAddress));
  }
}

function refuse(
  response: ServerResponse,
  code: ErrorCode,
  more: {
    readonly status?: number;
    readonly text?: string;
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): void {
  const { status = ERRORS[code].http ?? 500, text = ERRORS[code].advice, headers } = more;
  // What else it has to say is not waited for.
  json(response, status, { code, message: text }, { connection: "close", ...headers });
}

function json(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
    ...headers,
  });
  response.end(text);
}

function pathOf({ url = "/" }: IncomingMessage): string {
  return url.replace(/[?#].*$/, "");
}

function remoteOf({ socket }: IncomingMessage): string {
  return plain(socket.remoteAddress);
}

/** An IPv4 address that came through a socket of IPv6 is itself. */
function plain(address = ""): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}

/** `[::1]` is `::1`. */
function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1");
}

function lower(text: string): string {
  return text.toLowerCase();
}
