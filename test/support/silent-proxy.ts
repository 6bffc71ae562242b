import { once } from "node:events";
import { type Socket, connect, createServer } from "node:net";

/**
 * A network between two ends that can go silent: nothing passes in either direction and neither end is
 * told, as when a cable is pulled or a firewall forgets a connection. A connection that is made
 * meanwhile is taken and hears nothing.
 */
export interface SilentProxy extends AsyncDisposable {
  /** Connect here, on 127.0.0.1. */
  readonly port: number;
  /** Nothing passes any more. What is written stays in the kernel's buffers, as it would in a network. */
  silence(): void;
  /**
   * All passes again, what was held back first. An end that has been given up by the other side
   * meanwhile hears that now, as from the reset that answers its next packet.
   */
  heal(): void;
  /** Connections that stand now. */
  readonly connections: number;
}

/** `target` is asked for each connection, so that a far side may come back on another port. */
export async function startSilentProxy(target: () => number): Promise<SilentProxy> {
  const sockets = new Set<Socket>();
  const heldBack: Socket[] = [];
  let silent = false;

  const server = createServer({ noDelay: true, pauseOnConnect: true }, (near) => {
    keep(near);
    if (silent) heldBack.push(near);
    else join(near);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();

  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    silence() {
      silent = true;
      for (const socket of sockets) socket.pause();
    },
    heal() {
      silent = false;
      for (const near of heldBack.splice(0)) if (!near.destroyed) join(near);
      for (const socket of sockets) socket.resume();
    },
    get connections() {
      return sockets.size;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };

  function join(near: Socket): void {
    const far = keep(connect({ port: target(), host: "127.0.0.1", noDelay: true }));
    pass(near, far);
    pass(far, near);
    if (!silent) near.resume();
  }

  function pass(from: Socket, to: Socket): void {
    from.on("data", (chunk) => {
      if (to.write(chunk) || silent) return;
      from.pause();
      to.once("drain", () => {
        if (!silent) from.resume();
      });
    });
    from.once("end", () => to.end());
    from.once("close", () => to.destroy());
  }

  function keep(socket: Socket): Socket {
    sockets.add(socket);
    socket.on("error", () => undefined); // Cut on purpose; `close` follows.
    socket.once("close", () => sockets.delete(socket));
    return socket;
  }
}
