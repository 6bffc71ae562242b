import type { Routes } from "./routes.ts";

/** What the scripts are and how they do. */
export const triggerRoutes: Routes = (server, { views }) => {
  server.get("/v1/triggers", async () => views.triggers());
};
