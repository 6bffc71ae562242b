import { type Server, type Socket, createServer } from "node:net";
import { type TLSSocket, createServer as createTlsServer } from "node:tls";
import { GatewayError } from "../model/error.ts";
import type { Log } from "../model/log.ts";
import type { ServerTls } from "./server-tls.ts";
import { handshakeTrouble } from "./tls-trouble.ts";

export interface ListenOptions {
  readonly channel: string;
  readonly address: string;
  readonly port: number;
  readonly log: Log;
  /** Connections with TLS only; `onConnection` is then called after the handshake. */
  readonly tls?: {
    readonly shown: Pick<ServerTls, "options" | "onRenewed" | "refusal">;
    /** ms. A handshake that is not done by then is cut off, however busy it is. */
    readonly handshakeTimeoutMs: number;
    /** Those in their handshake included; more are closed at once. */
    readonly connectionsMax: number;
  };
}

/** A port that takes connections. */
export interface Listener {
  readonly port: number;
  /** `address:port` as an operator reads it. */
  readonly where: string;
  /** Takes no more connections; those that were handed over go on. */
  close(): void;
}

/** Connections that wait in the kernel to be taken while the process is busy; Linux caps it itself. */
const backlog = 511;

/**
 * Listens on one address. undefined when the machine has no such loopback address: a machine
 * without IPv6 serves the other addresses all the same.
 */
export async function listen(
  options: ListenOptions,
  onConnection: (socket: Socket) => void,
): Promise<Listener | undefined> {
  const { channel, address, port, log } = options;
  const { server, cutHandshakes } = serverOf(options, onConnection);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: address, port, backlog, ipv6Only: address.includes(":") }, resolve);
    });
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (address === "::1" && (code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT")) {
      log.warn({ address }, "this machine has no IPv6, so this address is left out");
      return undefined;
    }
    const where = `channel ${channel}: ${whereIs(address, port)}`;
    if (code === "EADDRINUSE")
      throw new GatewayError("port_taken", `${where} is taken by another program`, { cause });
    throw new GatewayError("port_taken", `${where} cannot be listened on (${String(code)})`, {
      cause,
    });
  }
  // After the start an error concerns one connection that could not be taken, never the listener.
  server.on("error", (cause) => log.warn({ address, err: cause }, "a connection was not taken"));
  const bound = server.address();
  const at = bound !== null && typeof bound === "object" ? bound : { address, port };
  return {
    port: at.port,
    where: whereIs(at.address, at.port),
    close() {
      server.close();
      cutHandshakes();
    },
  };
}

interface Opened {
  readonly server: Server;
  /** Ends the connections that have not been handed over. */
  cutHandshakes(): void;
}

function serverOf(options: ListenOptions, onConnection: (socket: Socket) => void): Opened {
  const { tls, log } = options;
  if (tls === undefined)
    return { server: createServer({ noDelay: true }, onConnection), cutHandshakes() {} };
  const { shown, handshakeTimeoutMs, connectionsMax } = tls;
  const server = createTlsServer({ noDelay: true, ...shown.options() });
  // Sessions that are bound keep what they have.
  shown.onRenewed((options) => server.setSecureContext(options));
  server.maxConnections = connectionsMax;
  server.on("drop", (dropped) =>
    log.warn({ remote: dropped?.remoteAddress, sessionsMax: connectionsMax }, "connection refused"),
  );

  /** By the peer's address and port, which the secured socket has in common with the bare one. */
  const shaking = new Map<string, { readonly bare: Socket; readonly limit: NodeJS.Timeout }>();
  server.on("connection", (bare: Socket) => {
    const remote = peerOf(bare);
    // Node's own limit counts from the last octet, and then only tells.
    const limit = setTimeout(
      () => fail(remote, "the TLS handshake was not done in time"),
      handshakeTimeoutMs,
    );
    shaking.set(remote, { bare, limit: limit.unref() });
    bare.once("close", () => settle(remote));
  });
  server.on("secureConnection", (socket: TLSSocket) => {
    const remote = peerOf(socket);
    settle(remote);
    const why = shown.refusal(socket);
    if (why === undefined) return onConnection(socket);
    log.info({ remote, why }, "a TLS handshake failed");
    // Not the bare one: OpenSSL is still in the call that told us, and the process would crash.
    socket.destroy();
  });
  server.on("tlsClientError", (cause, socket) => fail(peerOf(socket), handshakeTrouble(cause)));

  function fail(remote: string, why: string): void {
    const bare = settle(remote);
    if (bare === undefined) return;
    log.info({ remote, why }, "a TLS handshake failed");
    // Not from within the call of OpenSSL that may have told us.
    setImmediate(() => bare.destroy());
  }

  function settle(remote: string): Socket | undefined {
    const one = shaking.get(remote);
    clearTimeout(one?.limit);
    shaking.delete(remote);
    return one?.bare;
  }

  return {
    server,
    cutHandshakes() {
      for (const [remote, { bare }] of shaking) {
        settle(remote);
        bare.destroy();
      }
    },
  };
}

function peerOf({ remoteAddress = "?", remotePort = 0 }: Socket): string {
  return whereIs(remoteAddress, remotePort);
}

function whereIs(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
