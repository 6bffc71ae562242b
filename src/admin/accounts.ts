import { GatewayError } from "../model/error.ts";
import { type Routes, nameSchema, operatorOf } from "./routes.ts";

interface NewAccount {
  readonly id: string;
  readonly password: string;
  readonly credits: number;
  readonly numbers: readonly string[];
}

interface Credit {
  readonly add: number;
  readonly note?: string;
  readonly correction?: boolean;
}

/** The store tells what is no amount, with better words. */
const credits = { type: "number" } as const;

const newAccount = {
  type: "object",
  required: ["id", "password"],
  additionalProperties: false,
  properties: {
    id: nameSchema,
    password: nameSchema,
    credits: { ...credits, default: 0 },
    numbers: { type: "array", items: nameSchema, maxItems: 1_000, default: [] },
  },
} as const;

/** A note may be longer here than it may be: the store tells that, too. */
const noteTextMax = 10_000;

const credit = {
  type: "object",
  required: ["add"],
  additionalProperties: false,
  properties: {
    add: credits,
    note: { type: "string", maxLength: noteTextMax },
    correction: { type: "boolean" },
  },
} as const;

const password = {
  type: "object",
  required: ["password"],
  properties: { password: nameSchema },
} as const;

/** An option may hold a whole template. */
const optionTextMax = 1_024;

const options = {
  type: "object",
  minProperties: 1,
  maxProperties: 64,
  additionalProperties: { type: "string", maxLength: optionTextMax },
} as const;

/** Customers: who they are, what they may spend, their passwords, what they have otherwise. */
export const accountRoutes: Routes = (server, { store: { accounts }, views, log }) => {
  server.get("/v1/accounts", () => views.accounts());
  server.post<{ Body: NewAccount }>(
    "/v1/accounts",
    { schema: { body: newAccount } },
    async (request, reply) => {
      const added = await accounts.add(request.body);
      const by = operatorOf(request);
      log.info({ account: added.id, credits: added.credits, by }, "account added");
      return reply.status(201).send(added);
    },
  );
  server.get<{ Params: { id: string } }>("/v1/accounts/:id", async ({ params: { id } }) => {
    const account = await accounts.detail(id);
    if (account !== undefined) return account;
    throw new GatewayError("unknown_account", `There is no account ${id}.`);
  });
  server.patch<{ Params: { id: string }; Body: Readonly<Record<string, string>> }>(
    "/v1/accounts/:id/options",
    { schema: { body: options } },
    async (request) => {
      const { params, body } = request;
      const account = await accounts.setOptions(params.id, body);
      const by = operatorOf(request);
      log.info({ account: params.id, options: Object.keys(body).join(" "), by }, "options set");
      return account;
    },
  );
  server.post<{ Params: { id: string }; Body: Credit }>(
    "/v1/accounts/:id/credit",
    { schema: { body: credit } },
    async (request) => {
      const { params, body } = request;
      const by = operatorOf(request);
      const { add, note, correction } = body;
      const account = await accounts.credit(params.id, add, { by, note, correction });
      const { id, credits: left } = account;
      log.info({ account: id, added: add, credits: left, by }, "credits added");
      return account;
    },
  );
  server.put<{ Params: { id: string }; Body: { password: string } }>(
    "/v1/accounts/:id/password",
    { schema: { body: password } },
    async (request, reply) => {
      const { params, body } = request;
      await accounts.setPassword(params.id, body.password);
      log.info({ account: params.id, by: operatorOf(request) }, "password changed");
      return reply.status(204).send();
    },
  );
};
