import { GatewayError } from "../model/error.ts";
import type { KvEntryView, KvPageView } from "../model/kv-view.ts";
import type { KvEntry } from "../store/store.ts";
import { operatorOf, type Routes } from "./routes.ts";

const namespace = { type: "string", minLength: 1, maxLength: 512 } as const;
const key = { type: "string", maxLength: 256 } as const;

/** In the query, because a key may hold any character, and more of them than a part of a path may. */
const place = {
  type: "object",
  required: ["namespace", "key"],
  additionalProperties: false,
  properties: { namespace, key },
} as const;

const page = {
  type: "object",
  required: ["namespace"],
  additionalProperties: false,
  properties: {
    namespace,
    prefix: { ...key, default: "" },
    after: { ...key, default: "" },
    limit: { type: "integer", minimum: 1, maximum: 1_000, default: 100 },
  },
} as const;

interface Place {
  readonly Querystring: { readonly namespace: string; readonly key: string };
}

interface Page {
  readonly Querystring: {
    readonly namespace: string;
    readonly prefix: string;
    readonly after: string;
    readonly limit: number;
  };
}

/** What scripts keep. */
export const kvRoutes: Routes = (server, { store, log }) => {
  server.get("/v1/kv", () => store.kv.namespaces());

  server.get<Page>("/v1/kv/entries", { schema: { querystring: page } }, async ({ query }) => {
    const { limit } = query;
    const found = await store.kv.list(query.namespace, { ...query, limit: limit + 1 });
    const entries = found.slice(0, limit).map((entry) => viewOf(entry.key, entry));
    const next = found.length > limit ? entries.at(-1)?.key : undefined;
    return { entries, next } satisfies KvPageView;
  });

  server.get<Place>("/v1/kv/entry", { schema: { querystring: place } }, async ({ query }) => {
    const entry = await store.kv.get(query);
    if (entry === undefined) throw nothingAt(query);
    return viewOf(query.key, entry);
  });

  server.delete<Place>("/v1/kv/entry", { schema: { querystring: place } }, async (request) => {
    const { query } = request;
    const was = await store.kv.change(query, (entry) => ({
      answer: entry,
      ...(entry === undefined ? {} : { next: null }),
    }));
    if (was === undefined) throw nothingAt(query);
    // A key may be somebody's number, which no log shall have.
    log.info({ namespace: query.namespace, by: operatorOf(request) }, "kv entry deleted");
    return viewOf(query.key, was);
  });
};

function viewOf(key: string, { value, expiresMs }: KvEntry): KvEntryView {
  return { key, value: JSON.parse(value) as unknown, expiresMs };
}

function nothingAt({ namespace, key }: Place["Querystring"]): GatewayError {
  return new GatewayError("unknown_kv_entry", `Nothing is kept in ${namespace} under ${key}.`);
}
