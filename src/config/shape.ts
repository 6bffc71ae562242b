import { z } from "./schema.ts";

/** A declared setting as data: the part of JSON Schema (2020-12) that zod makes of our schemas. */
export interface Shape {
  readonly $schema?: string;
  readonly title?: string;
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly unit?: string;
  readonly secret?: boolean;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly propertyNames?: Shape;
  readonly additionalProperties?: Shape | boolean;
  readonly items?: Shape;
  readonly oneOf?: readonly Shape[];
  readonly anyOf?: readonly Shape[];
}

/** The shape of what a person writes: settings with a default may be left out. */
export function shapeOf(schema: z.ZodType): Shape {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- zod types JSON Schema wider; `Shape` names the part that zod makes.
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Shape;
}

/** The alternatives of a shape; one that has none is its own only alternative. */
export function alternatives(shape: Shape): readonly Shape[] {
  return shape.oneOf ?? shape.anyOf ?? [shape];
}

/**
 * The alternatives that a value may be meant as: those whose constant properties (`type: webhook`)
 * are as in the value, or all when none is.
 */
export function meant(shape: Shape, value: unknown): readonly Shape[] {
  const all = alternatives(shape);
  if (all.length < 2 || !isRecord(value)) return all;
  const fitting = all.filter((one) =>
    Object.entries(one.properties ?? {}).every(
      ([key, property]) => property.const === undefined || property.const === value[key],
    ),
  );
  return fitting.length === 0 ? all : fitting;
}

/** The shapes of one entry of a value that is meant as one of these. */
export function entryShapes(shapes: readonly Shape[], key: string | number): readonly Shape[] {
  return shapes.flatMap((shape) => {
    const entry =
      typeof key === "number"
        ? shape.items
        : (shape.properties?.[key] ??
          (typeof shape.additionalProperties === "object"
            ? shape.additionalProperties
            : undefined));
    return entry === undefined ? [] : [entry];
  });
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
