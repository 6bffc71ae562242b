import { env } from "node:process";
import type { Routers } from "../gateway/route-planning.ts";
import type { Routing } from "../gateway/routing.ts";
import type { Settings } from "../settings.ts";
import { readRoutes } from "./routes-file.ts";

/** The routers that `route plan` compares: the one in force, and one of other routes or with another number table. */
export function routersToPlanWith(
  routing: Routing,
  now: {
    readonly settings: () => Settings;
    readonly hasTable: (name: string) => boolean;
  },
): Routers {
  const { settings, hasTable } = now;
  return {
    running: () => routing,
    withText(text) {
      const file = { name: "routes", text };
      return routing.tried(readRoutes(file, { settings: settings(), env, hasTable }));
    },
    withTable: (name, table) => routing.tried(routing.settings(), { name, table }),
    senderDefault: (account) => routing.questionOf({ to: "", account }).senderDefault,
  };
}
