import { GatewayError } from "../model/error.ts";
import { idFrom } from "../model/id.ts";
import { progressLines, progressType } from "./progress.ts";
import { type Routes, nameSchema, operatorOf } from "./routes.ts";

/** Reports in one answer; who has more has one cause for most of them. */
const reportsMax = 1_000;

/** Ids in one request; who means more means all. */
const idsMax = 1_000;

const wanted = {
  type: "object",
  additionalProperties: false,
  properties: { ids: { type: "array", minItems: 1, maxItems: idsMax, items: nameSchema } },
} as const;

/**
 * Reports whose message nobody knows, each with what it may be about; and trying them again, those
 * with these ids or all: a line of JSON for each step, `{done, total}`, and at last `{rematched}`, or
 * `{code, message}` when it was broken off. Whoever hangs up ends it after the step under way.
 */
export const reportRoutes: Routes = (server, { gateway, store, log }) => {
  server.get("/v1/reports/unmatched", async () =>
    gateway.unmatched(await store.queue.unmatched(reportsMax)),
  );
  server.post<{ Body: { ids?: string[] } }>(
    "/v1/reports/rematch",
    { schema: { body: wanted } },
    async (request, reply) => {
      const by = operatorOf(request);
      const steps = gateway.rematch(request.body.ids?.map(fullId));
      const words = { finished: "reports matched again", broken: "matching again was broken off" };
      const lines = await progressLines(steps, { as: "rematched", ...words, by, log });
      return reply.type(progressType).send(lines);
    },
  );
};

function fullId(text: string): string {
  const id = idFrom(text);
  if (id !== undefined) return id;
  throw new GatewayError("unknown_report", `There is no unmatched report ${text}.`);
}
