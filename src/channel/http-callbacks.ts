import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { TLSSocket } from "node:tls";
import { allowListFrom, isAllowed } from "../model/allow-list.ts";
import { ERRORS, GatewayError, RETRIED_STATUSES, commandStatusOf } from "../model/error.ts";
import type { MessageAnswer, ReportAnswer } from "../model/event.ts";
import type { ChannelHost } from "./channel.ts";
import type { CallbackSettings } from "./http-client-settings.ts";
import { type Received, dataFrom } from "./http-provider/body.ts";
import type { Provider } from "./http-provider/provider.ts";
import { isOfProvider, isSame } from "./http-provider/signed.ts";
import type { Reading } from "./http-provider/told.ts";
import type { Taking } from "./http-taking.ts";
import { serverTls } from "./server-tls.ts";

/** Takes what one provider calls us with. */
export interface CallbackListener {
  readonly port: number;
  /** Callbacks that were refused because of what they are, or of who sent them. */
  refused(): number;
  certificates(): ReturnType<Awaited<ReturnType<typeof serverTls>>["certificates"]>;
  warnings(): readonly string[];
  underWay(): number;
  /** Cuts off what is still under way. */
  close(): Promise<void>;
}

type Answer = MessageAnswer | ReportAnswer;

export interface CallbackParts {
  readonly settings: CallbackSettings;
  readonly callbacks: NonNullable<Provider["callbacks"]>;
  /** `{user}` of the provider's file. */
  readonly user: string;
  readonly host: ChannelHost;
  /** An operator lets nobody in. */
  readonly isClosed: () => boolean;
  readonly take: Taking;
}

/** Milliseconds for a whole request to arrive; a slower one is cut off. */
const requestTimeoutMs = 10_000;
/** Milliseconds that an idle connection is kept. */
const keepAliveMs = 30_000;
/** A provider has a few machines, each with some connections. */
const connectionsMax = 500;
/** Octets of all headers of a request. */
const headerOctetsMax = 16_384;
/** Refused callbacks are told to the log this often, in milliseconds, and counted between. */
const tellRefusedMs = 60_000;
/** Seconds after which a provider may come again. */
const againSeconds = 5;

/** Refuses a callback with this status and these words. */
class Refused extends Error {
  readonly status: number;
  constructor(status: number, why: string) {
    super(why);
    this.status = status;
  }
}

