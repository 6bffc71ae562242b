import {
  Document,
  isAlias,
  isMap,
  isScalar,
  parse,
  parseDocument,
  type Scalar,
  stringify,
} from "yaml";
import { GatewayError } from "../model/error.ts";
import { type Path, pathText } from "./place.ts";

/** One setting that gets another value; undefined takes it out of the file. */
export interface Edit {
  readonly path: Path;
  readonly value: unknown;
}

/**
 * The text of a configuration file with these settings changed; comments, order and all else stay. A
 * value that only takes the place of another one changes nothing around it; where a setting comes or
 * goes the blanks before comments may be others. Throws `bad_request` where there is no place for one.
 */
export function edited(text: string, edits: readonly Edit[]): string {
  let now = text;
  for (const edit of edits) now = replaced(now, edit) ?? rewritten(now, edit);
  return now;
}

/** A value as a person types it after `=`: as it would stand in the file; what is no YAML is text. */
export function typedValue(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return text;
  }
}

/** Only the characters of the value; undefined where that is not enough. */
function replaced(text: string, { path, value }: Edit): string | undefined {
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean")
    return undefined;
  const node = parseDocument(text).getIn(path, true);
  if (!isScalar(node) || !isPlain(node) || node.range === undefined || node.range === null)
    return undefined;
  const [start, end] = node.range;
  return text.slice(0, start) + scalarText(value) + text.slice(end);
}

/** On one line, and without an anchor that others lean on. */
function isPlain({ anchor, tag, type, value }: Scalar): boolean {
  const oneLine = type === "PLAIN" || type === "QUOTE_DOUBLE" || type === "QUOTE_SINGLE";
  return oneLine && anchor === undefined && tag === undefined && value !== null;
}

/** Fits into `{ … }` and `[ … ]`, too. */
function scalarText(value: string | number | boolean): string {
  if (typeof value === "string" && /[,[\]{}#:\n]/.test(value)) return JSON.stringify(value);
  return stringify(value, { lineWidth: 0 }).trimEnd();
}

function rewritten(text: string, { path, value }: Edit): string {
  const found: Document = parseDocument(text);
  const document = found.contents === null ? new Document({}) : found;
  for (const [depth, step] of path.entries()) {
    const node = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
    if (node === undefined || node === null || (isScalar(node) && node.value === null)) break;
    if (!isMap(node) || isAlias(node))
      throw new GatewayError(
        "bad_request",
        `${pathText(path.slice(0, depth))} has no settings of its own, so there is no place for ${step}.`,
      );
  }
  if (value === undefined) document.deleteIn(path);
  else document.setIn(path, document.createNode(value));
  return document.toString({ lineWidth: 0 });
}
