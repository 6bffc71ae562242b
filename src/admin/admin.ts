import type { Gateway } from "../gateway/gateway.ts";
import { createHttpServer, listenOnSocket } from "../http/server.ts";
import { adminSocketPath } from "../model/admin-socket.ts";
import { GatewayError } from "../model/error.ts";
import type { Log } from "../model/log.ts";
import type { Status } from "../model/status.ts";
import type { Store } from "../store/store.ts";
import { type Views, createViews } from "./views.ts";

export interface Admin extends Views {
  /** Path of the unix socket, mode 0600: whoever may open it is the operator. */
  readonly socket: string;
  close(): Promise<void>;
}

interface NewAccount {
  readonly id: string;
  readonly password: string;
  readonly credits: number;
  readonly numbers: readonly string[];
}

const text = { type: "string", minLength: 1, maxLength: 256 } as const;
const credits = { type: "integer", minimum: -(2 ** 53) + 1, maximum: 2 ** 53 - 1 } as const;

/** Messages in one answer unless more are asked for. */
const listRows = 50;

/** JSON over a unix socket, for the CLI. Every change is logged with what was changed. */
export async function openAdmin(parts: {
  readonly gateway: Gateway;
  readonly store: Store;
  readonly dataDirectory: string;
  readonly log: Log;
}): Promise<Admin> {
  const { gateway, store, log } = parts;
  const views = createViews(gateway, store);
  const socket = adminSocketPath(parts.dataDirectory);
  const server = createHttpServer(log);
  const { accounts } = store;

  server.get("/v1/channels", async () => views.channels());
  server.get("/v1/sessions", async () => views.sessions());
  server.get("/v1/triggers", async () => views.triggers());
  server.get("/v1/accounts", () => views.accounts());

  const newAccount = {
    type: "object",
    required: ["id", "password"],
    additionalProperties: false,
    properties: {
      id: text,
      password: text,
      credits: { ...credits, default: 0 },
      numbers: { type: "array", items: text, maxItems: 1_000, default: [] },
    },
  } as const;
  server.post<{ Body: NewAccount }>(
    "/v1/accounts",
    { schema: { body: newAccount } },
    async (request, reply) => {
      const added = await accounts.add(request.body);
      log.info({ account: added.id, credits: added.credits }, "account added");
      return reply.status(201).send(added);
    },
  );

  const credit = { type: "object", required: ["add"], properties: { add: credits } } as const;
  server.post<{ Params: { id: string }; Body: { add: number } }>(
    "/v1/accounts/:id/credit",
    { schema: { body: credit } },
    async ({ params, body }) => {
      const account = await accounts.credit(params.id, body.add);
      log.info({ account: account.id, added: body.add, credits: account.credits }, "credits added");
      return account;
    },
  );

  const password = { type: "object", required: ["password"], properties: { password: text } };
  server.put<{ Params: { id: string }; Body: { password: string } }>(
    "/v1/accounts/:id/password",
    { schema: { body: password } },
    async ({ params, body }, reply) => {
      await accounts.setPassword(params.id, body.password);
      log.info({ account: params.id }, "password changed");
      return reply.status(204).send();
    },
  );

  const filter = {
    type: "object",
    additionalProperties: false,
    properties: {
      all: { type: "boolean", default: false },
      limit: { type: "integer", minimum: 1, maximum: 1_000, default: listRows },
      number: text,
      channel: text,
      account: text,
      status: text,
      before: text,
    },
  } as const;
  interface Filter {
    readonly all: boolean;
    readonly limit: number;
    readonly number?: string;
    readonly channel?: string;
    readonly account?: string;
    readonly status?: Status;
    readonly before?: string;
  }
  server.get<{ Querystring: Filter }>(
    "/v1/messages",
    { schema: { querystring: filter } },
    ({ query }) => views.messages(query),
  );
  server.get<{ Params: { id: string } }>("/v1/messages/:id", async ({ params }) => {
    const message = await views.message(params.id);
    if (message === undefined) throw notFound(params.id);
    return message;
  });
  server.get("/v1/dead-letters", () => views.deadLetters());
  server.get<{ Params: { key: string } }>("/v1/lives/:key", async ({ params }) => {
    const lives = await views.lives(params.key);
    if (lives.length === 0) throw notFound(params.key);
    return lives;
  });

  await listenOnSocket(server, socket);
  return { ...views, socket, close: () => server.close() };
}

function notFound(key: string): GatewayError {
  return new GatewayError("unknown_message_id", `no message is known by ${key}`);
}
