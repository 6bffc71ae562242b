import { readFileSync } from "node:fs";
import { z } from "../../src/config/schema.ts";

/** Facts of the protocol, gathered from several open implementations; see the file's first line. */
const factsForm = z.object({
  commands: z.array(
    z.object({
      name: z.string(),
      id: z.number(),
      legal: z.object({ esme: z.array(z.string()), smsc: z.array(z.string()) }),
    }),
  ),
  statuses: z.array(z.object({ name: z.string(), code: z.number() })),
  tlvs: z.array(
    z.object({
      name: z.string(),
      tag: z.number(),
      type: z.string(),
      size: z.number().optional(),
      min: z.number().optional(),
      max: z.number().optional(),
    }),
  ),
});

export const FACTS = factsForm.parse(
  JSON.parse(readFileSync(new URL("facts.json", import.meta.url), "utf8")),
);
