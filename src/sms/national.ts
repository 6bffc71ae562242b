import { type Alphabet, DEFAULT, alphabetOf } from "./gsm7.ts";
import { DEFAULT_ALPHABET, EXTENSION, type Run } from "./gsm7-tables.ts";
import * as locking from "./national-locking.ts";
import * as single from "./national-single.ts";

/** 3GPP TS 23.038 §6.2.1.2.4: the languages in the order of their identifiers, the first being 1. */
export const LANGUAGES = [
  "turkish",
  "spanish",
  "portuguese",
  "bengali",
  "gujarati",
  "hindi",
  "kannada",
  "malayalam",
  "oriya",
  "punjabi",
  "tamil",
  "telugu",
  "urdu",
] as const;

export type Language = (typeof LANGUAGES)[number];

/** Which national tables a header names; left out where the default table holds. */
export interface Shifts {
  readonly locking?: Language;
  readonly single?: Language;
}

export function languageOf(identifier: number): Language | undefined {
  return LANGUAGES[identifier - 1];
}

export function identifierOf(language: Language): number {
  return LANGUAGES.indexOf(language) + 1;
}

/** True when the language has a main table of its own; Spanish has only one behind the escape. */
export function hasLocking(language: Language): boolean {
  return TABLES[language].locking !== undefined;
}

/**
 * The alphabet of such a header, made when it is first asked for (some 0.1 ms) and kept: there are
 * 14 × 14 at most, of 18 KiB each.
 */
export function nationalAlphabet(shifts: Shifts): Alphabet {
  if (shifts.locking === undefined && shifts.single === undefined) return DEFAULT;
  const key = `${shifts.locking ?? ""} ${shifts.single ?? ""}`;
  const known = made.get(key);
  if (known !== undefined) return known;
  const main = shifts.locking === undefined ? undefined : TABLES[shifts.locking].locking;
  const extension = shifts.single === undefined ? EXTENSION : TABLES[shifts.single].single;
  const alphabet = alphabetOf(main ?? DEFAULT_ALPHABET, extension);
  made.set(key, alphabet);
  return alphabet;
}

const made = new Map<string, Alphabet>();

const TABLES: Readonly<
  Record<Language, { readonly locking: string | undefined; readonly single: readonly Run[] }>
> = {
  turkish: { locking: locking.TURKISH, single: single.TURKISH },
  spanish: { locking: undefined, single: single.SPANISH },
  portuguese: { locking: locking.PORTUGUESE, single: single.PORTUGUESE },
  bengali: { locking: locking.BENGALI, single: single.BENGALI },
  gujarati: { locking: locking.GUJARATI, single: single.GUJARATI },
  hindi: { locking: locking.HINDI, single: single.HINDI },
  kannada: { locking: locking.KANNADA, single: single.KANNADA },
  malayalam: { locking: locking.MALAYALAM, single: single.MALAYALAM },
  oriya: { locking: locking.ORIYA, single: single.ORIYA },
  punjabi: { locking: locking.PUNJABI, single: single.PUNJABI },
  tamil: { locking: locking.TAMIL, single: single.TAMIL },
  telugu: { locking: locking.TELUGU, single: single.TELUGU },
  urdu: { locking: locking.URDU, single: single.URDU },
};
