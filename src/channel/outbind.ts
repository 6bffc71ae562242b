import type { Socket } from "node:net";
import { z } from "../config/schema.ts";
import { textField } from "../smpp/rare.ts";
import type { OtherRequest, Session } from "../smpp/session.ts";
import type { ChannelHost } from "./channel.ts";
import { type Listener, listen } from "./listener.ts";

/** Connections that have not said outbind yet; a provider has a few, others are closed at once. */
const callersMax = 20;

export const outbindSettings = z
  .strictObject({
    address: z
      .array(z.string().min(1))
      .min(1)
      .default(["127.0.0.1", "::1"])
      .describe("Local addresses to listen on; `0.0.0.0` and `::` mean all."),
    port: z.int().min(0).max(65_535).describe("TCP port; 0 takes a free one."),
    systemId: z
      .string()
      .min(1)
      .max(16)
      .optional()
      .describe("system_id that the provider has to call with; any when it is left out."),
    password: z
      .string()
      .max(64)
      .optional()
      .meta({ secret: true })
      .describe("Password that the provider has to call with; any when it is left out."),
  })
  .describe(
    "For a provider that connects to us (outbind): we listen here, do not call it ourselves, and bind on the connection that it opens.",
  );

export type OutbindSettings = z.infer<typeof outbindSettings>;

/** Where a provider calls us, so that we bind on its own connection (SMPP v3.4 §2.2.1, §4.1.7). */
export interface OutbindListener {
  /** Looks at a request that is no message; false when it is no outbind. */
  take(request: OtherRequest, session: Session): boolean;
  /** `address:port`, as an operator reads it. */
  readonly where: string;
  ports(): readonly number[];
  /** Takes no more calls; sessions that were taken over go on. */
  close(): void;
}

/**
 * `open` makes a session of a connection, which has to bind in time as any; `adopt` takes it over to
 * bind on it, and is false when as many are bound as may be.
 */
export async function listenForOutbind(
  settings: OutbindSettings,
  { name, log }: Pick<ChannelHost, "name" | "log">,
  { open, adopt }: { open(socket: Socket): Session; adopt(session: Session): boolean },
): Promise<OutbindListener> {
  const callers = new Set<Session>();
  const listeners: Listener[] = [];
  const onConnection = (socket: Socket): void => {
    if (callers.size >= callersMax) {
      log.warn({ remote: socket.remoteAddress, callersMax }, "a call was refused");
      socket.destroy();
      return;
    }
    const session = open(socket);
    callers.add(session);
    socket.once("close", () => callers.delete(session));
  };
  const { port } = settings;
  for (const address of settings.address) {
    const listener = await listen({ channel: name, address, port, log }, onConnection);
    if (listener !== undefined) listeners.push(listener);
  }

  return {
    take(request, session) {
      if (request.command !== "outbind") return false;
      if (!callers.has(session)) {
        log.warn({ session: session.id }, "outbind on a connection that we have opened");
        return true;
      }
      const systemId = textField(request.fields, "system_id");
      const isKnown =
        isAs(settings.systemId, systemId) &&
        isAs(settings.password, textField(request.fields, "password"));
      if (isKnown && adopt(session)) callers.delete(session);
      else {
        log.warn({ remote: session.remote, systemId, isKnown }, "an outbind was refused");
        session.close("bind_refused");
      }
      return true;
    },
    where: listeners.map(({ where }) => where).join(", "),
    ports: () => listeners.map((one) => one.port),
    close() {
      for (const listener of listeners) listener.close();
      for (const session of callers) session.close("draining");
    },
  };
}

function isAs(wanted: string | undefined, given: string): boolean {
  return wanted === undefined || wanted === given;
}
