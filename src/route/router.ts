import type { ErrorCode } from "../model/error.ts";
import { type Captured, filled } from "./captures.ts";
import type { Directory } from "./directory.ts";
import { numberAtName } from "../model/number-at-name.ts";
import type {
  Candidate,
  Refusal,
  Resolved,
  RouteQuestion,
  Router,
  RouteVariable,
  Step,
} from "./question.ts";
import { type Condition, type ReadyRule, readyRules } from "./ready.ts";
import type { RoutesSettings } from "./settings.ts";
import { type Surroundings, type Ways, waysTo } from "./ways.ts";

/** The router of settings that have no faults; `check.ts` finds those. Made at each change of them. */
export function createRouter(
  settings: RoutesSettings,
  directory: Directory,
  around: Surroundings,
): Router {
  const rules = readyRules(settings.rules);

  return {
    resolve(asked, { explain = false } = {}) {
      const at = numberAtName(asked.to);
      const question = at === undefined ? asked : { ...asked, to: at.number };
      const search = searchOf(question, explain);
      if (at?.kind === "smpp" || at?.kind === "named") byAddress(at, search);
      else {
        within(rules, search);
        byDefault("account", question.senderDefault, search);
        byDefault("default", settings.default, search);
      }
      return outcome(search, at === undefined ? undefined : question.to);
    },
  };

  /** Tries the rules in their order; true when one has decided. */
  function within(list: readonly ReadyRule[], search: Search): boolean {
    for (const rule of list) {
      const depth = search.groups.length;
      const miss = missOf(rule, search);
      if (miss === undefined) apply(rule, search);
      else if (search.explain) tell(search, rule.name, rule.aim, false, miss);
      search.groups.length = depth;
      if (search.done && !search.explain) return true;
    }
    return search.done;
  }

  function apply(rule: ReadyRule, search: Search): void {
    if (search.done && rule.rules === undefined)
      return tell(
        search,
        rule.name,
        rule.aim,
        false,
        "would match, but comes after what was taken",
      );
    if (rule.rules !== undefined) {
      if (search.explain) tell(search, rule.name, "", !search.done, `is entered: ${said(rule)}`);
      if (!within(rule.rules, search) && search.explain)
        tell(search, rule.name, "", false, "none of its rules took it");
      return;
    }
    if (rule.refuse !== undefined) {
      const reason = rule.reason ?? `refused by the rule ${rule.name}`;
      tell(search, rule.name, "refuse", true, `${said(rule)}: ${reason}`);
      return refuse(search, rule.refuse, reason);
    }
    const captured: Captured = (variable, group) => {
      if (group === 0) return valueOf(search, variable);
      return search.groups.findLast((one) => one.variable === variable)?.found[group];
    };
    const changes = {
      ...(rule.to === undefined ? {} : { to: filled(rule.to, captured) }),
      ...(rule.from === undefined ? {} : { from: filled(rule.from, captured) }),
    };
    const targets = rule.targets.map((one) => filled(one, captured));
    take(rule.name, targets, said(rule), changes, search);
  }

  function byAddress(
    at: { readonly kind: "smpp" } | { readonly kind: "named"; readonly name: string },
    search: Search,
  ): void {
    if (at.kind === "smpp") {
      const { nameless } = directory;
      if (nameless === undefined)
        return unusable("no channel to a provider is switched on", search);
      const why = nameless.isDefault ? "it is the default channel" : "it is the first that is on";
      return found("address", [{ channel: nameless.name, rule: "address", why }], search);
    }
    const name = at.name.toUpperCase();
    const one = directory.clients.find((channel) => channel.name.toUpperCase() === name);
    if (one === undefined) return unusable(`there is no channel ${at.name} to a provider`, search);
    if (!one.enabled) return unusable(`${one.name} is switched off`, search);
    found("address", [{ channel: one.name, rule: "address", why: "the address names it" }], search);
  }

  function unusable(why: string, search: Search): void {
    tell(search, "address", "", false, why);
    refuse(search, "no_route", why);
  }

  function byDefault(
    rule: "account" | "default",
    target: string | undefined,
    search: Search,
  ): void {
    if (target === undefined || target === "") {
      if (search.explain && !search.done)
        tell(
          search,
          rule,
          "",
          false,
          rule === "account" ? "the account has no route" : "there is none",
        );
      return;
    }
    if (!search.done) return take(rule, [target], "no rule took it", {}, search);
    if (search.explain) tell(search, rule, target, false, "comes after what was taken");
  }

  function take(
    rule: string,
    targets: readonly string[],
    why: string,
    changes: Pick<Candidate, "to" | "from">,
    search: Search,
  ): void {
    const { question } = search;
    const whom = { number: changes.to ?? question.to, account: question.account };
    const ways: Ways[] = [];
    for (const target of targets) {
      const one = waysTo(target, rule, whom, directory, around);
      if (one.blocked !== undefined) {
        search.steps.push(...one.passedOver);
        tell(search, rule, target, false, one.blocked);
        return refuse(search, "no_route", one.blocked);
      }
      ways.push(one);
    }
    const passedOver = ways.flatMap((one) => one.passedOver);
    const candidates = ways.flatMap((one) => one.candidates.map((way) => ({ ...way, ...changes })));
    search.steps.push(...passedOver);
    if (candidates.length > 0) return found(rule, candidates, search, why);
    // A table that says nothing of a number leaves it to the rules after it.
    if (targets.every((one) => one.startsWith("table:"))) return;
    refuse(search, "no_route", passedOver.map((one) => one.why).join(", ") || "it leads nowhere");
  }

  /** Those that are up go first; beyond that the order is as it was asked for. */
  function found(rule: string, all: readonly Candidate[], search: Search, why?: string): void {
    const different = all.filter(
      ({ channel, account }, at) =>
        all.findIndex((one) => one.channel === channel && one.account === account) === at,
    );
    const isUp = ({ channel }: Candidate): boolean => around.isUp(channel);
    const up = different.length === 1 ? different : different.filter(isUp);
    const down = different.length === 1 ? [] : different.filter((one) => !isUp(one));
    search.candidates = [...up, ...down];
    search.done = true;
    for (const [at, one] of search.candidates.entries()) {
      const target = one.account === undefined ? one.channel : `${one.channel}/${one.account}`;
      const words = [why, one.why === "named by it" ? undefined : one.why];
      const state = down.includes(one) ? "is down, so it comes after those that are up" : undefined;
      const place = at === 0 ? undefined : "is next when those before it fail";
      const text = [...words, state, place].filter((word) => word !== undefined).join("; ");
      if (at === 0 || search.explain || state !== undefined)
        tell(search, rule, target, at === 0, text);
    }
  }

  function outcome({ candidates, refused, steps }: Search, bare: string | undefined): Resolved {
    const all = bare === undefined ? candidates : candidates.map((one) => ({ to: bare, ...one }));
    if (candidates.length > 0 || refused !== undefined) return { candidates: all, steps, refused };
    const reason = "no rule takes it, and there is no default";
    return { candidates, steps, refused: { code: "no_route", reason } };
  }
}

