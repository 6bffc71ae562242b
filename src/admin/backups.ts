import { type Routes, operatorOf } from "./routes.ts";

/** All that is stored, as one file. */
export const backupRoutes: Routes = (server, { store, log }) => {
  server.post("/v1/backups", async (request, reply) => {
    const backup = await store.backups.open();
    // It holds every message, so who took it is told like a change.
    log.info({ by: operatorOf(request) }, "backup taken");
    return reply.type("application/octet-stream").send(backup);
  });
};
