import type { Ask, Given, Kind, Template } from "../src/trigger/templates/templates.ts";
import { WrongArguments } from "./failure.ts";

/** What signalbox.yaml has that a template may name. */
export interface Known {
  readonly channels: readonly KnownChannel[];
  readonly dataSources: readonly string[];
}

export interface KnownChannel {
  readonly name: string;
  /** Whom one reaches there. */
  readonly leads: "customers" | "provider";
}

/** Asks a person; undefined where nobody can be asked. */
export type Questioner = (ask: Ask, suggestions: Suggestions) => Promise<readonly string[]>;

export interface Suggestions {
  /** What can be chosen from; undefined when anything can be typed. */
  readonly choices: readonly string[] | undefined;
  readonly preset: readonly string[] | undefined;
  /** What is wrong with a value, or undefined. */
  readonly fault: (value: string) => string | undefined;
}

/** Characters of a text; more than ten short messages is no answer to anybody. */
const textCharactersMax = 1_000;

/** Values of one option. */
const valuesMax = 100;

/**
 * All that the template has to know: what was given as options, else what a person says, else the preset.
 * Rejects with `WrongArguments` that tells all that is missing, or what is wrong.
 */
export async function answered(
  template: Template,
  options: Readonly<Record<string, readonly string[] | undefined>>,
  base: Pick<Given, "name" | "description" | "order">,
  known: Known,
  question: Questioner | undefined,
): Promise<Given> {
  const values = new Map<string, readonly string[]>();
  const given = givenOf(base, values);
  const missing: Ask[] = [];
  for (const [option, value] of Object.entries(options))
    if (value !== undefined && !template.asks.some((ask) => ask.name === option))
      throw new WrongArguments(
        `--${option} is no option of the template ${template.name}, which has ${optionsOf(template)}`,
      );
  for (const ask of template.asks) {
    const said = options[ask.name];
    if (ask.when?.(given) === false) {
      if (said !== undefined)
        throw new WrongArguments(`--${ask.name} does not go with the other options`);
      continue;
    }
    const suggestions = suggestionsFor(ask, known);
    const value = said ?? (await question?.(ask, suggestions)) ?? suggestions.preset;
    if (value === undefined) missing.push(ask);
    else values.set(ask.name, checked(ask, value, suggestions));
  }
  if (missing.length > 0)
    throw new WrongArguments(missingText(template, missing, base.name, known));
  const fault = template.fault?.(given);
  if (fault !== undefined) throw new WrongArguments(fault);
  return given;
}

function optionsOf({ asks }: Template): string {
  return asks.map(({ name }) => `--${name}`).join(", ");
}

function missingText(
  template: Template,
  missing: readonly Ask[],
  name: string,
  known: Known,
): string {
  const what = missing.map((ask) => `--${ask.name} is missing: ${ask.what}?`);
  const example = missing.map((ask) => {
    const [first] = choicesOf(ask.kind, known) ?? [];
    return `--${ask.name} ${inShell(first ?? ask.example)}`;
  });
  const line = ["signalbox trigger new", name, "--template", template.name, ...example].join(" ");
  return `${what.join(" ")} For example: ${line}`;
}

