import { keyOf } from "../gateway/opt-outs.ts";
import type { OptOutsPageView } from "../model/inbound-view.ts";
import { importOctetsMax } from "./numbers.ts";
import { type Routes, nameSchema, operatorOf } from "./routes.ts";

const number = { type: "string", minLength: 1, maxLength: 64 } as const;

const entry = {
  type: "object",
  required: ["number"],
  additionalProperties: false,
  properties: { number, account: nameSchema },
} as const;

const page = {
  type: "object",
  additionalProperties: false,
  properties: {
    account: { type: "string", maxLength: 256 },
    number,
    after: { type: "string", maxLength: 128, default: "" },
    limit: { type: "integer", minimum: 1, maximum: 1_000, default: 100 },
  },
} as const;

const file = {
  type: "object",
  required: ["csv"],
  additionalProperties: false,
  properties: { csv: { type: "string", maxLength: importOctetsMax } },
} as const;

interface Entry {
  readonly number: string;
  readonly account?: string;
}

/** Who wants no messages. */
export const optOutRoutes: Routes = (server, { store, optOuts }) => {
  server.get<{
    Querystring: { account?: string; number?: string; after: string; limit: number };
  }>("/v1/opt-outs", { schema: { querystring: page } }, async ({ query }) => {
    const { account, after, limit } = query;
    if (query.number !== undefined) {
      const found = await store.optOuts.of(keyOf(query.number));
      return { optOuts: found, next: undefined } satisfies OptOutsPageView;
    }
    const found = await store.optOuts.list({ account, after, limit: limit + 1 });
    const some = found.slice(0, limit);
    const last = found.length > limit ? some.at(-1) : undefined;
    const next = last && `${last.number} ${last.account}`;
    return { optOuts: some, next } satisfies OptOutsPageView;
  });
  server.post<{ Body: Entry }>("/v1/opt-outs", { schema: { body: entry } }, async (request) => {
    const { number: added, account } = request.body;
    return { changed: await optOuts.add(added, account, operatorOf(request)) };
  });
  server.delete<{ Querystring: Entry }>(
    "/v1/opt-outs",
    { schema: { querystring: entry } },
    async (request) => {
      const { number: removed, account } = request.query;
      return { changed: await optOuts.remove(removed, account, operatorOf(request)) };
    },
  );
  server.post<{ Body: { csv: string } }>(
    "/v1/opt-outs/import",
    { schema: { body: file }, bodyLimit: importOctetsMax },
    (request) => optOuts.import(request.body.csv, operatorOf(request)),
  );
};
