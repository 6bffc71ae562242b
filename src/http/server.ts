import { rm } from "node:fs/promises";
import { type RequestListener, type Server, createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type FastifyInstance, fastify } from "fastify";
import { ERRORS, GatewayError } from "../model/error.ts";
import type { Log } from "../model/log.ts";
import type { KeyAndCertificate } from "./self-signed.ts";

export type { FastifyInstance, FastifyRequest } from "fastify";

/** Octets of a request's body; what people and scripts send us over HTTP is far smaller. */
const bodyOctetsMax = 1_048_576;

/** Milliseconds for a whole request to arrive; a slower one is cut off (408). */
const requestTimeoutMs = 10_000;

/** Connections to a port for monitoring and operators: a few programs, some of them several times. */
const portConnectionsMax = 200;

/**
 * Schemas are turned into functions at each start. To check them by the schema of schemas and to shorten what
 * comes out took three quarters of that, a fifth of all that a start takes; few requests come here.
 */
const quickStart = { meta: false, validateSchema: false, code: { optimize: false } } as const;

/** A server with our limits, and with our catalogue of errors in every refusal. */
export function createHttpServer(log: Log): FastifyInstance {
  const server = fastify({
    bodyLimit: bodyOctetsMax,
    requestTimeout: requestTimeoutMs,
    forceCloseConnections: true,
    ajv: { customOptions: quickStart },
  });
  server.setErrorHandler(async (cause: unknown, request, reply) => {
    if (cause instanceof GatewayError) {
      const status = cause.entry.http ?? 500;
      return reply.status(status).send({ code: cause.code, message: cause.message });
    }
    const status = statusOf(cause);
    if (status >= 500) log.error({ err: cause, url: request.url }, "a request failed on our side");
    const message = cause instanceof Error && status < 500 ? cause.message : ERRORS.internal.advice;
    return reply.status(status).send({ code: status < 500 ? "bad_request" : "internal", message });
  });
  server.setNotFoundHandler(async (request, reply) =>
    reply
      .status(404)
      .send({ code: "bad_request", message: `there is no ${request.method} ${request.url}` }),
  );
  return server;
}

/** Listens on a unix socket that only this user may open; one that an earlier start left is removed. */
export async function listenOnSocket(server: FastifyInstance, path: string): Promise<void> {
  await rm(path, { force: true });
  // The mode is set by the mask, so that there is no moment in which others could connect.
  const mask = process.umask(0o177);
  try {
    await server.listen({ path });
  } finally {
    process.umask(mask);
  }
}

/** A TCP port that takes requests. */
export interface PortServer {
  readonly port: number;
  /** `http://127.0.0.1:2790` */
  readonly where: string;
  /** New connections are shown this; does nothing where there is no TLS. */
  renew(identity: KeyAndCertificate): void;
  /** Cuts off what is still under way. */
  close(): Promise<void>;
}

/** Listens for requests, with TLS where there is an identity. Rejects with `port_taken`. */
export async function listenOnPort(
  options: {
    /** The setting, for errors: `admin.port`. */
    readonly name: string;
    readonly address: string;
    readonly port: number;
    readonly identity: KeyAndCertificate | undefined;
    readonly log: Log;
  },
  listener: RequestListener,
): Promise<PortServer> {
  const { name, address, port, identity, log } = options;
  const limits = { requestTimeout: requestTimeoutMs, headersTimeout: requestTimeoutMs };
  const secure = identity && createTlsServer({ ...limits, ...contextOf(identity) }, listener);
  const server: Server = secure ?? createServer(limits, listener);
  server.maxConnections = portConnectionsMax;
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: address, port }, resolve);
    });
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    const text = `${name}: ${address}:${port} cannot be listened on (${code})`;
    throw new GatewayError("port_taken", text, { cause });
  }
  server.on("error", (cause) => log.warn({ name, err: cause }, "a connection was not taken"));
  const bound = server.address();
  const at = bound !== null && typeof bound === "object" ? bound : { address, port };
  const host = at.address.includes(":") ? `[${at.address}]` : at.address;
  return {
    port: at.port,
    where: `${identity === undefined ? "http" : "https"}://${host}:${at.port}`,
    renew: (renewed) => secure?.setSecureContext(contextOf(renewed)),
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function contextOf({ key, certificate: cert }: KeyAndCertificate) {
  return { key, cert, minVersion: "TLSv1.2" } as const;
}

function statusOf(cause: unknown): number {
  if (typeof cause !== "object" || cause === null || !("statusCode" in cause)) return 500;
  return typeof cause.statusCode === "number" ? cause.statusCode : 500;
}
