import { RE2JS, RE2JSException } from "re2js";
import { translated } from "./translated.ts";

/** A regular expression that never runs away: its time grows with the text, whatever the text is. */
export interface Pattern {
  /** Does it match anywhere in the text? */
  test(text: string): boolean;
  /** The first match and its groups, undefined for a group that took no part; undefined for none. */
  match(text: string): readonly (string | undefined)[] | undefined;
  /** As it was written. */
  readonly source: string;
}

/** Characters of a pattern: a long list of words fits, a whole table belongs elsewhere. */
export const patternCharactersMax = 1_000;

/**
 * Steps of a compiled pattern. One character of a text costs at most so many, some 10 ns each, so a text
 * of 160 characters is done within two milliseconds at worst.
 */
export const patternStepsMax = 1_000;

/** What may stand after the second slash of a literal. */
const FLAGS: Record<string, number> = { i: RE2JS.CASE_INSENSITIVE, s: RE2JS.DOTALL, u: 0 };

/**
 * Makes a pattern of what stands between the slashes of a JavaScript literal. It means what it means
 * there with the flag `u`, so that a character is one, also where UTF-16 has two; or it is a fault that
 * names the part: what looks around or back (`(?=`, `(?<!`, `\1`) cannot be done in linear time. Some
 * 50 µs; called when a trigger or a route is loaded, never for an event.
 */
export function compilePattern(source: string, flags = ""): Pattern | { readonly fault: string } {
  if (source.length > patternCharactersMax)
    return { fault: `it has ${source.length} characters; ${patternCharactersMax} are allowed` };
  let bits = 0;
  for (const flag of flags) {
    const bit = FLAGS[flag];
    if (bit === undefined) return { fault: `the flag ${flag} is not there; there are i, s and u` };
    bits |= bit;
  }
  const text = translated(source, flags);
  if (typeof text !== "string") return text;
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(text, bits);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    return { fault: error.message.replace("error parsing regexp: ", "") };
  }
  const steps = compiled.programSize();
  if (steps > patternStepsMax)
    return { fault: `it has ${steps} steps; ${patternStepsMax} are allowed` };
  return {
    source,
    test: (subject) => compiled.test(subject),
    match(subject) {
      const matcher = compiled.matcher(subject);
      if (!matcher.find()) return undefined;
      const groups: (string | undefined)[] = [];
      for (let at = 0; at <= matcher.groupCount(); at++)
        groups.push(matcher.group(at) ?? undefined);
      return groups;
    },
  };
}
