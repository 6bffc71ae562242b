import { type Routes, nameSchema, operatorOf } from "./routes.ts";

const move = {
  type: "object",
  required: ["to"],
  additionalProperties: false,
  properties: { to: nameSchema },
} as const;

interface Named {
  readonly Params: { readonly queue: string };
}

/** What waits to go out. */
export const queueRoutes: Routes = (server, { gateway: { operations }, log }) => {
  server.get("/v1/queues", async () => operations.queues());
  server.post<Named>("/v1/queues/:queue/retry", async (request) => {
    const { queue } = request.params;
    const rows = await operations.retry(queue);
    log.info({ queue, rows, by: operatorOf(request) }, "queue retried");
    return { rows };
  });
  server.post<Named & { readonly Body: { readonly to: string } }>(
    "/v1/queues/:queue/move",
    { schema: { body: move } },
    async (request) => {
      const { queue } = request.params;
      const { to } = request.body;
      const by = operatorOf(request);
      const rows = await operations.move(queue, to, by);
      log.info({ queue, to, rows, by }, "queue moved");
      return { rows };
    },
  );
  server.post<Named>("/v1/queues/:queue/drop", async (request) => {
    const { queue } = request.params;
    const by = operatorOf(request);
    const rows = await operations.drop(queue, by);
    log.info({ queue, rows, by }, "queue dropped");
    return { rows };
  });
};
