import { GatewayError } from "../model/error.ts";
import { type PasswordScheme, passwordSchemes } from "../model/kept-password.ts";
import { type Routes, nameSchema, operatorOf } from "./routes.ts";

interface NewPassword {
  readonly password?: string;
  readonly hash?: string;
  readonly scheme?: PasswordScheme;
}

interface NewAccount extends NewPassword {
  readonly id: string;
  readonly credits: number;
  readonly numbers: readonly string[];
  readonly options: Readonly<Record<string, string>>;
}

interface EndsSessions {
  readonly endSessions?: boolean;
}

interface Credit {
  readonly add: number;
  readonly note?: string;
  readonly correction?: boolean;
}

/** The store tells what is no amount, with better words. */
const credits = { type: "number" } as const;

/** A password may be longer here than it may be, and be empty: the store tells that, too. */
const newPassword = {
  password: { type: "string", maxLength: 1_024 },
  hash: nameSchema,
  scheme: { type: "string", enum: passwordSchemes },
} as const;

/** An option may hold a whole template. */
const optionTextMax = 1_024;

const optionTexts = {
  type: "object",
  maxProperties: 64,
  additionalProperties: { type: "string", maxLength: optionTextMax },
} as const;

const newAccount = {
  type: "object",
  required: ["id"],
  additionalProperties: false,
  properties: {
    ...newPassword,
    id: { type: "string", maxLength: 256 },
    options: { ...optionTexts, default: {} },
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

const endSessions = { type: "boolean", default: false } as const;

const password = {
  type: "object",
  additionalProperties: false,
  properties: { ...newPassword, endSessions },
} as const;

const access = {
  type: "object",
  required: ["enabled"],
  additionalProperties: false,
  properties: { enabled: { type: "boolean" }, endSessions },
} as const;

const options = { ...optionTexts, minProperties: 1 } as const;

const listing = {
  type: "object",
  additionalProperties: false,
  properties: { usage: { type: "boolean", default: false } },
} as const;

const nothingUsed = { messages: 0, charged: 0, committed: 0, refunded: 0 };

/** Customers: who they are, what they may spend, their passwords, what they have otherwise. */
export const accountRoutes: Routes = (server, { store, gateway, views, log }) => {
  const { accounts } = store;
  server.get<{ Querystring: { usage: boolean } }>(
    "/v1/accounts",
    { schema: { querystring: listing } },
    async ({ query: { usage } }) => {
      const all = await views.accounts();
      const used = usage ? await store.ledger.usage() : undefined;
      const sessions = Map.groupBy(gateway.customerSessions(), ({ account }) => account);
      return all.map((one) => ({
        ...one,
        access: accounts.optionsOf(one.id).access,
        sessions: sessions.get(one.id)?.length ?? 0,
        ...(used !== undefined && { usage: used.get(one.id) ?? nothingUsed }),
      }));
    },
  );
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
  server.put<{ Params: { id: string }; Body: NewPassword & EndsSessions }>(
    "/v1/accounts/:id/password",
    { schema: { body: password } },
    async (request) => {
      const { params, body } = request;
      const { endSessions: ends, ...given } = body;
      const { warnings } = await accounts.setPassword(params.id, given);
      const ended = ends === true ? gateway.endSessions(params.id) : 0;
      log.info({ account: params.id, ended, by: operatorOf(request) }, "password changed");
      return { warnings, ended };
    },
  );
  server.put<{ Params: { id: string }; Body: { enabled: boolean } & EndsSessions }>(
    "/v1/accounts/:id/access",
    { schema: { body: access } },
    async (request) => {
      const { params, body } = request;
      const word = body.enabled ? "enabled" : "disabled";
      await accounts.setOptions(params.id, { access: word });
      const ended = body.endSessions === true ? gateway.endSessions(params.id) : 0;
      log.info({ account: params.id, ended, by: operatorOf(request) }, `account ${word}`);
      return { access: word, ended };
    },
  );
};
