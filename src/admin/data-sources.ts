import { type Routes, operatorOf } from "./routes.ts";

interface Named {
  readonly Params: { readonly name: string };
}

/** The databases that triggers may ask. */
export const dataSourceRoutes: Routes = (server, { dataSources, log }) => {
  server.get("/v1/data-sources", async () => dataSources.list());
  server.post<Named>("/v1/data-sources/:name/test", async (request) => {
    const { name } = request.params;
    const found = await dataSources.test(name);
    log.info({ source: name, ok: found.ok, by: operatorOf(request) }, "data source tested");
    return found;
  });
};
