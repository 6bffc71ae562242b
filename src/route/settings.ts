import { z } from "../config/schema.ts";
import { patternCharactersMax } from "../pattern/pattern.ts";
import type { RouteVariable } from "./question.ts";

/** Everything that a rule may look at; `question.ts` says what each is. */
export const routeVariables = [
  "from",
  "to",
  "text",
  "account",
  "origin",
  "channel",
  "module",
  "sms_type",
  "parts",
  "submit_info",
  "billid",
  "sms_stat",
  "service_type",
  "data_coding",
  "priority",
  "encoding",
] as const satisfies readonly RouteVariable[];

/** A rule as it is written. It has exactly one of `target`, `rules` and `refuse`. */
export interface RouteRule {
  readonly name?: string | undefined;
  readonly match?: Readonly<Partial<Record<RouteVariable, string>>> | undefined;
  readonly target?: string | readonly string[] | undefined;
  readonly to?: string | undefined;
  readonly from?: string | undefined;
  readonly refuse?: string | number | undefined;
  readonly reason?: string | undefined;
  readonly rules?: readonly RouteRule[] | undefined;
}

/** Rules in one list. Each that is passed over costs a microsecond; what is longer is a number table. */
export const rulesMax = 1_000;

/** Blocks in blocks: more is not read by anybody, and each level stands in the reference once more. */
export const blockDepthMax = 4;

/** Targets of one rule; the ones after the first are for when that one fails. */
export const targetsMax = 20;

const targetText = z.string().min(1).max(200);

const common = {
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/, "letters, digits, blanks and . _ -, at most 64")
    .optional()
    .describe("What traces and `route explain` call it; its place when left out."),
  match: z
    .partialRecord(z.enum(routeVariables), z.string().max(patternCharactersMax))
    .optional()
    .describe(
      "Regular expressions by variable, which must all match, each anywhere in its value; left out, every message matches.",
    ),
  target: z
    .union([targetText, z.array(targetText).min(1).max(targetsMax)])
    .optional()
    .describe("Where the message goes; of a list the others are for when the first one fails."),
  to: z.string().min(1).max(200).optional().describe("With `target`: the number it goes to there."),
  from: z.string().min(1).max(200).optional().describe("With `target`: the sender it has there."),
  refuse: z
    .union([z.string().min(1).max(64), z.int().min(1).max(0xffff_ffff)])
    .optional()
    .describe(
      "In place of `target`: it is refused with this code of docs/errors.md, or command_status.",
    ),
  reason: z.string().max(200).optional().describe("With `refuse`: what the trace says."),
};

function ruleSchema(depth: number): z.ZodType<RouteRule> {
  if (depth === blockDepthMax) return z.strictObject(common);
  return z.strictObject({
    ...common,
    rules: z
      .array(ruleSchema(depth + 1))
      .min(1)
      .max(rulesMax)
      .optional()
      .describe(
        "In place of `target`: tried for messages that match; when none takes it, the rule after this one is next.",
      ),
  });
}

export const routesSettings = z
  .strictObject({
    rules: z
      .array(ruleSchema(1))
      .max(rulesMax)
      .default([])
      .describe("Tried in their order; the first that matches takes the message."),
    default: targetText
      .optional()
      .describe("Where messages go that no rule took and whose account has no `route`."),
  })
  .prefault({})
  .describe(
    "Where a message goes that a trigger forwards without naming a channel; see docs/routes.md.",
  );

export type RoutesSettings = z.infer<typeof routesSettings>;
