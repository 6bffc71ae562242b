import { Readable } from "node:stream";
import { GatewayError } from "../model/error.ts";
import type { Log } from "../model/log.ts";
import { type Routes, nameSchema, operatorOf } from "./routes.ts";
import type { Gateway } from "../gateway/gateway.ts";

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
export const erasureRoutes: Routes = (server, { gateway, log }) => {
  server.post<{ Body: { number: string } }>(
    "/v1/erasures",
    { schema: { body: wanted } },
    async (request, reply) => {
      const gone = new AbortController();
      reply.raw.once("close", () => gone.abort());
      const by = operatorOf(request);
      const steps = gateway.erase(request.body.number, { by, signal: gone.signal });
      // What is refused at once is an ordinary refusal.
      const first = await steps.next();
      const lines = Readable.from(linesOf(first, steps, { by, log }));
      return reply.type("application/x-ndjson").send(lines);
    },
  );
};

type Steps = ReturnType<Gateway["erase"]>;

async function* linesOf(
  first: Awaited<ReturnType<Steps["next"]>>,
  steps: Steps,
  { by, log }: { readonly by: string; readonly log: Log },
): AsyncGenerator<string> {
  try {
    for (let step = first; ; step = await steps.next()) {
      if (step.done !== true) {
        yield `${JSON.stringify(step.value)}\n`;
        continue;
      }
      log.info({ ...step.value, by }, "a number was erased");
      yield `${JSON.stringify({ erased: step.value })}\n`;
      return;
    }
  } catch (cause) {
    const error = cause instanceof GatewayError ? cause : new GatewayError("internal");
    log.warn({ by, err: error === cause ? error.code : cause }, "an erasure was broken off");
    yield `${JSON.stringify({ code: error.code, message: error.message })}\n`;
  }
}
