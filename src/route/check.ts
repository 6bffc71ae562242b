import { compilePattern } from "../pattern/pattern.ts";
import { templateFrom } from "./captures.ts";
import type { Directory } from "./directory.ts";
import { loopsOf } from "./loops.ts";
import { type Placed, allTaken, contradiction, placedRules } from "./placed.ts";
import type { RouteVariable } from "./question.ts";
import { codeOf, targetsOf } from "./ready.ts";
import { type RoutesSettings, rulesMax } from "./settings.ts";
import { targetFrom } from "./target.ts";

/** One thing that is wrong with the routing table. */
export interface RouteFault {
  /** From `routes` on: `["rules", 3, "match", "to"]`. */
  readonly path: readonly (string | number)[];
  readonly text: string;
}

/** Variables that have one of a few values. */
const VALUES: Partial<Record<RouteVariable, readonly string[]>> = {
  origin: ["customer", "provider", "own"],
  module: ["smppserver", "smppclient", "http", ""],
  sms_type: ["message", "status_report"],
  submit_info: ["SMPP", "HTTP", ""],
};

/**
 * All that is wrong with a routing table whose form is right: patterns that do not compile, targets that do
 * not exist, rules that no message ever gets to, circles. Asked at each reading of the settings; without
 * `tables`, which are not in the file, any table is believed to be there.
 */
export function routeFaults(
  { rules, default: standard }: RoutesSettings,
  directory: Directory,
  tables: (name: string) => boolean = () => true,
): readonly RouteFault[] {
  const placed = placedRules(rules);
  const faults: RouteFault[] = placed.flatMap((one) => ownFaults(one, directory, tables));
  if (placed.length > rulesMax)
    faults.push({
      path: ["rules"],
      text: `has ${placed.length} rules with those in blocks; ${rulesMax} are allowed`,
    });
  faults.push(...sameNames(placed));
  if (standard !== undefined) {
    const text = targetFault(standard, directory, tables);
    if (text !== undefined) faults.push({ path: ["default"], text });
    else if (standard.includes("{"))
      faults.push({ path: ["default"], text: "may capture nothing: no rule has matched" });
  }
  // What is broken cannot be compared.
  if (faults.length > 0 || placed.length > rulesMax) return faults;
  faults.push(...unreachable(placed, standard !== undefined));
  for (const { at, text } of loopsOf(placed, directory))
    faults.push({ path: [...at.path, "target"], text });
  return faults;
}

function ownFaults(
  placed: Placed,
  directory: Directory,
  tables: (name: string) => boolean,
): readonly RouteFault[] {
  const { rule, path } = placed;
  const faults: RouteFault[] = [];
  const blame = (key: string | undefined, text: string): void => {
    faults.push({ path: key === undefined ? path : [...path, key], text });
  };
  const ends = (["target", "rules", "refuse"] as const).filter((key) => rule[key] !== undefined);
  if (ends.length === 0) blame(undefined, "leads nowhere: it needs `target`, `rules` or `refuse`");
  if (ends.length > 1) blame(ends[1], `must not stand beside \`${ends[0] ?? ""}\``);
  for (const key of ["to", "from"] as const)
    if (rule[key] !== undefined && rule.target === undefined)
      blame(key, "changes nothing without `target`");
  if (rule.reason !== undefined && rule.refuse === undefined)
    blame("reason", "is told by nobody without `refuse`");
  if (rule.refuse !== undefined && codeOf(rule.refuse) === undefined)
    blame("refuse", "is no code of docs/errors.md");
  for (const { variable, source } of placed.own) {
    const text = patternFault(variable, source);
    if (text !== undefined) faults.push({ path: [...path, "match", variable], text });
  }
  const isList = typeof rule.target !== "string";
  for (const [at, target] of targetsOf(rule.target).entries()) {
    const text = templateFault(target, placed) ?? targetFault(target, directory, tables);
    if (text !== undefined)
      faults.push({ path: [...path, "target", ...(isList ? [at] : [])], text });
  }
  for (const key of ["to", "from"] as const) {
    const text = rule[key] === undefined ? undefined : templateFault(rule[key], placed);
    if (text !== undefined) blame(key, text);
  }
  return faults;
}

function patternFault(variable: RouteVariable, source: string): string | undefined {
  const pattern = compilePattern(source);
  if ("fault" in pattern) return `is no regular expression that is understood: ${pattern.fault}`;
  const values = VALUES[variable];
  if (values === undefined || values.some((value) => pattern.test(value))) return undefined;
  const all = values.filter((value) => value !== "").join(", ");
  return `matches no value of ${variable}; there are ${all}`;
}

/** Every group that is used has to be one of a pattern that has matched by then. */
function templateFault(text: string, { asked }: Placed): string | undefined {
  const template = templateFrom(text);
  if ("fault" in template) return template.fault;
  for (const { variable, group } of template.asks) {
    if (group === 0) continue;
    const pattern = asked.findLast((one) => one.variable === variable);
    if (pattern === undefined)
      return `uses {${variable}.${group}}, and no pattern here matches ${variable}`;
    const groups = groupsOf(pattern.source);
    if (group > groups)
      return `uses {${variable}.${group}}, and ${pattern.source} has ${groups} groups`;
  }
  return undefined;
}

