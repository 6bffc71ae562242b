import { alternatives, type Shape, shapeOf } from "./shape.ts";
import type { z } from "./schema.ts";

/**
 * The JSON Schema (2020-12) of the configuration file, for editors that complete and check it:
 * `# yaml-language-server: $schema=signalbox.schema.json`. A number or a boolean may also be one
 * reference to the environment.
 */
export function jsonSchema(schema: z.ZodType, title: string): Shape {
  return { title, ...withReferences(shapeOf(schema)) };
}

/**
 * The settings as Markdown: a table for each group, in the order of their declaration. Part of
 * `docs/configuration.md`, which a test compares with this.
 */
export function reference(schema: z.ZodType): string {
  const groups: Group[] = [];
  collect(shapeOf(schema), "", groups);
  return groups
    .filter(({ rows }) => rows.length > 0)
    .map(
      ({ title, description, rows }) =>
        `## ${title === "" ? "At the top" : title}\n\n` +
        (description === undefined ? "" : `${description}\n\n`) +
        "| setting | meaning | form | default |\n|---|---|---|---|\n" +
        rows.map((row) => `| ${row.join(" | ")} |\n`).join(""),
    )
    .join("\n");
}

interface Group {
  readonly title: string;
  readonly description: string | undefined;
  readonly rows: string[][];
}

function collect(shape: Shape, path: string, groups: Group[]): void {
  const variants = alternatives(shape);
  for (const variant of variants) {
    const kind = Object.entries(variant.properties ?? {}).find(
      ([, one]) => one.const !== undefined,
    );
    const title =
      variants.length > 1 && kind !== undefined
        ? `\`${path}\` with \`${kind[0]}: ${String(kind[1].const)}\``
        : path && `\`${path}\``;
    const rows: string[][] = [];
    groups.push({ title, description: variant.description ?? shape.description, rows });
    for (const [key, property] of Object.entries(variant.properties ?? {})) {
      const inner = path === "" ? key : `${path}.${key}`;
      const group = innerGroup(property);
      if (group === undefined) rows.push(row(key, property, variant));
      else collect(group.shape, `${inner}${group.suffix}`, groups);
    }
  }
}

/** The group of settings that a setting holds: its own, or that of each of its entries. */
function innerGroup(shape: Shape): { readonly shape: Shape; readonly suffix: string } | undefined {
  const holds = (one: Shape) => alternatives(one).some((each) => each.properties !== undefined);
  if (holds(shape)) return { shape, suffix: "" };
  const { additionalProperties: entry, items } = shape;
  const described = (one: Shape): Shape =>
    shape.description === undefined || one.description !== undefined
      ? one
      : { ...one, description: shape.description };
  if (typeof entry === "object" && holds(entry))
    return { shape: described(entry), suffix: ".<name>" };
  if (items !== undefined && holds(items)) return { shape: described(items), suffix: "[]" };
  return undefined;
}

function row(key: string, shape: Shape, parent: Shape): string[] {
  const needed = parent.required?.includes(key) === true && shape.const === undefined;
  const standard = shape.default === undefined ? "" : `\`${JSON.stringify(shape.default)}\``;
  const meaning = (shape.description ?? "") + (shape.secret ? " Secret." : "");
  return [`\`${key}\``, meaning, form(shape), needed ? "needed" : standard].map(cell);
}

/** Type, unit and limits in a few words: `whole number, 1 to 65535`. */
function form(shape: Shape): string {
  if (shape.const !== undefined) return `\`${JSON.stringify(shape.const)}\``;
  if (shape.enum !== undefined) return shape.enum.map((one) => `\`${String(one)}\``).join(", ");
  const variants = alternatives(shape);
  if (variants.length > 1) return variants.map(form).join(" or ");
  if (shape.type === "array")
    return `list of ${form(shape.items ?? {})}${between(shape.minItems, shape.maxItems, " entries")}`;
  if (shape.type === "object" && typeof shape.additionalProperties === "object")
    return `names, each with ${form(shape.additionalProperties)}`;
  const unit = shape.unit === undefined ? "" : `, ${shape.unit}`;
  if (shape.type === "string")
    return `text${unit}${between(shape.minLength, shape.maxLength, " characters")}${
      shape.pattern === undefined ? "" : `, \`${shape.pattern}\``
    }`;
  const name = shape.type === "integer" ? "whole number" : (shape.type ?? "any");
  const low = shape.minimum ?? shape.exclusiveMinimum;
  const high = shape.maximum ?? shape.exclusiveMaximum;
  return `${name}${unit}${between(low, high, "")}`;
}

/** Limits as words. zod bounds every whole number by what a double holds, which nobody asked for. */
function between(low: number | undefined, high: number | undefined, unit: string): string {
  const min = low === undefined || low <= Number.MIN_SAFE_INTEGER ? undefined : low;
  const max = high === undefined || high >= Number.MAX_SAFE_INTEGER ? undefined : high;
  if (min !== undefined && max !== undefined) return `, ${min} to ${max}${unit}`;
  if (max !== undefined) return `, at most ${max}${unit}`;
  return min === undefined ? "" : `, at least ${min}${unit}`;
}

/** A `|` would end the cell. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

function withReferences(shape: Shape): Shape {
  const each = (shapes: Readonly<Record<string, Shape>>) =>
    Object.fromEntries(Object.entries(shapes).map(([key, one]) => [key, withReferences(one)]));
  if (shape.type === "integer" || shape.type === "number" || shape.type === "boolean") {
    const { description, default: standard, ...bare } = shape;
    return {
      ...(description === undefined ? {} : { description }),
      ...(standard === undefined ? {} : { default: standard }),
      anyOf: [bare, { type: "string", pattern: "^\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\\}$" }],
    };
  }
  return {
    ...shape,
    ...(shape.properties && { properties: each(shape.properties) }),
    ...(shape.items && { items: withReferences(shape.items) }),
    ...(shape.oneOf && { oneOf: shape.oneOf.map(withReferences) }),
    ...(shape.anyOf && { anyOf: shape.anyOf.map(withReferences) }),
    ...(typeof shape.additionalProperties === "object" && {
      additionalProperties: withReferences(shape.additionalProperties),
    }),
  };
}
