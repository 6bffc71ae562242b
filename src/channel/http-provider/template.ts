import { xmlEscaped } from "./xml.ts";

/** What a template may name; empty or undefined: there is none. */
export type Values = Readonly<Record<string, string | number | boolean | undefined>>;

/** Of a body as JSON: texts are templates, all else stands as it is. */
export type Tree =
  | string
  | number
  | boolean
  | null
  | readonly Tree[]
  | { readonly [key: string]: Tree };

/** `{name}`, `{name?}`; `{{` is a brace. */
const placeholder = /\{\{|\{([A-Za-z][\w.-]*)(\?)?\}|\{/g;
const alone = /^\{([A-Za-z][\w.-]*)(\?)?\}$/;

/** The names in a template, and whether a brace in it is none of ours. */
export function namesIn(template: string): {
  readonly names: readonly string[];
  readonly broken: boolean;
} {
  const found = [...template.matchAll(placeholder)];
  return {
    names: found.flatMap(([, name]) => name ?? []),
    broken: found.some(([whole, name]) => name === undefined && whole !== "{{"),
  };
}

export function namesInTree(tree: Tree): readonly string[] {
  if (typeof tree === "string") return namesIn(tree).names;
  if (typeof tree !== "object" || tree === null) return [];
  return (Array.isArray(tree) ? tree : Object.values(tree)).flatMap(namesInTree);
}

/** The text with the values in it, each written by `escape`. */
export function filled(
  template: string,
  values: Values,
  escape: (text: string) => string = (text) => text,
): string {
  return template.replaceAll(placeholder, (whole, name?: string) =>
    name === undefined ? (whole === "{{" ? "{" : whole) : escape(String(values[name] ?? "")),
  );
}

export const filledXml = (template: string, values: Values): string =>
  filled(template, values, xmlEscaped);

/** For a part of a path: a slash in a value makes no new part. */
export const filledPath = (template: string, values: Values): string =>
  // Half a surrogate pair, which a text may end with, has no UTF-8.
  filled(template, values, (text) => encodeURIComponent(text.toWellFormed()));

/** Is it a `{name?}` without a value? Then what holds it is left out. */
export function isLeftOut(template: Tree, values: Values): boolean {
  if (typeof template !== "string") return false;
  const [, name, optional] = alone.exec(template) ?? [];
  return name !== undefined && optional === "?" && (values[name] ?? "") === "";
}

/** What is one name alone keeps its kind: a number stays one. */
export function filledTree(tree: Tree, values: Values): Tree {
  if (typeof tree === "string") {
    const [, name] = alone.exec(tree) ?? [];
    return name === undefined ? filled(tree, values) : (values[name] ?? null);
  }
  if (typeof tree !== "object" || tree === null) return tree;
  if (isList(tree))
    return tree.filter((one) => !isLeftOut(one, values)).map((one) => filledTree(one, values));
  return Object.fromEntries(
    Object.entries(tree)
      .filter(([, one]) => !isLeftOut(one, values))
      .map(([key, one]) => [key, filledTree(one, values)]),
  );
}

/** Fields with their values, those without one left out. */
export function filledFields(
  fields: Readonly<Record<string, string>>,
  values: Values,
): readonly (readonly [name: string, value: string])[] {
  return Object.entries(fields).flatMap(([name, template]) =>
    isLeftOut(template, values) ? [] : [[name, filled(template, values)] as const],
  );
}

function isList(tree: object): tree is readonly Tree[] {
  return Array.isArray(tree);
}
