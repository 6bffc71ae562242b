import type { RouteVariable } from "./question.ts";
import { routeVariables } from "./settings.ts";

/** `{to}` is a variable, `{to.1}` the first group of the pattern that matched it. */
const placeholder = /\{([a-z_]+)(?:\.(\d))?\}/g;

/** A text that is filled in with what was matched. */
export interface Template {
  readonly source: string;
  /** In their order. */
  readonly asks: readonly { readonly variable: RouteVariable; readonly group: number }[];
}

/** Where the values come from: the variable as it is for group 0. Undefined for a group that took no part. */
export type Captured = (variable: RouteVariable, group: number) => string | undefined;

export function templateFrom(source: string): Template | { readonly fault: string } {
  const asks: { variable: RouteVariable; group: number }[] = [];
  for (const [all, name, group = "0"] of source.matchAll(placeholder)) {
    const variable = routeVariables.find((one) => one === name);
    if (variable === undefined) return { fault: `names no variable with ${all}` };
    asks.push({ variable, group: Number(group) });
  }
  const rest = source.replaceAll(placeholder, "");
  if (/[{}]/.test(rest))
    return { fault: "has a brace that is not part of {variable} or {variable.1}" };
  return { source, asks };
}

export function filled({ source, asks }: Template, captured: Captured): string {
  if (asks.length === 0) return source;
  let at = 0;
  return source.replaceAll(placeholder, () => {
    const ask = asks[at++];
    return ask === undefined ? "" : (captured(ask.variable, ask.group) ?? "");
  });
}
