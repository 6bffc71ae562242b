import type { NumbersPageView } from "../model/inbound-view.ts";
import { type Routes, nameSchema, operatorOf } from "./routes.ts";

const pattern = { type: "string", minLength: 1, maxLength: 64 } as const;
const keyword = { type: "string", maxLength: 64, default: "" } as const;

/** Octets of a file: as many lines as it may have, of ranges with long names. */
export const importOctetsMax = 8 * 1024 * 1024;

const place = {
  type: "object",
  required: ["pattern"],
  additionalProperties: false,
  properties: { pattern, keyword },
} as const;

const row = {
  type: "object",
  required: ["pattern", "account"],
  additionalProperties: false,
  properties: { pattern, keyword, account: nameSchema },
} as const;

const page = {
  type: "object",
  additionalProperties: false,
  properties: {
    account: nameSchema,
    after: { type: "string", maxLength: 128, default: "" },
    limit: { type: "integer", minimum: 1, maximum: 1_000, default: 100 },
  },
} as const;

const question = {
  type: "object",
  required: ["number"],
  additionalProperties: false,
  properties: { number: pattern, text: { type: "string", maxLength: 2_000, default: "" } },
} as const;

const file = {
  type: "object",
  required: ["csv"],
  additionalProperties: false,
  properties: {
    csv: { type: "string", maxLength: importOctetsMax },
    replace: { type: "boolean", default: false },
  },
} as const;

interface Place {
  readonly pattern: string;
  readonly keyword: string;
}

/** Whose messages to which numbers are. */
export const numberRoutes: Routes = (server, { store, inbound }) => {
  server.get<{ Querystring: { account?: string; after: string; limit: number } }>(
    "/v1/numbers",
    { schema: { querystring: page } },
    async ({ query: { account, after, limit } }) => {
      const found = await store.numbers.list({ account, after, limit: limit + 1 });
      const numbers = found.slice(0, limit);
      const last = found.length > limit ? numbers.at(-1) : undefined;
      const next = last && `${last.pattern} ${last.keyword}`;
      return { numbers, next } satisfies NumbersPageView;
    },
  );
  server.get<{ Querystring: { number: string; text: string } }>(
    "/v1/numbers/owner",
    { schema: { querystring: question } },
    ({ query: { number, text } }) => inbound.check(number, text),
  );
  server.post<{ Body: Place & { account: string } }>(
    "/v1/numbers",
    { schema: { body: row } },
    async (request, reply) =>
      reply.status(201).send(await inbound.add(request.body, operatorOf(request))),
  );
  server.delete<{ Querystring: Place }>(
    "/v1/numbers",
    { schema: { querystring: place } },
    async (request, reply) => {
      await inbound.remove(request.query, operatorOf(request));
      return reply.status(204).send();
    },
  );
  server.post<{ Body: { csv: string; replace: boolean } }>(
    "/v1/numbers/import",
    { schema: { body: file }, bodyLimit: importOctetsMax },
    (request) => {
      const { csv, replace } = request.body;
      return inbound.import(csv, { replace, by: operatorOf(request) });
    },
  );
};
