import { GatewayError } from "../model/error.ts";
import type { Status } from "../model/status.ts";
import { type Routes, nameSchema, operatorOf } from "./routes.ts";

/** ms. A message that waits for longer than that although it is due is stuck, unless asked otherwise. */
const stuckMsDefault = 10 * 60_000;

/** ms. 30 days: longer than anything waits. */
const stuckMsMax = 30 * 86_400_000;

/** Messages in one answer unless more are asked for. */
const listRows = 50;

const filter = {
  type: "object",
  additionalProperties: false,
  properties: {
    all: { type: "boolean", default: false },
    limit: { type: "integer", minimum: 1, maximum: 1_000, default: listRows },
    number: nameSchema,
    to: nameSchema,
    from: nameSchema,
    sinceMs: { type: "integer", minimum: 0 },
    channel: nameSchema,
    account: nameSchema,
    status: nameSchema,
    before: nameSchema,
    only: { type: "string", enum: ["stuck", "uncertain", "unrouted"] },
    stuckMs: { type: "integer", minimum: 0, maximum: stuckMsMax, default: stuckMsDefault },
  },
} as const;

interface Filter {
  readonly all: boolean;
  readonly limit: number;
  readonly number?: string;
  readonly to?: string;
  readonly from?: string;
  readonly sinceMs?: number;
  readonly channel?: string;
  readonly account?: string;
  readonly status?: Status;
  readonly before?: string;
  readonly only?: "stuck" | "uncertain" | "unrouted";
  readonly stuckMs: number;
}

/** Where is my message: lists, one message, the life that a key belongs to. */
export const messageRoutes: Routes = (server, { gateway, views, log }) => {
  server.get<{ Querystring: Filter }>(
    "/v1/messages",
    { schema: { querystring: filter } },
    ({ query: { only, stuckMs, ...query } }) =>
      views.messages({
        ...query,
        ...(only === "stuck"
          ? { only: { what: only, stuckMs, reportWaits: gateway.reportWaits() } }
          : only !== undefined && { only: { what: only } }),
      }),
  );
  server.get<{ Params: { id: string } }>("/v1/messages/:id", async ({ params }) => {
    const message = await views.message(params.id);
    if (message === undefined) throw notFound(params.id);
    return message;
  });
  server.post<{ Params: { id: string } }>("/v1/messages/:id/cancel", async (request) => {
    const by = operatorOf(request);
    const cancelled = await gateway.operations.cancel(request.params.id, by);
    log.info({ message: cancelled.id, by }, "message cancelled");
    return cancelled;
  });
  server.post<{ Params: { id: string } }>("/v1/messages/:id/resend", async (request) => {
    const by = operatorOf(request);
    const resent = await gateway.operations.resend(request.params.id, by);
    log.info(
      { message: resent.id, of: request.params.id, queue: resent.queue, by },
      "message resent",
    );
    return resent;
  });
  server.get<{ Params: { key: string } }>("/v1/lives/:key", async ({ params }) => {
    const lives = await views.lives(params.key);
    if (lives.length === 0) throw notFound(params.key);
    return lives;
  });
};

function notFound(key: string): GatewayError {
  return new GatewayError("unknown_message_id", `no message is known by ${key}`);
}
