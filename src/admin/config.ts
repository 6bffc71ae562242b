import { GatewayError } from "../model/error.ts";
import type {
  ConfigPlanView,
  ConfigTextView,
  ConfigVersionView,
  ConfigView,
} from "../model/view.ts";
import { type AdminParts, type Routes, operatorOf } from "./routes.ts";

/** What the configuration is asked and told; secrets are hidden in every answer. */
export interface ConfigControl {
  state(): ConfigView;
  shown(): ConfigTextView;
  plan(text: string | undefined): Promise<ConfigPlanView>;
  put(text: string | undefined, by: string): Promise<ConfigPlanView>;
  putRoutes(
    given: { readonly name: string; readonly text: string },
    by: string,
  ): Promise<ConfigPlanView>;
  rollBackRoutes(number: number | undefined, by: string): Promise<ConfigPlanView>;
  setChannel(
    name: string,
    fields: Readonly<Record<string, unknown>>,
    by: string,
  ): Promise<ConfigPlanView>;
  versions(): Promise<readonly ConfigVersionView[]>;
  rollBack(number: number, by: string): Promise<ConfigPlanView>;
}

const body = {
  type: "object",
  additionalProperties: false,
  properties: { text: { type: "string", maxLength: 1_048_576 } },
} as const;

/** Values are checked as those of the file are. */
const fields = { type: "object", minProperties: 1, maxProperties: 64 } as const;

interface Text {
  readonly text?: string;
}

/** The configuration file: what is in force, what would change, changing it and going back. */
export const configRoutes: Routes = (server, parts) => {
  server.get("/v1/config", async () => configurationOf(parts).shown());
  server.post<{ Body: Text }>("/v1/config/plan", { schema: { body } }, (request) =>
    configurationOf(parts).plan(request.body.text),
  );
  server.put<{ Body: Text }>("/v1/config", { schema: { body } }, (request) =>
    configurationOf(parts).put(request.body.text, operatorOf(request)),
  );
  server.get("/v1/config/versions", () => configurationOf(parts).versions());
  server.post<{ Params: { number: string } }>("/v1/config/versions/:number/restore", (request) =>
    configurationOf(parts).rollBack(Number(request.params.number), operatorOf(request)),
  );
  server.patch<{ Params: { name: string }; Body: Readonly<Record<string, unknown>> }>(
    "/v1/channels/:name",
    { schema: { body: fields } },
    (request) => {
      const { params, body: asked } = request;
      return configurationOf(parts).setChannel(params.name, asked, operatorOf(request));
    },
  );
};

/** Throws `config_unwritable` where there is no file to change. */
export function configurationOf({ configuration }: AdminParts): ConfigControl {
  if (configuration !== undefined) return configuration;
  throw new GatewayError("config_unwritable", "The gateway was started without a file.");
}
