import { progressLines, progressType } from "./progress.ts";
import { type Routes, nameSchema, operatorOf } from "./routes.ts";

const wanted = {
  type: "object",
  required: ["number"],
  additionalProperties: false,
  properties: { number: nameSchema },
} as const;

/**
 * Forgetting a person: a line of JSON for each step, `{done, total}` in lives, and at last `{erased}`
 * with what it was, or `{code, message}` when it was broken off. Whoever hangs up ends it after the
 * batch that is under way. The number itself stands in no log.
 */
export const erasureRoutes: Routes = (server, { gateway, webhooks, log }) => {
  server.post<{ Body: { number: string } }>(
    "/v1/erasures",
    { schema: { body: wanted } },
    async (request, reply) => {
      const gone = new AbortController();
      reply.raw.once("close", () => gone.abort());
      const by = operatorOf(request);
      const steps = thenReread(gateway.erase(request.body.number, { by, signal: gone.signal }));
      const words = { finished: "a number was erased", broken: "an erasure was broken off" };
      const lines = await progressLines(steps, { as: "erased", ...words, by, log });
      return reply.type(progressType).send(lines);
    },
  );

  /** What waits to be told may have been read before, and may have the number still. */
  async function* thenReread<Step, End>(
    steps: AsyncGenerator<Step, End>,
  ): AsyncGenerator<Step, End> {
    try {
      return yield* steps;
    } finally {
      webhooks?.reread();
    }
  }
};
