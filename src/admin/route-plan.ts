import type { Readable } from "node:stream";
import { plannedMax } from "../gateway/route-planning.ts";
import { GatewayError } from "../model/error.ts";
import type { NumberTableOptions } from "../model/number-table.ts";
import { tableOptions } from "./number-tables.ts";
import { progressLines, progressType } from "./progress.ts";
import { type Routes, nameSchema, operatorOf } from "./routes.ts";
import { takeUpload } from "./upload.ts";

const wanted = {
  type: "object",
  required: ["sinceMs"],
  additionalProperties: false,
  properties: {
    ...tableOptions,
    sinceMs: { type: "integer", minimum: 0 },
    last: { type: "integer", minimum: 1, maximum: plannedMax, default: plannedMax },
    table: nameSchema,
  },
} as const;

interface Plan {
  readonly Body: Readable;
  readonly Querystring: Partial<NumberTableOptions> & {
    readonly sinceMs: number;
    readonly last: number;
    readonly table?: string;
  };
}

/**
 * What a file, a configuration (`application/yaml`) or with `table` a number table (`text/csv`), would
 * make of the messages since `sinceMs`: a line of JSON for each step, `{done}`, `{moved}` for a message
 * that would go elsewhere, and at last `{plan}` with the sums. Nothing is changed.
 */
export const routePlanRoutes: Routes = (server, { routePlanning, log }) => {
  server.addContentTypeParser("application/yaml", (_request, payload, done) => done(null, payload));

  server.post<Plan>(
    "/v1/routes/plan",
    { schema: { querystring: wanted } },
    async (request, reply) => {
      if (routePlanning === undefined)
        throw new GatewayError("bad_request", "There are no routes to plan here.");
      const planning = routePlanning;
      const { table: name, sinceMs, last, ...options } = request.query;
      const table = name === undefined ? {} : { table: { name, options } };
      const by = operatorOf(request);
      const upload = await takeUpload(request.body);
      async function* steps() {
        try {
          const file = { chunks: upload.chunks(), octets: upload.octets };
          return yield* planning(file, { sinceMs, last, ...table });
        } finally {
          await upload[Symbol.asyncDispose]();
        }
      }
      const words = { finished: "routes were planned", broken: "a plan of routes failed" };
      const lines = await progressLines(steps(), { as: "plan", ...words, by, log });
      return reply.type(progressType).send(lines);
    },
  );
};
