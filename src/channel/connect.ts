import { type Socket, connect, isIP } from "node:net";
import { TLSSocket, connect as connectTls } from "node:tls";
import type { ClientTls } from "./client-tls.ts";
import { tlsTrouble } from "./tls-trouble.ts";

export interface ConnectOptions {
  /** A name or an address, of IPv4 or IPv6; of a name with both the one that answers is taken. */
  readonly host: string;
  readonly port: number;
  /** An address of this host to connect from; undefined: the system takes one. */
  readonly localAddress?: string | undefined;
  /** undefined: in clear. */
  readonly tls: Pick<ClientTls, "context" | "verify" | "serverName" | "refusal"> | undefined;
  /** ms. From now until the connection stands, its TLS handshake included. */
  readonly timeoutMs: number;
}

export interface Connecting {
  /** Forgets it; nothing is called any more. */
  abandon(): void;
}

/** Connects. One of both is called, once: with the socket, or with why not, in a few words. */
export function connectTo(
  { host, port, localAddress, tls, timeoutMs }: ConnectOptions,
  connected: (socket: Socket) => void,
  failed: (why: string) => void,
): Connecting {
  const from = localAddress === undefined ? {} : { localAddress };
  const socket = tls === undefined ? connect({ host, port, ...from, noDelay: true }) : secure(tls);
  const limit = setTimeout(() => end("no connection in time"), timeoutMs);
  limit.unref();
  socket.once("error", onError);
  socket.once("close", onClose);
  socket.once(tls === undefined ? "connect" : "secureConnect", () => {
    const why = socket instanceof TLSSocket ? tls?.refusal(socket) : undefined;
    if (why !== undefined) return end(why);
    release();
    connected(socket);
  });
  return {
    abandon() {
      release();
      drop();
    },
  };

  function secure({ context, verify, serverName }: NonNullable<typeof tls>): Socket {
    const wanted = serverName ?? (isIP(host) === 0 ? host : "");
    return connectTls({
      host,
      port,
      ...from,
      secureContext: context,
      rejectUnauthorized: verify,
      // Not told by itself; without it a provider with several names shows the wrong certificate.
      ...(wanted !== "" && { servername: wanted }),
    });
  }

  function onError(cause: Error): void {
    end(
      tls === undefined
        ? "code" in cause
          ? String(cause.code)
          : cause.message
        : tlsTrouble(cause),
    );
  }

  function onClose(): void {
    end("it hung up");
  }

  function end(why: string): void {
    release();
    drop();
    failed(why);
  }

  function release(): void {
    clearTimeout(limit);
    socket.removeListener("error", onError);
    socket.removeListener("close", onClose);
  }

  function drop(): void {
    // A connection that is being made may still tell an error, which nobody waits for.
    socket.on("error", () => {});
    socket.destroy();
  }
}
