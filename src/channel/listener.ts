import { type Server, type Socket, createServer } from "node:net";
import { GatewayError } from "../model/error.ts";
import type { Log } from "../model/log.ts";

export interface ListenOptions {
  readonly channel: string;
  readonly address: string;
  readonly port: number;
  readonly log: Log;
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
): Promise<Server | undefined> {
  const { channel, address, port, log } = options;
  const server = createServer({ noDelay: true }, onConnection);
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
  return server;
}

export function portOf(server: Server): number {
  const bound = server.address();
  return bound !== null && typeof bound === "object" ? bound.port : 0;
}

export function whereOf(server: Server): string {
  const bound = server.address();
  return bound !== null && typeof bound === "object" ? whereIs(bound.address, bound.port) : "";
}

function whereIs(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
