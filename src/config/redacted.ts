import { stringify } from "yaml";
import { entryShapes, isRecord, meant, type Shape, shapeOf } from "./shape.ts";
import type { z } from "./schema.ts";

/**
 * The settings for eyes and logs: a value whose setting is declared with `.meta({ secret: true })`
 * is `***`, whatever it is; where a value could be meant in several ways, one that says secret is
 * enough.
 */
export function redacted(settings: unknown, schema: z.ZodType): unknown {
  return hide(settings, [shapeOf(schema)]);
}

/** The same as YAML, for a person to read beside the file. */
export function redactedText(settings: unknown, schema: z.ZodType): string {
  return stringify(redacted(settings, schema));
}

function hide(value: unknown, shapes: readonly Shape[]): unknown {
  const meantAs = shapes.flatMap((shape) => (shape.secret ? [shape] : meant(shape, value)));
  if (value === undefined || value === null) return value;
  if (meantAs.some((shape) => shape.secret)) return "***";
  if (Array.isArray(value))
    return value.map((entry, index) => hide(entry, entryShapes(meantAs, index)));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [key, hide(entry, entryShapes(meantAs, key))]),
  );
}
