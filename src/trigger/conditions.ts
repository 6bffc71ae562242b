import { compilePattern, type Pattern } from "../pattern/pattern.ts";
import { folded, isWord } from "../model/folded.ts";
import { type NumberRule, numberRules } from "./number-rules.ts";

/** What an event must have for a trigger to run, beside its kind, its channel and what happened. */
export interface EventConditions {
  readonly accounts?: ReadonlySet<string>;
  readonly from?: readonly NumberRule[];
  readonly to?: readonly NumberRule[];
  /** First words, folded. */
  readonly keywords?: ReadonlySet<string>;
  /** Beginnings, folded. */
  readonly starts?: readonly string[];
  readonly patterns?: readonly Pattern[];
}

/** The names of these conditions; which of them a kind of event has is said in registration.ts. */
export const eventConditionNames = ["accounts", "from", "to", "text"] as const;

/** Members of one list: with more, it is a table, and belongs into `kv` or a data source. */
const membersMax = 1_000;

/** Characters of a number or a word; what is longer stands in no message. */
const charactersMax = 64;

/** How a RegExp crosses out of an isolate; see script/runtime.ts. */
interface PatternText {
  readonly regexp: string;
  readonly flags: string;
}

/**
 * Reads them; what a script gave, so all of it is checked. undefined: there are none; a text: what is
 * wrong, beginning with the place, such as `to[1] of STOP`. Called when a file is loaded.
 */
export function eventConditionsOf(
  given: Record<string, unknown>,
  name: string,
): EventConditions | undefined | string {
  const { accounts, from, to, text } = given;
  let found: EventConditions = {};
  if (accounts !== undefined) {
    const names = membersOf(accounts);
    // One name alone would be read as its letters by whoever goes through the list.
    if (names === undefined || !Array.isArray(accounts))
      return `accounts of ${name} is not a list of 1-${membersMax} names`;
    found = { ...found, accounts: new Set(names) };
  }
  for (const [side, value] of [
    ["from", from],
    ["to", to],
  ] as const) {
    if (value === undefined) continue;
    const members = membersOf(value);
    if (members === undefined)
      return `${side} of ${name} is neither a number nor a list of 1-${membersMax} numbers, as texts`;
    const rules: NumberRule[] = [];
    for (const [at, member] of members.entries()) {
      const read = numberRules(member);
      if (typeof read === "string") return `${placeOf(side, value, at)} of ${name} ${read}`;
      rules.push(...read);
    }
    found = { ...found, [side]: rules };
  }
  if (text !== undefined) {
    const read = textConditionOf(text, name);
    if (typeof read === "string") return read;
    found = { ...found, ...read };
  }
  return Object.keys(found).length === 0 ? undefined : found;
}

type TextRules = Pick<EventConditions, "keywords" | "starts" | "patterns">;

const KINDS = ["keyword", "startsWith", "matches"];

function textConditionOf(text: unknown, name: string): TextRules | string {
  const wishes = typeof text === "object" && text !== null ? Object.entries(text) : [];
  const [wish] = wishes;
  if (wish === undefined || Array.isArray(text) || isPatternText(text))
    return `text of ${name} is none of { ${KINDS.join(": ... }, { ")}: ... }`;
  const [kind, value] = wish as [string, unknown];
  if (!KINDS.includes(kind))
    return `text of ${name} has ${kind}, which is unknown; there are ${KINDS.join(", ")}`;
  if (wishes.length > 1)
    return `text of ${name} has ${wishes.map(([one]) => one).join(" and ")}; it takes one of them`;
  if (kind === "matches") return patternsOf(value, name);
  const place = `text.${kind}`;
  const members = membersOf(value);
  if (members === undefined)
    return `${place} of ${name} is neither a text nor a list of 1-${membersMax} texts`;
  for (const [at, member] of members.entries()) {
    const where = `${placeOf(place, value, at)} of ${name}`;
    if (member.length > charactersMax)
      return `${where} has ${member.length} characters; ${charactersMax} are allowed`;
    if (kind === "keyword" && !isWord(member))
      return `${where} is ${JSON.stringify(member)}, which is not one word of letters and digits`;
    if (folded(member).trim() === "") return `${where} is empty`;
  }
  if (kind === "keyword") return { keywords: new Set(members.map(folded)) };
  return { starts: members.map((member) => folded(member.trimStart())) };
}

function patternsOf(value: unknown, name: string): TextRules | string {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length === 0 || list.length > membersMax || !list.every(isPatternText))
    return `text.matches of ${name} is neither a pattern such as /stop/i nor a list of them`;
  const patterns: Pattern[] = [];
  for (const [at, { regexp, flags }] of list.entries()) {
    const pattern = compilePattern(regexp, flags);
    if ("fault" in pattern)
      return `${placeOf("text.matches", value, at)} of ${name} is /${regexp}/${flags}: ${pattern.fault}`;
    patterns.push(pattern);
  }
  return { patterns };
}

/** One text, or a list of some. */
function membersOf(value: unknown): readonly string[] | undefined {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length === 0 || list.length > membersMax) return undefined;
  const texts = list.filter((one): one is string => typeof one === "string" && one !== "");
  return texts.length === list.length ? texts : undefined;
}

function placeOf(name: string, value: unknown, at: number): string {
  return Array.isArray(value) ? `${name}[${at}]` : name;
}

function isPatternText(value: unknown): value is PatternText {
  if (typeof value !== "object" || value === null) return false;
  const { regexp, flags } = value as Partial<Record<string, unknown>>;
  return typeof regexp === "string" && typeof flags === "string";
}
