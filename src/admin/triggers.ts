import { GatewayError } from "../model/error.ts";
import type { TriggerView } from "../model/view.ts";
import { nameSchema, operatorOf, type Routes } from "./routes.ts";
import type { CanaryBody, TriggerControl } from "./trigger-control.ts";

const version = { type: "integer", minimum: 1 } as const;

const rollback = {
  type: "object",
  additionalProperties: false,
  properties: { to: version, undo: { const: true } },
  not: { required: ["to", "undo"] },
} as const;

/** Accounts that one canary may name; more are a share. */
const accountsMax = 1_000;

const canary = {
  type: "object",
  additionalProperties: false,
  properties: {
    share: { type: "number", exclusiveMinimum: 0, exclusiveMaximum: 100 },
    accounts: { type: "array", minItems: 1, maxItems: accountsMax, items: nameSchema },
    version,
  },
  oneOf: [{ required: ["share"] }, { required: ["accounts"] }],
} as const;

interface Named {
  readonly Params: { readonly name: string };
}

/** What is done without further words. */
const VERBS = ["disable", "enable", "release", "promote"] as const;

/** What the scripts are and how they do, and what operators settle about them. */
export const triggerRoutes: Routes = (server, { views, triggers }) => {
  server.get("/v1/triggers", async () => views.triggers());
  server.get<Named>("/v1/triggers/:name/versions", async ({ params }) =>
    control().versions(params.name),
  );
  server.get<Named & { readonly Querystring: { readonly version?: number } }>(
    "/v1/triggers/:name/source",
    { schema: { querystring: { type: "object", properties: { version } } } },
    async ({ params, query }) => control().version(params.name, query.version),
  );
  server.post<Named & { readonly Body: { readonly to?: number; readonly undo?: true } }>(
    "/v1/triggers/:name/rollback",
    { schema: { body: rollback } },
    async (request) => {
      const { name } = request.params;
      const { to, undo } = request.body;
      const by = operatorOf(request);
      if (undo === true) await control().followFolder(name, by);
      else await control().rollback(name, to, by);
      return viewsOf(name);
    },
  );
  for (const verb of VERBS)
    server.post<Named>(`/v1/triggers/:name/${verb}`, async (request) => {
      const { name } = request.params;
      await control()[verb](name, operatorOf(request));
      return viewsOf(name);
    });
  server.post<Named & { readonly Body: CanaryBody }>(
    "/v1/triggers/:name/canary",
    { schema: { body: canary } },
    async (request) => {
      const { name } = request.params;
      await control().canary(name, request.body, operatorOf(request));
      return viewsOf(name);
    },
  );
  server.delete<Named>("/v1/triggers/:name/canary", async (request) => {
    const { name } = request.params;
    await control().endCanary(name, operatorOf(request));
    return viewsOf(name);
  });

  function control(): TriggerControl {
    if (triggers === undefined) throw new GatewayError("not_ready", "no triggers run");
    return triggers;
  }

  /** Of that trigger, or of all of that file. */
  function viewsOf(name: string): TriggerView[] {
    return views
      .triggers()
      .filter((one) => one.name === name || one.file === name || one.file === `${name}.ts`);
  }
};
