import { progressLines, progressType } from "./progress.ts";
import { type Routes, nameSchema, operatorOf } from "./routes.ts";

/** Entries that one answer has at most. */
const entriesMax = 10_000;

const entriesUsual = 50;

const query = {
  type: "object",
  additionalProperties: false,
  properties: {
    limit: { type: "integer", minimum: 1, maximum: entriesMax, default: entriesUsual },
  },
} as const;

const wanted = {
  type: "object",
  additionalProperties: false,
  properties: { account: nameSchema },
} as const;

const month = {
  type: "object",
  required: ["account", "month"],
  additionalProperties: false,
  properties: { account: nameSchema, month: nameSchema },
} as const;

/**
 * What was held, committed, refunded and paid in. A check is a line of JSON for each step, `{done, total}`
 * in blocks of the tables, and at last `{checked}` with the sums and what does not add up, or
 * `{code, message}`. Whoever hangs up ends it after the step that is under way.
 */
export const ledgerRoutes: Routes = (server, { store: { ledger }, log }) => {
  server.get<{ Params: { id: string }; Querystring: { limit: number } }>(
    "/v1/accounts/:id/ledger",
    { schema: { querystring: query } },
    ({ params, query: { limit } }) => ledger.entries(params.id, limit),
  );
  server.post<{ Body: { account: string; month: string } }>(
    "/v1/ledger/reports",
    { schema: { body: month } },
    async (request, reply) => {
      const by = operatorOf(request);
      const words = { finished: "a month was reported", broken: "a report was broken off" };
      const steps = ledger.report(request.body.account, request.body.month);
      const lines = await progressLines(steps, { as: "reported", ...words, by, log });
      return reply.type(progressType).send(lines);
    },
  );
  server.post<{ Body: { account?: string } }>(
    "/v1/ledger/checks",
    { schema: { body: wanted } },
    async (request, reply) => {
      const by = operatorOf(request);
      const words = { finished: "the ledger was checked", broken: "a check was broken off" };
      const steps = ledger.check(request.body.account);
      const lines = await progressLines(steps, { as: "checked", ...words, by, log });
      return reply.type(progressType).send(lines);
    },
  );
};
