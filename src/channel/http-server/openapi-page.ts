import { createApiServer } from "../../http/api-server.ts";
import { systemClock } from "../../model/clock.ts";
import type { ChannelHost } from "../channel.ts";
import { httpServerSettings } from "../http-server-settings.ts";
import { accountRoutes } from "./account.ts";
import { type ApiParts, createCallers, createWork } from "./api.ts";
import { batchRoutes } from "./batches.ts";
import { dryRunRoutes } from "./dry-run.ts";
import { createEventStreams } from "./events.ts";
import { inboundRoutes } from "./inbound.ts";
import { createInbox, type Inbox } from "./inbox.ts";
import { messageRoutes } from "./messages.ts";
import { type OpenApi, collectOpenApi } from "./openapi.ts";
import { sendRoutes } from "./send.ts";

/** Adds every route of the API; gives the page that tells of them. */
export function addRoutes(
  server: ReturnType<typeof createApiServer>,
  parts: ApiParts,
  {
    inbox,
    streams,
  }: { readonly inbox: Inbox; readonly streams: ReturnType<typeof createEventStreams> },
): () => OpenApi {
  const page = collectOpenApi(server.routes);
  const nouns = [
    sendRoutes,
    dryRunRoutes,
    messageRoutes,
    batchRoutes,
    inboundRoutes(inbox),
    accountRoutes,
  ];
  for (const add of [...nouns, streams.routes]) add(server.routes, parts);
  server.routes.get("/v1/openapi.json", () => page());
  return page;
}

/** The page of a channel with nothing but defaults; `docs/openapi.json` is made of it. */
export async function openApi(): Promise<OpenApi> {
  const settings = httpServerSettings.parse({ type: "http-server" });
  const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
  const host: ChannelHost = {
    name: "HTTP1",
    clock: systemClock,
    log: silent,
    newId: () => "",
    base: "",
    directory: "",
    drained: true,
    emit: () => Promise.reject(new Error("nobody answers here")),
    ready() {},
  };
  const server = createApiServer({ ...settings, newId: host.newId, log: host.log });
  const callers = createCallers({ of: () => ({ code: "bad_key" }) });
  const parts: ApiParts = {
    host,
    settings,
    callers,
    closed: () => undefined,
    work: createWork(1),
  };
  const inbox = createInbox(host, settings);
  const page = addRoutes(server, parts, { inbox, streams: createEventStreams(parts) });
  await server.ready();
  const made = page();
  await server.close();
  return made;
}
