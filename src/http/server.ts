import { rm } from "node:fs/promises";
import { type FastifyInstance, fastify } from "fastify";
import { ERRORS, GatewayError } from "../model/error.ts";
import type { Log } from "../model/log.ts";

export type { FastifyInstance } from "fastify";

/** Octets of a request's body; what people and scripts send us over HTTP is far smaller. */
const bodyOctetsMax = 1_048_576;

/** Milliseconds for a whole request to arrive; a slower one is cut off (408). */
const requestTimeoutMs = 10_000;

/** A server with our limits, and with our catalogue of errors in every refusal. */
export function createHttpServer(log: Log): FastifyInstance {
  const server = fastify({
    bodyLimit: bodyOctetsMax,
    requestTimeout: requestTimeoutMs,
    forceCloseConnections: true,
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

function statusOf(cause: unknown): number {
  if (typeof cause !== "object" || cause === null || !("statusCode" in cause)) return 500;
  return typeof cause.statusCode === "number" ? cause.statusCode : 500;
}
