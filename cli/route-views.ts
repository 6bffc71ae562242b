import { z } from "../src/config/schema.ts";
import type {
  NumberTableAnswerView,
  NumberTableImportView,
  NumberTableVersion,
  NumberTableView,
} from "../src/model/number-table.ts";
import type { RoutePlanView, RoutePlanWay } from "../src/model/route-plan-view.ts";
import { maybe } from "./views.ts";

const versionFacts = {
  version: z.number(),
  entries: z.number(),
  options: z.object({ qualityMin: z.number(), perProvider: z.boolean() }),
  atMs: z.number(),
  by: z.string(),
  runs: z.boolean(),
};

export const numberVersionShape: z.ZodType<NumberTableVersion> = z.object(versionFacts);

export const numberTableShape: z.ZodType<NumberTableView> = z.object({
  ...versionFacts,
  name: z.string(),
  octets: z.number(),
});

export const numberAnswerShape: z.ZodType<NumberTableAnswerView> = z.object({
  candidates: z.array(
    z.object({
      provider: z.string(),
      price: maybe(z.string()),
      quality: maybe(z.number()),
      why: z.string(),
    }),
  ),
  passedOver: z.array(z.object({ target: z.string(), why: z.string() })),
  blocked: maybe(z.string()),
});

/** How far an import is. */
export const importStepShape = z.object({
  step: z.enum(["reading", "checking"]),
  done: z.number(),
  total: z.number(),
});

/** The first few lines that an import changes; comes before its end. */
export const examplesShape = z.object({ examples: z.array(z.string()) });

const imported: z.ZodType<Omit<NumberTableImportView, "examples">> = z.object({
  name: z.string(),
  version: maybe(z.number()),
  entries: z.number(),
  added: z.number(),
  removed: z.number(),
  changed: z.number(),
});

/** The last line of an import. */
export const importedShape = z.object({ imported });

const way: z.ZodType<RoutePlanWay> = z.object({ way: z.string(), cost: maybe(z.string()) });

/** How many messages a plan has looked at. */
export const planStepShape = z.object({ done: z.number() });

/** A message that would go elsewhere. */
export const movedShape = z.object({
  moved: z.object({
    message: z.string(),
    from: z.string(),
    to: z.string(),
    before: way,
    after: way,
  }),
});

const sum = z.object({
  messages: z.number(),
  parts: z.number(),
  cost: z.string(),
  unpriced: z.number(),
});

const plan: z.ZodType<RoutePlanView> = z.object({
  messages: z.number(),
  moved: z.number(),
  listed: z.number(),
  before: sum,
  after: sum,
  ways: z.array(z.object({ way: z.string(), before: sum, after: sum })),
});

/** The last line of a plan. */
export const plannedShape = z.object({ plan });
