import { explained, tableView } from "../gateway/routing.ts";
import { configurationOf } from "./config.ts";
import { type Routes, nameSchema, operatorOf } from "./routes.ts";

const asked = {
  type: "object",
  required: ["to"],
  additionalProperties: false,
  properties: {
    to: nameSchema,
    from: { type: "string", maxLength: 256 },
    text: { type: "string", maxLength: 65_536 },
    account: nameSchema,
    channel: nameSchema,
    origin: { enum: ["customer", "provider", "own"] },
  },
} as const;

interface Asked {
  readonly to: string;
  readonly from?: string;
  readonly text?: string;
  readonly account?: string;
  readonly channel?: string;
  readonly origin?: "customer" | "provider" | "own";
}

/** Characters of a file of routes; the configuration has no more. */
const textMax = 1024 * 1024;

const file = {
  type: "object",
  required: ["name", "text"],
  additionalProperties: false,
  properties: { name: nameSchema, text: { type: "string", maxLength: textMax } },
} as const;

const version = {
  type: "object",
  additionalProperties: false,
  properties: { version: { type: "integer", minimum: 1 } },
} as const;

/** The routing table: what it is, what it says of a message, changing it and going back. */
export const routingRoutes: Routes = (server, parts) => {
  const { routing } = parts.gateway;
  server.get("/v1/routes", async () => tableView(routing.settings()));
  server.post<{ Body: Asked }>("/v1/routes/explain", { schema: { body: asked } }, async (request) =>
    explained(routing, request.body),
  );
  server.put<{ Body: { name: string; text: string } }>(
    "/v1/routes",
    { schema: { body: file } },
    (request) => configurationOf(parts).putRoutes(request.body, operatorOf(request)),
  );
  server.post<{ Body: { version?: number } }>(
    "/v1/routes/rollback",
    { schema: { body: version } },
    (request) => {
      const { body } = request;
      return configurationOf(parts).rollBackRoutes(body.version, operatorOf(request));
    },
  );
};