/** Rejects with `port_taken`, or `bad_configuration` for files of TLS. */
export async function listenForCallbacks(parts: CallbackParts): Promise<CallbackListener> {
  const { settings, callbacks, user, host, isClosed, take } = parts;
  const { auth, readings } = callbacks;
  const { secret = "", bodyOctets, requestsMax } = settings;
  const allowed = allowListFrom(settings.allow);
  const where = `channels.${host.name}.callbacks`;
  const tls = settings.tls && (await serverTls(settings.tls, [settings.address], { host, where }));
  const limits = {
    requestTimeout: requestTimeoutMs,
    headersTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveMs,
    maxHeaderSize: headerOctetsMax,
    connectionsCheckingInterval: 1_000,
  };
  const listener = (request: IncomingMessage, response: ServerResponse): void =>
    void answer(request, response);
  const secure =
    tls &&
    createTlsServer({ ...limits, ...tls.options(), handshakeTimeout: requestTimeoutMs }, listener);
  tls?.onRenewed((options) => secure?.setSecureContext(options));
  const server: Server = secure ?? createServer(limits, listener);
  server.maxConnections = connectionsMax;
  let underWay = 0;
  let refused = 0;
  let toldMs = Number.NEGATIVE_INFINITY;
  await opened(server, settings, where).catch((cause: unknown) => {
    tls?.close();
    throw cause;
  });
  server.on("error", (cause) => host.log.warn({ err: cause }, "a callback was not taken"));
  const bound = server.address();

  return {
    port: bound !== null && typeof bound === "object" ? bound.port : settings.port,
    refused: () => refused,
    certificates: () => tls?.certificates() ?? [],
    warnings: () => tls?.warnings() ?? [],
    underWay: () => underWay,
    async close() {
      tls?.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    underWay += 1;
    try {
      const { status, type, body } = await taken(request, response);
      end(response, status, { type, body });
    } catch (cause) {
      const status = cause instanceof Refused ? cause.status : 500;
      if (!(cause instanceof Refused))
        host.log.error({ err: cause }, "a callback failed on our side");
      else if (status < 500) tellRefused(request, cause.message);
      const body = cause instanceof Refused ? cause.message : ERRORS.internal.advice;
      end(response, status, { type: "text/plain; charset=utf-8", body: `${body}\n` });
    } finally {
      underWay -= 1;
    }
  }

  async function taken(request: IncomingMessage, response: ServerResponse) {
    const { socket } = request;
    const remote = `${socket.remoteAddress ?? ""}:${socket.remotePort ?? 0}`;
    if (!isAllowed(allowed, mapped(remote))) throw new Refused(403, "not from there");
    const why = socket instanceof TLSSocket ? tls?.refusal(socket) : undefined;
    if (why !== undefined) throw new Refused(403, "not without a certificate of its own");
    if (isClosed() || underWay > requestsMax) throw new Refused(503, "not now");
    const url = new URL(`http://localhost${request.url?.startsWith("/") ? request.url : "/"}`);
    const found = readingsAt(url.pathname, request.method ?? "");
    const base = { headers: headersOf(request), query: url.searchParams };
    const who = { secret, user, nowMs: host.clock.nowMs() };
    const bare: Received = { ...base, text: "", data: undefined };
    if (auth.kind !== "hmac" && !isOfProvider(auth, bare, who))
      throw new Refused(401, "not who it should be");
    const text = await bodyOf(request, bodyOctets);
    if (auth.kind === "hmac" && !isOfProvider(auth, { ...bare, text }, who))
      throw new Refused(401, "its signature is not right, or too old");
    const told = found.flatMap(({ rule, tell }) => {
      const read = dataFrom(rule.body, text);
      if (read === undefined) throw new Refused(400, `its body is not ${rule.body}`);
      const all = tell({ ...base, text, data: read.data });
      if (all === undefined)
        throw new Refused(
          422,
          "something in it has no id, no number or no state, or it is too long",
        );
      return all;
    });
    const isOpen = (): boolean => !response.destroyed && !response.writableEnded;
    const answers = await Promise.all(told.map((one) => take(one, { remote, isOpen })));
    for (const one of answers) if (one.kind === "refused") throw refusedBy(one);
    return found[0]?.rule.reply ?? { status: 200, type: "text/plain", body: "" };
  }

  /** With a secret and no other way to show it, it is the first part of the path. */
  function readingsAt(path: string, method: string): readonly Reading[] {
    const [, first = "", ...rest] = path.split("/");
    const isHidden = auth.kind === "path" && secret !== "";
    const shown =
      isHidden && isSame(first, encodeURIComponent(secret)) ? `/${rest.join("/")}` : path;
    if (isHidden && shown === path) throw new Refused(404, "nothing is there");
    const there = readings.filter(({ rule }) => rule.path === shown);
    if (there.length === 0) throw new Refused(404, "nothing is there");
    const found = there.filter(({ rule }) => rule.methods.some((one) => one === method));
    if (found.length === 0) throw new Refused(405, `${method} is not taken there`);
    return found;
  }

  function tellRefused({ socket }: IncomingMessage, why: string): void {
    refused += 1;
    const nowMs = host.clock.tickMs();
    if (nowMs - toldMs < tellRefusedMs) return;
    toldMs = nowMs;
    // Neither path nor body: either may hold the secret or a text.
    host.log.warn({ from: socket.remoteAddress, why, refused }, "a callback was refused");
  }
}

function end(
  response: ServerResponse,
  status: number,
  { type, body }: { readonly type: string; readonly body: string },
): void {
  if (response.destroyed || response.headersSent) return;
  const more = status === 503 ? { "retry-after": String(againSeconds) } : {};
  // What was not read of a request cannot be told from the next one.
  const last = status === 413 || status === 401 ? { connection: "close" } : {};
  response.writeHead(status, { "content-type": type, ...more, ...last });
  response.end(body);
}

/** What is to come again is 503; what is not, as the catalogue has it. */
function refusedBy({ code }: Extract<Answer, { kind: "refused" }>): Refused {
  if (RETRIED_STATUSES.has(commandStatusOf(code))) return new Refused(503, "not now");
  const status = typeof code === "number" ? undefined : ERRORS[code].http;
  return new Refused(status ?? 422, typeof code === "number" ? "refused" : code);
}

async function bodyOf(request: IncomingMessage, octetsMax: number): Promise<string> {
  const large = new Refused(413, `larger than ${octetsMax} octets`);
  if (Number(request.headers["content-length"]) > octetsMax) throw large;
  if ((request.headers["content-encoding"] ?? "identity") !== "identity")
    throw new Refused(415, "packed bodies are not taken");
  const chunks: Buffer[] = [];
  let octets = 0;
  try {
    for await (const chunk of request) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- No encoding was set.
      const read = chunk as Buffer;
      octets += read.length;
      if (octets > octetsMax) throw large;
      chunks.push(read);
    }
  } catch (cause) {
    if (cause instanceof Refused) throw cause;
    throw new Refused(400, "it broke off");
  }
  return Buffer.concat(chunks).toString("utf8");
}

function headersOf({ headers }: IncomingMessage): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : value,
    ]),
  );
}

/** An address of IPv4 on a socket of both kinds (RFC 4291 §2.5.5.2). */
function mapped(remote: string): string {
  const bare = remote.replace(/^::ffff:(?=\d+\.)/, "");
  const at = bare.lastIndexOf(":");
  const address = bare.slice(0, at);
  return address.includes(":") ? `[${address}]${bare.slice(at)}` : bare;
}

async function opened(server: Server, settings: CallbackSettings, where: string): Promise<void> {
  const { address, port } = settings;
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: address, port }, () => {
        server.removeListener("error", reject);
        resolve();
      });
    });
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    const text = `${where}: ${address}:${port} cannot be listened on (${code})`;
    throw new GatewayError("port_taken", text, { cause });
  }
}
