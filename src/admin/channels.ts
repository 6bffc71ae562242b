import { GatewayError } from "../model/error.ts";
import { type Routes, operatorOf } from "./routes.ts";

/** What an operator may do to a channel, and what the log says of it. */
const HOLDS = {
  pause: "channel paused",
  drain: "channel drained",
  resume: "channel resumed",
} as const;

/** Ways in and out, and who is bound to them. */
export const channelRoutes: Routes = (server, { gateway, views, log }) => {
  server.get("/v1/channels", async () => views.channels());
  for (const verb of ["pause", "drain", "resume"] as const)
    server.post<{ Params: { name: string } }>(`/v1/channels/:name/${verb}`, async (request) => {
      const { name } = request.params;
      const by = operatorOf(request);
      await gateway.holds[verb](name, by);
      log.info({ channel: name, by }, HOLDS[verb]);
      return gateway.channel(name);
    });

  server.get("/v1/sessions", async () => views.sessions());
  server.delete<{ Params: { id: string } }>("/v1/sessions/:id", async (request, reply) => {
    const { id } = request.params;
    if (!gateway.kick(id)) throw new GatewayError("unknown_session", `There is no session ${id}.`);
    log.info({ session: id, by: operatorOf(request) }, "session kicked");
    return reply.status(204).send();
  });
};
