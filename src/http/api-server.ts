import { type IncomingMessage, type Server, createServer } from "node:http";
import type { Socket } from "node:net";
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";
import { type ErrorCode, GatewayError } from "../model/error.ts";
import type { Log } from "../model/log.ts";
import { type ProblemFacts, problemOf, problemType } from "./problem.ts";

/** Octets of all headers of a request; those of an honest one have less than two thousand. */
const headerOctetsMax = 16_384;

/** How often connections are looked at for those that are too slow. */
const lookEveryMs = 1_000;

/** Requests on one connection; then the customer connects again, so that no balance lasts for ever. */
const requestsPerConnectionMax = 1_000_000;

export interface ApiServerOptions {
  readonly bodyOctets: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveMs: number;
  /** Names each request; what it stores has the same id. */
  readonly newId: () => string;
  readonly log: Log;
  /** Called behind each answer, also to what never became a request. Costs well below a microsecond. */
  readonly answered?: (answer: ApiAnswer) => void;
}

/** How a request was answered. */
export interface ApiAnswer {
  readonly status: number;
  /** Of a refusal. */
  readonly code: string | undefined;
  /** Such as `POST /v1/messages`, without what stands in for a name in it. */
  readonly what: string;
  /** Of who asked; empty when that is not known any more. */
  readonly address: string;
}

/** A server for the public: it opens no port, but is given connections. */
export interface ApiServer {
  readonly routes: FastifyInstance;
  /** Called once, after the last route was added. */
  ready(): Promise<void>;
  take(socket: Socket): void;
  readonly connections: number;
  /** Connections without a request are closed, and each other one behind its answer. */
  drain(): void;
  /** Cuts off what is still under way. */
  close(): Promise<void>;
}

/** Checks are made of schemas at the start: none is loosened, and nothing of a request is changed. */
const strict = {
  removeAdditional: false,
  coerceTypes: false,
  useDefaults: false,
  allErrors: false,
  meta: false,
  validateSchema: false,
  strict: false,
} as const;

export function createApiServer(options: ApiServerOptions): ApiServer {
  const { bodyOctets, requestTimeoutMs, keepAliveMs, newId, log, answered } = options;
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  let draining = false;
  const routes = fastify({
    bodyLimit: bodyOctets,
    genReqId: () => newId(),
    requestIdHeader: false,
    ajv: { customOptions: strict },
    routerOptions: { maxParamLength: 200 },
    serverFactory: (listener) => {
      const made = createServer(
        {
          requestTimeout: requestTimeoutMs,
          headersTimeout: requestTimeoutMs,
          keepAliveTimeout: keepAliveMs,
          connectionsCheckingInterval: Math.min(lookEveryMs, requestTimeoutMs),
          maxHeaderSize: headerOctetsMax,
          noDelay: true,
        },
        listener,
      );
      made.maxRequestsPerSocket = requestsPerConnectionMax;
      server = made;
      return made;
    },
    clientErrorHandler(cause, socket) {
      const { remoteAddress: address = "" } = socket;
      const refused = refuseRaw(cause, socket, newId());
      if (refused !== undefined) answered?.({ ...refused, what: "a request", address });
    },
  });
  if (answered !== undefined)
    routes.addHook("onResponse", (request, reply, done) => {
      const { method, raw, routeOptions } = request;
      const what = `${method} ${routeOptions.url ?? "to an unknown path"}`;
      const { remoteAddress: address = "" } = raw.socket;
      answered({ status: reply.statusCode, code: refusals.get(reply), what, address });
      done();
    });
  routes.addHook("onRequest", (request, reply, done) => {
    reply.header("traceparent", traceparent(request.id));
    done();
  });
  routes.setErrorHandler((cause: unknown, request, reply) =>
    answerError(cause, request, reply, log),
  );
  routes.setNotFoundHandler((request, reply) =>
    refuse(reply, "unknown_path", {
      detail: `There is no ${request.method} ${request.url.split("?")[0]}.`,
      trace: request.id,
    }),
  );

  return {
    routes,
    async ready() {
      await routes.ready();
      // Node looks for slow requests from this event on; the ports are somebody else's.
      server?.emit("listening");
    },
    take(socket) {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      server?.emit("connection", socket);
      if (draining) server?.closeIdleConnections();
    },
    get connections() {
      return sockets.size;
    },
    drain() {
      draining = true;
      server?.closeIdleConnections();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await routes.close();
    },
  };
}