/** One question on its way through the table. */
interface Search {
  readonly question: RouteQuestion;
  readonly explain: boolean;
  readonly steps: Step[];
  /** What the patterns of the blocks around and of the rule itself have matched. */
  readonly groups: { variable: RouteVariable; found: readonly (string | undefined)[] }[];
  candidates: readonly Candidate[];
  refused: Refusal | undefined;
  done: boolean;
}

function searchOf(question: RouteQuestion, explain: boolean): Search {
  const nothing = { candidates: [], refused: undefined, done: false };
  return { question, explain, steps: [], groups: [], ...nothing };
}

function refuse(search: Search, code: ErrorCode | number, reason: string): void {
  search.refused = { code, reason };
  search.done = true;
}

function tell(search: Search, rule: string, target: string, taken: boolean, why: string): void {
  search.steps.push({ rule, target, taken, why });
}

/** Why the rule does not match; undefined when it does, and then its groups are noted. */
function missOf({ conditions }: ReadyRule, search: Search): string | undefined {
  for (const condition of conditions) {
    const value = valueOf(search, condition.variable);
    if (!condition.asksGroups) {
      if (!condition.test(value)) return missed(condition, value, search.explain);
      continue;
    }
    const groups = condition.match(value);
    if (groups === undefined) return missed(condition, value, search.explain);
    search.groups.push({ variable: condition.variable, found: groups });
  }
  return undefined;
}

/** Characters of a value that a step shows. */
const shownMax = 40;

function missed({ variable, source }: Condition, value: string, explain: boolean): string {
  if (!explain) return "";
  const shown = value.length > shownMax ? `${value.slice(0, shownMax)}…` : value;
  // A text is nobody's business but its receiver's.
  const what =
    variable === "text"
      ? "the text"
      : value === ""
        ? `an empty ${variable}`
        : `${variable} ${shown}`;
  return `${what} does not match ${source}`;
}

function said({ conditions }: ReadyRule): string {
  if (conditions.length === 0) return "it takes all";
  return conditions.map(({ variable, source }) => `${variable} matches ${source}`).join(", ");
}

function valueOf({ question }: Search, variable: RouteVariable): string {
  switch (variable) {
    case "from":
    case "to":
    case "channel":
    case "origin":
    case "module":
      return question[variable];
    case "text":
    case "account":
      return question[variable] ?? "";
    case "sms_type":
      return question.smsType;
    case "parts":
      return String(question.parts);
    case "submit_info":
    case "billid":
    case "sms_stat":
    case "service_type":
    case "data_coding":
    case "priority":
    case "encoding":
      return question.variables?.[variable] ?? "";
  }
}
