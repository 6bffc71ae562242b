import { GatewayError } from "../model/error.ts";
import { idFrom } from "../model/id.ts";
import { type Routes, operatorOf } from "./routes.ts";

/** What was given up. */
export const deadLetterRoutes: Routes = (server, { store, views, log }) => {
  server.get("/v1/dead-letters", () => views.deadLetters());
  server.post<{ Params: { id: string } }>("/v1/dead-letters/:id/retry", async (request) => {
    const { id } = request.params;
    const full = idFrom(id);
    const letter = full === undefined ? undefined : await store.queue.revive(full);
    if (letter === undefined)
      throw new GatewayError("unknown_dead_letter", `There is no dead letter ${id}.`);
    log.info({ ...letter, by: operatorOf(request) }, "dead letter retried");
    return letter;
  });
};
