import { type Literals, covers, isAll, literalsOf, meet } from "./literals.ts";
import type { RouteVariable } from "./question.ts";
import type { RouteRule } from "./settings.ts";

/** A pattern of a rule or of a block around it. */
export interface Asked {
  readonly variable: RouteVariable;
  readonly source: string;
  /** What it means, where that is simple. */
  readonly literals: Literals | undefined;
}

/** A rule with its place, and all that a message must be to get there. */
export interface Placed {
  readonly rule: RouteRule;
  readonly path: readonly (string | number)[];
  /** `rules[3].rules[0]`, for people. */
  readonly place: string;
  readonly own: readonly Asked[];
  /** Its own and those of the blocks around it, the outermost first. */
  readonly asked: readonly Asked[];
}

/** All rules in the order in which they are tried, a block before what stands in it. */
export function placedRules(
  rules: readonly RouteRule[],
  around: Pick<Placed, "path" | "place" | "asked"> = { path: [], place: "", asked: [] },
): readonly Placed[] {
  return rules.flatMap((rule, at) => {
    const path = [...around.path, "rules", at];
    const place = `${around.place}${around.place === "" ? "" : "."}rules[${at}]`;
    const own = Object.entries(rule.match ?? {}).map(([name, source]): Asked => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.entries loses the keys' type.
      const variable = name as RouteVariable;
      return { variable, source, literals: literalsOf(source, variable !== "text") };
    });
    const placed: Placed = { rule, path, place, own, asked: [...around.asked, ...own] };
    return [placed, ...placedRules(rule.rules ?? [], placed)];
  });
}

/** Does `one` match whatever `other` matches? False where it cannot be told. */
export function takesAllOf(one: Asked, other: Asked): boolean {
  if (one.literals !== undefined && isAll(one.literals)) return true;
  if (one.variable !== other.variable) return false;
  if (one.source === other.source) return true;
  if (one.literals === undefined || other.literals === undefined) return false;
  return covers(one.literals, other.literals);
}

/** Is every one of these patterns one that such a message matches? */
export function allTaken(these: readonly Asked[], such: readonly Asked[]): boolean {
  return these.every(
    (one) =>
      (one.literals !== undefined && isAll(one.literals)) ||
      such.some((other) => takesAllOf(one, other)),
  );
}

/** Two patterns that no value matches both of; undefined where there are none, or it cannot be told. */
export function contradiction(
  asked: readonly Asked[],
): readonly [one: Asked, other: Asked] | undefined {
  for (const [at, other] of asked.entries())
    for (const one of asked.slice(0, at))
      if (
        one.variable === other.variable &&
        one.literals !== undefined &&
        other.literals !== undefined &&
        !meet(one.literals, other.literals)
      )
        return [one, other];
  return undefined;
}
