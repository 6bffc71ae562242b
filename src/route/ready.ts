import { ERRORS, type ErrorCode } from "../model/error.ts";
import { compilePattern } from "../pattern/pattern.ts";
import { type Template, templateFrom } from "./captures.ts";
import { literalsOf } from "./literals.ts";
import type { RouteVariable } from "./question.ts";
import type { RouteRule } from "./settings.ts";

/** One pattern of a rule, ready to be asked. */
export interface Condition {
  readonly variable: RouteVariable;
  readonly source: string;
  /** Somebody uses what its groups have captured. */
  readonly asksGroups: boolean;
  test(value: string): boolean;
  match(value: string): readonly (string | undefined)[] | undefined;
}

/** A rule, ready to be asked. */
export interface ReadyRule {
  /** Its name, else its place. */
  readonly name: string;
  /** What it is for, for people: its targets as they are written. */
  readonly aim: string;
  readonly conditions: readonly Condition[];
  readonly targets: readonly Template[];
  readonly to: Template | undefined;
  readonly from: Template | undefined;
  readonly refuse: ErrorCode | number | undefined;
  readonly reason: string | undefined;
  readonly rules: readonly ReadyRule[] | undefined;
}

/** Of rules that have no faults. */
export function readyRules(rules: readonly RouteRule[], place = ""): readonly ReadyRule[] {
  return rules.map((rule, at) => readyRule(rule, `${place}rules[${at}]`));
}

function readyRule(rule: RouteRule, place: string): ReadyRule {
  const { name = place, target, reason } = rule;
  const targets = targetsOf(target);
  const asked = groupsAsked(rule);
  return {
    name,
    aim: rule.refuse === undefined ? targets.join(", ") : "refuse",
    conditions: Object.entries(rule.match ?? {}).map(([variable, source]) =>
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.entries loses the keys' type.
      conditionOf(variable as RouteVariable, source, asked),
    ),
    targets: targets.map(ready),
    to: rule.to === undefined ? undefined : ready(rule.to),
    from: rule.from === undefined ? undefined : ready(rule.from),
    refuse: codeOf(rule.refuse),
    reason,
    rules: rule.rules === undefined ? undefined : readyRules(rule.rules, `${place}.`),
  };
}

export function targetsOf(target: RouteRule["target"]): readonly string[] {
  if (target === undefined) return [];
  return typeof target === "string" ? [target] : target;
}

/** Variables whose groups this rule or one inside of it uses. */
function groupsAsked(rule: RouteRule): ReadonlySet<RouteVariable> {
  const own = [...targetsOf(rule.target), rule.to ?? "", rule.from ?? ""].flatMap((text) =>
    ready(text).asks.flatMap(({ variable, group }) => (group > 0 ? [variable] : [])),
  );
  return new Set([...own, ...(rule.rules ?? []).flatMap((inner) => [...groupsAsked(inner)])]);
}

function conditionOf(
  variable: RouteVariable,
  source: string,
  asked: ReadonlySet<RouteVariable>,
): Condition {
  const pattern = compilePattern(source);
  // The settings are checked before: this is a fault of ours.
  if ("fault" in pattern) throw new Error(`${variable} ${source}: ${pattern.fault}`);
  const common = { variable, source, asksGroups: asked.has(variable) };
  const literals = literalsOf(source, variable !== "text");
  if (literals === undefined) return { ...common, test: pattern.test, match: pattern.match };
  const { texts, whole } = literals;
  const test = whole
    ? (value: string) => texts.includes(value)
    : (value: string) => texts.some((text) => value.startsWith(text));
  return { ...common, test, match: pattern.match };
}

/** The code of the catalogue, or the command_status, that a rule names; undefined where it is neither. */
export function codeOf(refuse: string | number | undefined): ErrorCode | number | undefined {
  if (typeof refuse !== "string") return refuse;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- It is looked up.
  return Object.hasOwn(ERRORS, refuse) ? (refuse as ErrorCode) : undefined;
}

function ready(text: string): Template {
  const template = templateFrom(text);
  if ("fault" in template) throw new Error(`${text} ${template.fault}`);
  return template;
}