function groupsOf(source: string): number {
  try {
    return (new RegExp(`${source}|`).exec("")?.length ?? 1) - 1;
  } catch {
    return 9; // The pattern has a fault of its own, which is told.
  }
}

/** Why there is no such target; undefined where there is, or where it is known with the message only. */
export function targetFault(
  text: string,
  directory: Directory,
  tables: (name: string) => boolean = () => true,
): string | undefined {
  const target = targetFrom(text);
  if ("fault" in target) return target.fault;
  const isOpen = (name: string): boolean => name.includes("{");
  switch (target.kind) {
    case "channel": {
      if (isOpen(target.name)) return undefined;
      const channel = directory.channel(target.name);
      if (channel === undefined && target.account === undefined)
        return directory.group(target.name).length > 0
          ? undefined
          : `leads to ${target.name}, and there is no channel and no group of that name`;
      if (channel === undefined) return `leads to ${target.name}, and there is no such channel`;
      return target.account !== undefined && channel.hasCustomers !== true
        ? `names the customer ${target.account}, and no customers bind to ${target.name}`
        : undefined;
    }
    case "group":
      return isOpen(target.name) || directory.group(target.name).length > 0
        ? undefined
        : `leads to the group ${target.name}, and no channel is in it`;
    case "smppclient":
      return isOpen(target.systemId) ||
        directory.clients.some(({ systemId }) => systemId === target.systemId)
        ? undefined
        : `leads to the system_id ${target.systemId}, and no channel binds with it`;
    case "smppserver":
      return directory.servers.length > 0
        ? undefined
        : `leads to the customer ${target.systemId}, and there is no channel that customers bind to`;
    case "http":
      return isOpen(target.name) || directory.channel(target.name)?.module === "http"
        ? undefined
        : `leads to ${target.name}, and there is no HTTP channel of that name`;
    case "table":
      return isOpen(target.name) || tables(target.name)
        ? undefined
        : `leads to the number table ${target.name}, and there is no such table`;
  }
}

/** The same for what a number table names, which leads to channels only. */
export function providerFault(text: string, directory: Directory): string | undefined {
  return text.startsWith("table:")
    ? `leads to ${text}, and a number table leads to channels only`
    : targetFault(text, directory);
}

/** The rules that ask this number table, as an operator calls them. */
export function rulesThatAsk(
  table: string,
  { rules, default: standard }: RoutesSettings,
): readonly string[] {
  const target = `table:${table}`;
  const asking = placedRules(rules).filter(({ rule }) => targetsOf(rule.target).includes(target));
  return [...asking.map(calledOf), ...(standard === target ? ["routes.default"] : [])];
}

function sameNames(placed: readonly Placed[]): readonly RouteFault[] {
  const seen = new Set<string>();
  return placed.flatMap(({ rule: { name }, path }) => {
    if (name === undefined) return [];
    if (seen.has(name))
      return [{ path: [...path, "name"], text: "is the name of another rule already" }];
    seen.add(name);
    return [];
  });
}

/** Rules that no message ever gets to, as far as that can be told. */
function unreachable(placed: readonly Placed[], hasDefault: boolean): readonly RouteFault[] {
  const faults: RouteFault[] = [];
  const takers: Placed[] = [];
  let blind: Placed | undefined;
  for (const one of placed) {
    // Of a block that is never entered the block itself is told.
    if (blind !== undefined && one.place.startsWith(`${blind.place}.`)) continue;
    const never = contradiction(one.asked);
    const before = takers.find((taker) => allTaken(taker.asked, one.asked));
    if (never !== undefined) {
      const [outer, inner] = never;
      const text = `matches nothing: no ${inner.variable} matches both ${outer.source} and ${inner.source}`;
      faults.push({ path: one.path, text });
      blind = one;
    } else if (before !== undefined) {
      const text = `is never reached: ${calledOf(before)} before it takes all that it would take`;
      faults.push({ path: one.path, text });
      blind = one;
    } else if (isFinal(one)) takers.push(one);
  }
  const all = takers.find(({ asked }) => allTaken(asked, []));
  if (hasDefault && all !== undefined)
    faults.push({ path: ["default"], text: `is never reached: ${calledOf(all)} takes all` });
  return faults;
}

function calledOf({ rule, place }: Placed): string {
  return rule.name === undefined ? `routes.${place}` : `routes.${place} (${rule.name})`;
}

/** A block lets pass what none of its rules takes, and a number table what it says nothing of. */
function isFinal({ rule }: Placed): boolean {
  if (rule.rules !== undefined) return false;
  return rule.refuse !== undefined || !targetsOf(rule.target).every(isTable);
}

function isTable(target: string): boolean {
  return target.startsWith("table:");
}
