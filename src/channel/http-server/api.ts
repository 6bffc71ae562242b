import type { Socket } from "node:net";
import { z } from "../../config/schema.ts";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "../../http/api-server.ts";
import { refuse } from "../../http/api-server.ts";
import type { ApiScope } from "../../model/api-key.ts";
import type { ChannelHost } from "../channel.ts";
import type { HttpServerSettings } from "../http-server-settings.ts";
import type { Caller, Login, Origin } from "./login.ts";

/** What the routes of the API are made of; one file of this folder per noun. */
export interface ApiParts {
  readonly host: ChannelHost;
  readonly settings: HttpServerSettings;
  readonly callers: Callers;
  /** The channel takes nothing new: why; undefined while it does. */
  readonly closed: () => "overloaded" | "channel_drained" | undefined;
  /** Messages whose answer is being decided or committed. */
  readonly work: Work;
}

/** Counts what is under way, so that it has a limit and a stop can wait for it. */
export interface Work {
  readonly count: number;
  /** Room for so many more? Then they count. */
  begin(messages: number): boolean;
  end(messages: number): void;
  /** Settles when nothing is under way. */
  settled(): Promise<void>;
}

/** Adds the routes of one noun. */
export type ApiRoutes = (routes: FastifyInstance, parts: ApiParts) => void;

/** Who asks, found out before the body is read. */
export interface Callers {
  /** Called once, before the routes are added: each request has a place for who asks. */
  join(routes: FastifyInstance): void;
  /** A hook for routes that need this scope. */
  need(scope: ApiScope): (request: FastifyRequest, reply: FastifyReply, done: () => void) => void;
  /** Of a request that came through the hook. */
  of(request: FastifyRequest): Caller;
}

export function createCallers(login: Login): Callers {
  const origins = new WeakMap<Socket, Origin>();
  return {
    join(routes) {
      routes.decorateRequest(callerField, null);
    },
    need(scope) {
      return (request, reply, done) => {
        const found = login.of(request.headers.authorization, originOf(request));
        if (found instanceof Promise) found.then(take, (cause: unknown) => reply.send(cause));
        else take(found);

        function take(who: Awaited<typeof found>): void {
          if ("code" in who) {
            refuse(reply, who.code, { ...who, trace: request.id });
          } else if (who.scopes.includes(scope) || who.scopes.includes("admin")) {
            request.setDecorator(callerField, who);
            done();
          } else {
            const detail = `It may not ${scope}.`;
            refuse(reply, "missing_scope", { detail, trace: request.id });
          }
        }
      };
    },
    of(request) {
      const caller = request.getDecorator<Caller | null>(callerField);
      if (caller === null) throw new Error("a route without its hook");
      return caller;
    },
  };

  /** One object for each connection: by it the login knows what was shown on it before. */
  function originOf({ raw: { socket } }: FastifyRequest): Origin {
    const known = origins.get(socket);
    if (known !== undefined) return known;
    const { remoteAddress: address = "", remotePort = 0 } = socket;
    const origin: Origin = {
      address,
      remote: address.includes(":") ? `[${address}]:${remotePort}` : `${address}:${remotePort}`,
      tls: "encrypted" in socket,
      isOpen: () => !socket.destroyed,
    };
    origins.set(socket, origin);
    return origin;
  }
}

/** Where a request keeps who asks. */
const callerField = "caller";

export function createWork(most: number): Work {
  let count = 0;
  let waiting: (() => void)[] = [];
  return {
    get count() {
      return count;
    },
    begin(messages) {
      // One that is larger than the limit goes alone.
      if (count > 0 && count + messages > most) return false;
      count += messages;
      return true;
    },
    end(messages) {
      count -= messages;
      if (count > 0) return;
      for (const settled of waiting) settled();
      waiting = [];
    },
    async settled() {
      if (count > 0) await new Promise<void>((settled) => waiting.push(settled));
    },
  };
}

/** A schema as fastify and OpenAPI want it. */
export function jsonOf(schema: z.ZodType, io: "input" | "output" = "input"): object {
  const { $schema: _schema, id: _id, ...json } = z.toJSONSchema(schema, { io, reused: "inline" });
  return json;
}
