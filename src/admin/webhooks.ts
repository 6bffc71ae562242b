import { GatewayError } from "../model/error.ts";
import { idFrom } from "../model/id.ts";
import {
  type Routes,
  type WebhookControl,
  type WebhookWish,
  nameSchema,
  operatorOf,
} from "./routes.ts";

/** Dead calls that one answer has. */
const deadMax = 1_000;

/** ms. A key that was given away is not to sign for longer. */
const keepOldMsMax = 30 * 86_400_000;

const url = { type: "string", minLength: 1, maxLength: 4_000 } as const;
const form = { type: "string", enum: ["post", "get"] } as const;
const names = { type: "array", maxItems: 100, items: nameSchema } as const;
const own = { url, form, events: names, channels: names } as const;

const wished = {
  type: "object",
  required: ["account", "url"],
  additionalProperties: false,
  properties: { ...own, account: nameSchema, secret: nameSchema, elsewhere: { type: "boolean" } },
} as const;

const change = {
  type: "object",
  minProperties: 1,
  additionalProperties: false,
  properties: { ...own, enabled: { type: "boolean" } },
} as const;

const rotation = {
  type: "object",
  additionalProperties: false,
  properties: {
    keepOldMs: { type: "integer", minimum: 0, maximum: keepOldMsMax, default: 86_400_000 },
  },
} as const;

const which = {
  type: "object",
  additionalProperties: false,
  properties: { id: nameSchema, endpoint: nameSchema },
} as const;

const listed = {
  type: "object",
  additionalProperties: false,
  properties: {
    endpoint: nameSchema,
    limit: { type: "integer", minimum: 1, maximum: deadMax, default: 100 },
  },
} as const;

interface Id {
  readonly Params: { readonly id: string };
}

/** URLs of customers. A URL may hold a word that lets one in, so it stands in no log. */
export const webhookRoutes: Routes = (server, { webhooks: given, store, views, log }) => {
  server.get<{ Querystring: { account?: string } }>("/v1/webhooks", ({ query }) =>
    webhooks().list(query.account),
  );
  server.post<{ Body: WebhookWish & { readonly elsewhere?: boolean } }>(
    "/v1/webhooks",
    { schema: { body: wished } },
    async (request, reply) => {
      const { elsewhere = false, ...wish } = request.body;
      const { account } = wish;
      if (!elsewhere && (await store.accounts.get(account)) === undefined)
        throw new GatewayError("unknown_account", `There is no account ${account}.`);
      const added = await webhooks().add(wish);
      log.info({ webhook: added.endpoint.id, account, by: operatorOf(request) }, "webhook added");
      return reply.status(201).send(added);
    },
  );
  server.patch<Id & { Body: Parameters<WebhookControl["change"]>[1] }>(
    "/v1/webhooks/:id",
    { schema: { body: change } },
    async (request) => {
      const { params, body } = request;
      const endpoint = await webhooks().change(params.id, body);
      const changed = Object.keys(body).join(" ");
      log.info({ webhook: endpoint.id, changed, by: operatorOf(request) }, "webhook changed");
      return endpoint;
    },
  );
  server.delete<Id>("/v1/webhooks/:id", async (request) => {
    const { id } = request.params;
    const removed = await webhooks().remove(id);
    log.info({ webhook: id, ...removed, by: operatorOf(request) }, "webhook removed");
    return removed;
  });
  server.post<Id & { Body: { readonly keepOldMs: number } }>(
    "/v1/webhooks/:id/rotate",
    { schema: { body: rotation } },
    async (request) => {
      const { id } = request.params;
      const { keepOldMs } = request.body;
      const rotated = await webhooks().rotate(id, keepOldMs);
      log.info({ webhook: id, keepOldMs, by: operatorOf(request) }, "webhook has a new secret");
      return rotated;
    },
  );
  server.post<Id>("/v1/webhooks/:id/test", ({ params }) => webhooks().test(params.id));
  server.get<{ Querystring: { readonly endpoint?: string; readonly limit: number } }>(
    "/v1/webhook-calls/dead",
    { schema: { querystring: listed } },
    async ({ query }) => {
      const dead = await webhooks().dead(query.limit, query.endpoint);
      return views.showsText ? dead : dead.map((one) => ({ ...one, payload: "" }));
    },
  );
  server.post<{ Body: { readonly id?: string; readonly endpoint?: string } }>(
    "/v1/webhook-calls/resend",
    { schema: { body: which } },
    async (request) => {
      const { id, endpoint } = request.body;
      const call = id === undefined ? undefined : idFrom(id);
      if (id !== undefined && call === undefined)
        throw new GatewayError("unknown_dead_letter", `There is no dead call ${id}.`);
      const resent = await webhooks().resend({ id: call, endpoint });
      log.info(
        { ...resent, call, webhook: endpoint, by: operatorOf(request) },
        "webhook calls resent",
      );
      return resent;
    },
  );

  function webhooks(): WebhookControl {
    if (given !== undefined) return given;
    throw new GatewayError("overloaded", "The gateway starts.");
  }
};
