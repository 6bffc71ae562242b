import { z } from "../src/config/schema.ts";
import type { DataSourceTestView, DataSourceView } from "../src/model/data-source-view.ts";
import { maybe } from "./views.ts";

// The shapes of what the admin API answers about data sources; see views.ts.

export const dataSourceShape: z.ZodType<DataSourceView> = z.object({
  name: z.string(),
  own: z.boolean(),
  where: z.string(),
  role: maybe(z.string()),
  readOnly: z.boolean(),
  timeoutMs: z.number(),
  rowsMax: z.number(),
  octetsMax: z.number(),
  connectionsMax: z.number(),
  calls: z.number(),
  errors: z.number(),
  meanMs: maybe(z.number()),
  lastError: maybe(z.object({ atMs: z.number(), text: z.string() })),
});

export const dataSourceTestShape: z.ZodType<DataSourceTestView> = z.discriminatedUnion("ok", [
  z.object({
    name: z.string(),
    ok: z.literal(true),
    readOnly: z.boolean(),
    where: z.string(),
    version: z.string(),
    role: z.string(),
    database: z.string(),
    tls: z.boolean(),
    connectMs: z.number(),
    answerMs: z.number(),
    warnings: z.array(z.string()),
  }),
  z.object({
    name: z.string(),
    ok: z.literal(false),
    readOnly: z.boolean(),
    where: z.string(),
    trouble: z.object({ what: z.string(), advice: z.string() }),
  }),
]);
