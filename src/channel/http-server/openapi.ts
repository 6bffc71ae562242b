import type { FastifyInstance } from "../../http/api-server.ts";
import { version } from "../../model/version.ts";
import type { ApiScope } from "../../model/api-key.ts";
import { jsonOf } from "./api.ts";
import { problem } from "./message-schemas.ts";

type Json = { readonly [name: string]: unknown };

/** A route as it was added. */
interface Route {
  readonly method: string;
  readonly url: string;
  readonly schema: Json;
}

/** An OpenAPI 3.1 page. */
export interface OpenApi extends Json {
  readonly paths: Readonly<Record<string, unknown>>;
}

/** Makes an OpenAPI 3.1 page of the routes that are added after it; asked for when all are there. */
export function collectOpenApi(routes: FastifyInstance): () => OpenApi {
  const all: Route[] = [];
  routes.addHook("onRoute", ({ method, url, schema }) => {
    // Fastify adds a HEAD for each GET.
    for (const one of [method].flat())
      if (one !== "HEAD") all.push({ method: one, url, schema: { ...schema } });
  });
  let made: OpenApi | undefined;
  return () => (made ??= pageOf(all));
}

function pageOf(all: readonly Route[]): OpenApi {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of all) {
    if (route.url === "*" || route.url.includes("openapi")) continue;
    const path = route.url.replaceAll("::", "\u0000").replaceAll(/:(\w+)/g, "{$1}");
    const url = path.replaceAll("\u0000", ":");
    (paths[url] ??= {})[route.method.toLowerCase()] = operationOf(route, url);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Signalbox",
      version,
      description:
        "Send and receive short messages. Numbers are E.164 with `+`, times RFC 3339 in UTC, ids opaque. 202 means that the message is stored.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    security: [{ key: [] }, { password: [] }],
    paths,
    components: {
      securitySchemes: {
        key: { type: "http", scheme: "bearer", description: "`signalbox apikey add <account>`" },
        password: { type: "http", scheme: "basic", description: "system_id and password" },
      },
      schemas: { Problem: jsonOf(problem, "output") },
    },
  };
}

function operationOf({ method, url, schema }: Route, path: string): Json {
  const { body, querystring, response = {} } = schema;
  const [summary = "", scope] = OPERATIONS[`${method} ${url}`] ?? [];
  const parameters = [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      name,
      in: "path",
      required: true,
      schema: { type: "string" },
    })),
    ...queryOf(querystring),
    ...(isKeyed(method, url)
      ? [{ name: "Idempotency-Key", in: "header", schema: { type: "string", maxLength: 255 } }]
      : []),
  ];
  const isStream = url === "/v1/events";
  const answers = isStream
    ? { 200: { description: "A stream", content: { "text/event-stream": {} } } }
    : Object.fromEntries(
        Object.entries(jsonIn(response)).map(([status, one]) => [
          status,
          { description: WORDS[status] ?? "", content: { "application/json": { schema: one } } },
        ]),
      );
  return {
    operationId: nameOf(method, url),
    summary,
    ...(scope === undefined ? { security: [] } : { description: `Scope: \`${scope}\`.` }),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && {
      requestBody: { required: true, content: { "application/json": { schema: body } } },
    }),
    responses: {
      ...answers,
      default: {
        description: "Refused",
        content: { "application/problem+json": { schema: ref } },
      },
    },
  };
}

/** What each does, and the scope that it needs; a test holds that none is missing. */
const OPERATIONS: Readonly<Record<string, readonly [summary: string, scope?: ApiScope]>> = {
  "POST /v1/messages": ["Send a message", "send"],
  "POST /v1/messages::dry-run": ["See what would become of a message", "send"],
  "GET /v1/messages": ["List your messages, newest first", "read"],
  "GET /v1/messages/:id": ["See how a message stands", "read"],
  "DELETE /v1/messages/:id": ["Cancel a message that has not gone out", "send"],
  "GET /v1/messages/:id/trace": ["See all that happened to a message", "admin"],
  "POST /v1/batches": ["Send many messages", "send"],
  "GET /v1/batches/:id": ["See how the messages of a batch stand", "read"],
  "DELETE /v1/batches/:id": ["Cancel what of a batch has not gone out", "send"],
  "GET /v1/inbound": ["Fetch messages and reports that wait for you", "read"],
  "POST /v1/inbound/:id/ack": ["Acknowledge one: it is delivered", "read"],
  "GET /v1/events": ["Follow live what becomes of your messages", "read"],
  "GET /v1/account": ["See who you are", "read"],
  "GET /v1/balance": ["See your credits", "read"],
  "GET /v1/rates": ["See what a short message to a number would cost", "read"],
  "POST /v1/callback-secret": ["Make a new secret that signs what `callback_url` is told", "admin"],
  "GET /v1/errors/:code": ["See what an error means"],
};

const ref = { $ref: "#/components/schemas/Problem" };

const WORDS: Readonly<Record<string, string>> = { 200: "Done", 202: "Stored" };

function isKeyed(method: string, url: string): boolean {
  return method === "POST" && (url === "/v1/messages" || url === "/v1/batches");
}

function nameOf(method: string, url: string): string {
  const words = url
    .replace("/v1/", "")
    .split(/[/:-]+/)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1));
  return method.toLowerCase() + words.join("");
}

/** A number in a query is checked as text; here it is told as what it means. */
function queryOf(querystring: unknown): readonly Json[] {
  if (querystring === undefined) return [];
  const { properties, required } = jsonIn(querystring);
  const needed = Array.isArray(required) ? required : [];
  return Object.entries(jsonIn(properties)).map(([name, one]) => {
    const { openapi, description, ...schema } = jsonIn(one);
    return {
      name,
      in: "query",
      ...(needed.includes(name) && { required: true }),
      ...(description !== undefined && { description }),
      schema: openapi ?? schema,
    };
  });
}

function jsonIn(value: unknown): Json {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
