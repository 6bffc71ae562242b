import { API_SCOPES, type ApiKey, type ApiScope, makeKey } from "../model/api-key.ts";
import { allowListFrom } from "../model/allow-list.ts";
import { GatewayError } from "../model/error.ts";
import type { ApiKeyView, NewApiKeyView } from "../model/account-view.ts";
import { type Routes, nameSchema, operatorOf } from "./routes.ts";

interface NewKey {
  readonly account: string;
  readonly name: string;
  readonly scopes: readonly ApiScope[];
  readonly allowFrom: string;
  readonly expiresMs?: number;
}

const newKey = {
  type: "object",
  required: ["account"],
  additionalProperties: false,
  properties: {
    account: nameSchema,
    name: { type: "string", pattern: "^[A-Za-z0-9._-]{1,40}$", default: "default" },
    scopes: {
      type: "array",
      minItems: 1,
      uniqueItems: true,
      items: { enum: API_SCOPES },
      default: ["send", "read"],
    },
    allowFrom: { type: "string", maxLength: 4_000, default: "" },
    expiresMs: { type: "integer", minimum: 0, maximum: 8_640_000_000_000_000 },
  },
} as const;

const expiry = {
  type: "object",
  required: ["expiresMs"],
  additionalProperties: false,
  properties: { expiresMs: newKey.properties.expiresMs },
} as const;

/** The keys with which customers use the HTTP channel. A key is told once, when it is made. */
export const apiKeyRoutes: Routes = (server, { store: { apiKeys }, log }) => {
  server.get<{ Querystring: { account?: string } }>("/v1/api-keys", ({ query: { account } }) =>
    apiKeys.list(account).map(viewOf),
  );
  server.post<{ Body: NewKey }>(
    "/v1/api-keys",
    { schema: { body: newKey } },
    async (request, reply) => {
      const { account, name, scopes, allowFrom, expiresMs } = request.body;
      allowListFrom(allowFrom);
      const nowMs = Date.now();
      if (expiresMs !== undefined && expiresMs <= nowMs)
        throw new GatewayError("bad_request", "The key would have ended already.");
      const { id, text, sha256 } = makeKey();
      const by = operatorOf(request);
      const made = {
        id,
        account,
        name,
        sha256,
        scopes,
        allowFrom,
        createdMs: nowMs,
        expiresMs,
        by,
      };
      await apiKeys.add(made, nowMs);
      log.info({ account, key: id, name, scopes: scopes.join(" "), by }, "key made");
      const answer: NewApiKeyView = { ...viewOf(made), key: text };
      return reply.status(201).send(answer);
    },
  );
  server.patch<{ Params: { id: string }; Body: { expiresMs: number } }>(
    "/v1/api-keys/:id",
    { schema: { body: expiry } },
    async (request) => {
      const key = await apiKeys.expire(request.params.id, request.body.expiresMs);
      const { id, account } = key;
      log.info({ account, key: id, by: operatorOf(request) }, "end of a key set");
      return viewOf(key);
    },
  );
  server.delete<{ Params: { id: string } }>("/v1/api-keys/:id", async (request, reply) => {
    const { id, account } = await apiKeys.remove(request.params.id);
    log.info({ account, key: id, by: operatorOf(request) }, "key removed");
    return reply.status(204).send();
  });
};

function viewOf({ sha256: _sha256, ...shown }: ApiKey): ApiKeyView {
  return shown;
}
