import type { Socket } from "node:net";
import { Pool } from "undici";
import { GatewayError } from "../model/error.ts";
import { bodyOf, headersOf } from "./fetch-answer.ts";

/** What bounds requests to a host that the operator has named. */
export interface OneHostOptions {
  readonly origin: string;
  /** Connections, and so requests under way; who asks keeps below it. */
  readonly connections: number;
  /** ms. From now until the whole answer is there. */
  readonly timeoutMs: number;
  /** Of a body of an answer; a larger one is cut off. */
  readonly octetsMax: number;
  /** Connects, with TLS where there is some; one of both is called, once. */
  readonly connect: (connected: (socket: Socket) => void, failed: (why: string) => void) => void;
}

export type HostAnswer =
  | {
      readonly kind: "answer";
      readonly status: number;
      /** By their names in lower case. */
      readonly headers: Readonly<Record<string, string>>;
      readonly text: string;
    }
  /** There was no connection, so nothing was written. */
  | { readonly kind: "unreached"; readonly why: string }
  /** It was written, or may have been. */
  | { readonly kind: "unanswered"; readonly late: boolean; readonly why: string };

/** Asks one host, over connections that are kept. Follows no redirects. */
export interface OneHost {
  ask(request: {
    readonly method: string;
    /** Path and query. */
    readonly target: string;
    readonly headers: readonly (readonly [name: string, value: string])[];
    readonly body: string | undefined;
  }): Promise<HostAnswer>;
  /** Ends what is under way. */
  close(): Promise<void>;
}

/** Octets of all headers of an answer, as most servers have it. */
const headerOctetsMax = 16_384;
/** Milliseconds that a connection is kept for the next request: less than most servers keep theirs. */
const keepAliveMs = 4_000;

export function createOneHost(options: OneHostOptions): OneHost {
  const { origin, connections, timeoutMs, octetsMax, connect } = options;
  const pool = new Pool(origin, {
    connections,
    pipelining: 1,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
    maxHeaderSize: headerOctetsMax,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    allowH2: false,
    connect: (_asked, done) =>
      connect(
        (socket) => done(null, socket),
        (why) => done(new Unreached(why), null),
      ),
  });

  return {
    async ask({ method, target, headers, body }) {
      const path = target.startsWith("/") ? target : `/${target}`;
      try {
        const answer = await pool.request({
          method,
          path,
          headers: headers.flat(),
          body: body ?? null,
          signal: AbortSignal.timeout(timeoutMs),
        });
        const url = new URL(path, origin);
        const text = await bodyOf(answer, { url, octetsMax });
        return {
          kind: "answer",
          status: answer.statusCode,
          headers: headersOf(answer.headers),
          text,
        };
      } catch (cause) {
        return failure(cause, timeoutMs);
      }
    },
    close: () => pool.destroy(),
  };
}

class Unreached extends Error {}

function failure(cause: unknown, timeoutMs: number): HostAnswer {
  if (cause instanceof Unreached) return { kind: "unreached", why: cause.message };
  const name = cause instanceof Error ? cause.name : "";
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (name === "TimeoutError" || code.endsWith("_TIMEOUT"))
    return { kind: "unanswered", late: true, why: `no answer within ${timeoutMs} ms` };
  // Of a body that is too large or packed: its text names no address.
  const why =
    cause instanceof GatewayError
      ? cause.message.slice(cause.message.indexOf(": ") + 2)
      : code === "UND_ERR_SOCKET" || code === "ECONNRESET"
        ? "the connection was broken"
        : cause instanceof Error
          ? `${code} ${cause.message}`.trim()
          : String(cause);
  return { kind: "unanswered", late: false, why };
}
