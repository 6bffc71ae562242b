import { Readable } from "node:stream";
import { GatewayError } from "../model/error.ts";
import { idFrom } from "../model/id.ts";
import type { Log } from "../model/log.ts";
import type { Gateway } from "../gateway/gateway.ts";
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
      // What is refused at once is an ordinary refusal.
      const first = await steps.next();
      const lines = Readable.from(linesOf(first, steps, { by, log }));
      return reply.type("application/x-ndjson").send(lines);
    },
  );
};

type Steps = ReturnType<Gateway["rematch"]>;

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
      log.info({ ...step.value, by }, "reports matched again");
      yield `${JSON.stringify({ rematched: step.value })}\n`;
      return;
    }
  } catch (cause) {
    const error = cause instanceof GatewayError ? cause : new GatewayError("internal");
    log.warn({ by, err: error === cause ? error.code : cause }, "matching again was broken off");
    yield `${JSON.stringify({ code: error.code, message: error.message })}\n`;
  }
}

function fullId(text: string): string {
  const id = idFrom(text);
  if (id !== undefined) return id;
  throw new GatewayError("unknown_report", `There is no unmatched report ${text}.`);
}