function inShell(text: string): string {
  return /^[\w.+=:/@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function checked(ask: Ask, values: readonly string[], { fault }: Suggestions): readonly string[] {
  if (values.length > valuesMax)
    throw new WrongArguments(`--${ask.name} is given ${values.length} times; ${valuesMax} at most`);
  if (values.length === 0 && ask.preset === undefined)
    throw new WrongArguments(`--${ask.name} needs a value`);
  if (values.length > 1 && ask.many !== true)
    throw new WrongArguments(`--${ask.name} takes one value`);
  for (const value of values) {
    if (isPreset(ask, value)) continue;
    const wrong = fault(value);
    if (wrong !== undefined) throw new WrongArguments(`--${ask.name} ${value}: ${wrong}`);
  }
  return [...new Set(values)];
}

/** A preset may be what nobody could say: an empty one means that there is none. */
function isPreset({ preset }: Ask, value: string): boolean {
  return preset === value;
}

function suggestionsFor(ask: Ask, known: Known): Suggestions {
  const { preset } = ask;
  return {
    choices: choicesOf(ask.kind, known),
    preset: typeof preset === "string" ? [preset] : preset,
    fault: (value) => faultOf(value, ask.kind, known),
  };
}

/** The best fitting first. */
function choicesOf(kind: Kind, known: Known): readonly string[] | undefined {
  if (kind.is === "choice") return kind.of;
  if (kind.is === "dataSource") return known.dataSources;
  if (kind.is !== "channel") return undefined;
  const fits = (one: KnownChannel) => kind.leads === "anywhere" || one.leads === kind.leads;
  const rest = known.channels.filter((one) => !fits(one));
  return [...known.channels.filter(fits), ...rest].map(({ name }) => name);
}

function faultOf(value: string, kind: Kind, known: Known): string | undefined {
  switch (kind.is) {
    case "channel":
      return unknownChannel(value, known);
    case "dataSource":
      if (known.dataSources.includes(value)) return undefined;
      return known.dataSources.length === 0
        ? "signalbox.yaml has no dataSources yet"
        : `there is no such data source; there are ${known.dataSources.join(", ")}`;
    case "choice":
      return kind.of.includes(value) ? undefined : `it must be one of ${kind.of.join(", ")}`;
    case "text":
      if (value.trim() === "") return "it must not be empty";
      return value.length > textCharactersMax
        ? `it may have ${textCharactersMax} characters`
        : undefined;
    case "count":
      return /^\d{1,9}$/.test(value) && Number(value) >= 1 && Number(value) <= kind.most
        ? undefined
        : `it must be a whole number from 1 to ${kind.most}`;
    case "address":
      return /^(\+?\d{3,20}|[A-Za-z0-9][A-Za-z0-9 ._-]{0,10})$/.test(value)
        ? undefined
        : "it must be a number such as +31612345678, or up to 11 letters and digits";
    case "identifier":
      // It goes into SQL as it is, because no value can stand for a name there.
      return /^[A-Za-z_]\w{0,62}(\.[A-Za-z_]\w{0,62})?$/.test(value)
        ? undefined
        : "it must be a name of letters, digits and _, with its schema in front if need be";
    case "pair":
      return pairFault(value, kind, known);
    case "word":
      return /^\S{1,40}$/u.test(value) ? undefined : "it must be one word";
    case "time":
      return /^([01]\d|2[0-3]):[0-5]\d$/.test(value) ? undefined : "it must be a time like 22:00";
    case "zone":
      return isZone(value) ? undefined : "it must be a time zone like Europe/Amsterdam";
    case "cron":
      return /^([\d*/,\-A-Za-z]+ ){4}[\d*/,\-A-Za-z]+$/.test(value)
        ? undefined
        : "it must be five fields: minute hour day month weekday";
    case "url":
      return /^https:\/\/[^\s"'`]+$/.test(value) && URL.canParse(value)
        ? undefined
        : "it must be a URL that begins with https://";
  }
}

function unknownChannel(value: string, { channels }: Known): string | undefined {
  if (channels.some(({ name }) => name === value)) return undefined;
  const names = channels.map(({ name }) => name).join(", ");
  return names === ""
    ? "signalbox.yaml has no channels yet"
    : `there is no such channel; there are ${names}`;
}

function pairFault(
  value: string,
  { key, channel }: Extract<Kind, { is: "pair" }>,
  known: Known,
): string | undefined {
  const [left, right] = pairOf(value);
  if (key === "prefix" && !/^\+?\d{1,15}$/.test(left))
    return "it must be prefix=channel, such as +31=SMPP1";
  if (key === "word" && !/^\S{1,40}$/u.test(left))
    return "it must be WORD=text, such as INFO=Hello";
  if (right === "") return "nothing stands behind its =";
  return channel === true ? unknownChannel(right, known) : undefined;
}

function pairOf(value: string): readonly [left: string, right: string] {
  const at = value.indexOf("=");
  return at < 0 ? ["", ""] : [value.slice(0, at), value.slice(at + 1)];
}

function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone !== "";
  } catch {
    // Which is how it tells that it knows no such zone.
    return false;
  }
}

function givenOf(
  base: Pick<Given, "name" | "description" | "order">,
  values: ReadonlyMap<string, readonly string[]>,
): Given {
  const list = (ask: string) => values.get(ask) ?? [];
  return {
    ...base,
    list,
    one: (ask) => list(ask)[0] ?? "",
    count: (ask) => Number(list(ask)[0]),
    pairs: (ask) => list(ask).map(pairOf),
  };
}