/** W3C trace context, version 00: by its 32 digits `signalbox trace` finds what the request stored. */
function traceparent(id: string): string {
  // Cut by hand: looking for the dashes took longer than finding the route.
  const span = id.slice(19, 23) + id.slice(24);
  return `00-${id.slice(0, 8)}${id.slice(9, 13)}${id.slice(14, 18)}${span}-${span}-00`;
}

/** Answers with a problem of the catalogue. */
export function refuse(
  reply: FastifyReply,
  code: ErrorCode | number,
  facts: ProblemFacts,
): FastifyReply {
  const body = problemOf(code, facts);
  refusals.set(reply, body.code);
  if (body.status === 429 || body.status === 503)
    reply.header("retry-after", Math.max(1, Math.ceil((facts.waitMs ?? soonMs) / 1_000)));
  if (body.status === 401) reply.header("www-authenticate", challenges);
  return reply
    .status(body.status)
    .header("content-type", problemType)
    .serializer(asIs)
    .send(JSON.stringify(body));
}

/** By which code each was refused, until it has gone out. */
const refusals = new WeakMap<FastifyReply, string>();

/** Queues are emptied all the time. */
const soonMs = 1_000;

const challenges = 'Bearer realm="signalbox", Basic realm="signalbox", charset="UTF-8"';

function asIs(text: unknown): string {
  return String(text);
}

function answerError(
  cause: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  log: Log,
): FastifyReply {
  const trace = request.id;
  if (cause instanceof GatewayError) {
    const field = "field" in cause && typeof cause.field === "string" ? cause.field : undefined;
    return refuse(reply, cause.code, { detail: cause.message, field, trace });
  }
  const known = knownFault(cause);
  if (known !== undefined) return refuse(reply, known.code, { ...known, trace });
  log.error({ err: cause, url: request.url.split("?")[0], trace }, "a request failed on our side");
  return refuse(reply, "internal", { trace });
}

interface Fault {
  readonly code: ErrorCode;
  readonly detail?: string;
  readonly field?: string;
}

/** What fastify refuses by itself. Its words may quote the request, so only those of a check are told. */
function knownFault(cause: unknown): Fault | undefined {
  if (typeof cause !== "object" || cause === null) return undefined;
  const [invalid] =
    "validation" in cause && Array.isArray(cause.validation) ? cause.validation : [];
  if (isInvalid(invalid)) return validationFault(invalid);
  const code = "code" in cause ? String(cause.code) : "";
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") return { code: "body_too_large" };
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE") return { code: "unsupported_media" };
  if (code.startsWith("FST_ERR_CTP_") || cause instanceof SyntaxError)
    return { code: "bad_request", detail: "The body is not JSON." };
  const status = "statusCode" in cause ? cause.statusCode : undefined;
  if (typeof status === "number" && status >= 400 && status < 500) return { code: "bad_request" };
  return undefined;
}

function isInvalid(found: unknown): found is Invalid {
  return typeof found === "object" && found !== null && "keyword" in found && "params" in found;
}

/** The first of what ajv found. */
interface Invalid {
  readonly instancePath: string;
  readonly message?: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
}

function validationFault({
  instancePath,
  message = "it is wrong",
  keyword,
  params,
}: Invalid): Fault {
  const extra = params["additionalProperty"] ?? params["missingProperty"];
  const path = [instancePath.slice(1).replaceAll("/", "."), extra].filter(
    (one) => typeof one === "string" && one !== "",
  );
  const field = path.join(".").slice(0, 100);
  const words =
    keyword === "additionalProperties"
      ? "there is no such field"
      : keyword === "required"
        ? "it is missing"
        : message;
  return {
    code: "bad_request",
    detail: field === "" ? `The request: ${words}.` : `${field}: ${words}.`,
    ...(field === "" ? {} : { field }),
  };
}

/** A request that never became one; undefined when nobody is there any more who could be told. */
function refuseRaw(
  cause: Error & { code?: string },
  socket: Socket,
  trace: string,
): Pick<ApiAnswer, "status" | "code"> | undefined {
  if (!socket.writable || socket.destroyed || cause.code === "ECONNRESET") {
    socket.destroy();
    return undefined;
  }
  const code =
    cause.code === "HPE_HEADER_OVERFLOW"
      ? "headers_too_large"
      : cause.code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? "slow_request"
        : "bad_request";
  const problem = problemOf(code, { trace });
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${problem.title}`,
    `content-type: ${problemType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
  return { status: problem.status, code };
}

export type { FastifyInstance, FastifyReply, FastifyRequest, IncomingMessage };
