import { alternatives, entryShapes, isRecord, meant, type Shape } from "./shape.ts";
import type { Path } from "./place.ts";
import type { z } from "./schema.ts";

type RawIssue = Parameters<z.core.$ZodErrorMap>[0];

/**
 * What is wrong with one value, as words that follow its path: "must be at most 65535". Never tells
 * the value itself, which may be a secret. A message given where the setting is declared goes first.
 */
export function faultText(issue: RawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type": {
      const wanted = KINDS[issue.expected] ?? issue.expected;
      if (issue.input === undefined) return `is missing; it must be ${wanted}`;
      if (issue.input === null) return `is empty; it must be ${wanted}`;
      return `must be ${wanted}, not ${kindOf(issue.input)}`;
    }
    case "too_big":
      return `must ${measured(issue.origin, issue.inclusive === false ? "below" : "at most", issue.maximum)}`;
    case "too_small":
      return `must ${measured(issue.origin, issue.inclusive === false ? "above" : "at least", issue.minimum)}`;
    case "invalid_value":
      return `must be ${listed(issue.values)}`;
    case "invalid_union":
      return Array.isArray(issue.options)
        ? `must be ${listed(issue.options)}`
        : "has none of the forms that it may have";
    case "invalid_format":
      return issue.format === "regex"
        ? `must match ${String(issue.pattern)}`
        : `must be a valid ${issue.format}`;
    case "not_multiple_of":
      return `must be a multiple of ${issue.divisor}`;
    case "invalid_key":
      return `is not a name that may stand here: it ${issue.issues[0]?.message ?? "is refused"}`;
    case "invalid_element":
      return "holds an entry that may not stand here";
    case "unrecognized_keys":
    case "custom":
      return undefined;
    default:
      return undefined;
  }
}

/** What is wrong with a key that no setting has, and which one may have been meant. */
export function unknownKeyText(root: Shape, settings: unknown, parent: Path, key: string): string {
  const known = knownKeys(root, settings, parent);
  const near = known
    .map((name) => ({ name, distance: editDistance(name.toLowerCase(), key.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= Math.max(1, Math.floor(name.length / 3)))
    .sort((a, b) => a.distance - b.distance)[0];
  if (near !== undefined) return `is no setting; did you mean "${near.name}"?`;
  return known.length === 0
    ? "is no setting; nothing may stand here"
    : `is no setting; known here: ${known.join(", ")}`;
}

function knownKeys(root: Shape, settings: unknown, parent: Path): string[] {
  let shapes = meant(root, settings);
  let value = settings;
  for (const step of parent) {
    const inner: unknown = Array.isArray(value)
      ? value[Number(step)]
      : isRecord(value)
        ? value[step]
        : undefined;
    value = inner;
    shapes = entryShapes(shapes, step).flatMap((shape) => meant(shape, inner));
  }
  const names = shapes
    .flatMap(alternatives)
    .flatMap((shape) => Object.keys(shape.properties ?? {}));
  return [...new Set(names)].sort();
}

const KINDS: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "a group of settings",
  record: "a group of named entries",
  array: "a list",
  null: "empty",
  never: "left out",
};

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number")
    return Number.isInteger(value) ? "a whole number" : "a number with a fraction";
  if (typeof value === "string") return "text";
  return typeof value === "boolean" ? "true or false" : "a group of settings";
}

function measured(origin: string, bound: string, limit: number | bigint): string {
  switch (origin) {
    case "string":
      return `have ${bound} ${limit} character${Number(limit) === 1 ? "" : "s"}`;
    case "array":
    case "set":
      return `have ${bound} ${limit} entr${Number(limit) === 1 ? "y" : "ies"}`;
    default:
      return `be ${bound} ${limit}`;
  }
}

function listed(values: readonly unknown[]): string {
  const texts = values.map((value) => JSON.stringify(value) ?? String(value));
  return texts.length === 1 ? (texts[0] ?? "") : `one of ${texts.join(", ")}`;
}

/** Letters added, left out, replaced or swapped; keys are short, so the plain table will do. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swaps = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = swaps ? (before[j - 2] ?? Infinity) + 1 : Infinity;
      next.push(Math.min(replaced, swapped, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}
