import { type Document, isAlias, isMap, isScalar, isSeq, type Node, parseDocument } from "yaml";
import { type Path, pathText } from "./place.ts";
import { entryShapes, meant, type Shape, shapeOf } from "./shape.ts";
import type { z } from "./schema.ts";

/** What stands for a secret in a text that is shown. */
const mask = "***";

const reference = /^\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}$/;

/**
 * The text of a configuration file for eyes: each secret is `***`, a reference to the environment
 * stays. The text must be one that has no faults.
 */
export function masked(text: string, schema: z.ZodType): string {
  return spliced(
    text,
    secretsIn(text, schema).flatMap(({ start, end, value }) => {
      const [whole, name, otherwise = ""] = reference.exec(value) ?? [];
      if (value === "" || (whole !== undefined && otherwise === "")) return [];
      const shown = whole === undefined ? mask : `\${${name}:-${mask}}`;
      return { start, end, text: JSON.stringify(shown) };
    }),
  );
}

/**
 * The text as it was before it was shown: each `***` in the place of a secret is what stands there in
 * `current`; or the path of one where nothing does.
 */
export function unmasked(
  text: string,
  current: string,
  schema: z.ZodType,
): { readonly text: string } | { readonly missing: string } {
  const known = new Map(secretsIn(current, schema).map((one) => [pathText(one.path), one]));
  const changes: Splice[] = [];
  for (const { path, value, start, end } of secretsIn(text, schema)) {
    if (value !== mask && reference.exec(value)?.[2] !== mask) continue;
    const was = known.get(pathText(path));
    if (was === undefined) return { missing: pathText(path) };
    changes.push({ start, end, text: current.slice(was.start, was.end) });
  }
  return { text: spliced(text, changes) };
}

interface Secret {
  readonly path: Path;
  /** As it is written, references not replaced. */
  readonly value: string;
  /** Characters from the start of the text. */
  readonly start: number;
  readonly end: number;
}

interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function spliced(text: string, changes: readonly Splice[]): string {
  let shown = text;
  for (const { start, end, text: by } of changes.toSorted((one, other) => other.start - one.start))
    shown = shown.slice(0, start) + by + shown.slice(end);
  return shown;
}

/** In the order of the text; nothing in one that is no YAML. */
function secretsIn(text: string, schema: z.ZodType): readonly Secret[] {
  const document = parseDocument(text);
  if (document.errors.length > 0) return [];
  const found = new Map<number, Secret>();
  walk(document, document.contents, { shapes: [shapeOf(schema)], path: [], found });
  return [...found.values()];
}

function walk(
  document: Document,
  at: unknown,
  given: {
    readonly shapes: readonly Shape[];
    readonly path: Path;
    readonly found: Map<number, Secret>;
  },
): void {
  const node = isAlias(at) ? at.resolve(document) : at;
  const { shapes, path, found } = given;
  if (isScalar(node)) {
    const isSecret = shapes.some((shape) => shape.secret === true);
    if (!isSecret || node.value === null || !node.range) return;
    const [start, end] = node.range;
    const value = typeof node.value === "string" ? node.value : JSON.stringify(node.value);
    // What others refer to is told by its own place.
    if (!found.has(start)) found.set(start, { path, value, start, end });
  } else if (isMap(node)) {
    const fitting = meantBy(shapes, node, document);
    for (const { key, value } of node.items) {
      const name = String(isScalar(key) ? key.value : key);
      const inner = { shapes: entryShapes(fitting, name), path: [...path, name], found };
      walk(document, value, inner);
    }
  } else if (isSeq(node)) {
    const fitting = meantBy(shapes, node, document);
    for (const [index, item] of node.items.entries())
      walk(document, item, { shapes: entryShapes(fitting, index), path: [...path, index], found });
  }
}

function meantBy(shapes: readonly Shape[], node: Node, document: Document): readonly Shape[] {
  const value: unknown = node.toJS(document);
  return shapes.flatMap((shape) => meant(shape, value));
}
