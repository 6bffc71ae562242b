import { compilePattern } from "../../pattern/pattern.ts";
import { type Received, textOf, valueAt, within } from "./body.ts";
import type { PickRule, WhenRule } from "./schema.ts";

/** Characters of a text that a pattern looks at, as of the texts of triggers. */
const lookedAtMax = 2_000;

/** Told when a data file is read; `at` is the place in it. */
export type Blame = (at: readonly (string | number)[], text: string) => void;

/** Reads one value of what was received, or of one `item` of its list. */
export type Picking = (received: Received, item: unknown) => string | undefined;

/** Paths with a colon, as `header:x-id`, are beside the items. */
function valueOf(received: Received, item: unknown, path: string): unknown {
  return path.includes(":") ? valueAt(received, path) : within(item, path);
}

export function pickingOf(
  rule: PickRule | undefined,
  at: readonly (string | number)[],
  blame: Blame,
): Picking {
  if (rule === undefined) return () => undefined;
  if (typeof rule === "string") return (received, item) => textOf(valueOf(received, item, rule));
  const pattern = compilePattern(rule.matches);
  if ("fault" in pattern) {
    blame([...at, "matches"], pattern.fault);
    return () => undefined;
  }
  return (received, item) => {
    const value = textOf(valueOf(received, item, rule.at));
    const found = value === undefined ? undefined : pattern.match(value.slice(0, lookedAtMax));
    return found?.[1] ?? found?.[0];
  };
}

/** Does a rule hold? `status` is that of an answer. */
export type Holding = (received: Received, item: unknown, status: number) => boolean;

export function holdingOf(rule: WhenRule, at: readonly (string | number)[], blame: Blame): Holding {
  const { status: statuses, at: path, is, matches } = rule;
  const pattern = matches === undefined ? undefined : compilePattern(matches);
  if (pattern !== undefined && "fault" in pattern) {
    blame([...at, "matches"], pattern.fault);
    return () => false;
  }
  const words = is && new Set(is.map((one) => String(one).toLowerCase()));
  return (received, item, status) => {
    const fits = statuses?.some((one) =>
      typeof one === "number" ? one === status : Number(one[0]) === Math.floor(status / 100),
    );
    if (fits === false) return false;
    if (path === undefined) return true;
    const value = textOf(valueOf(received, item, path));
    if (words !== undefined) return value !== undefined && words.has(value.toLowerCase());
    if (pattern !== undefined)
      return value !== undefined && pattern.test(value.slice(0, lookedAtMax));
    return value !== undefined;
  };
}
