import { CODECS, type Coding } from "./coding.ts";
import { type Preference, UCS2, dataCodingFor, dataCodingOf, unicodeLike } from "./data-coding.ts";
import { type Alphabet, DEFAULT } from "./gsm7.ts";
import { type Language, type Shifts, hasLocking, nationalAlphabet } from "./national.ts";
import { WIDTHS, type WidthAt, cut, roomFor, septetWidths } from "./segments.ts";
import { plainly } from "./typography.ts";

/** How a channel wants text written. All of it may be left out. */
export interface Wishes extends Preference {
  /**
   * What the author of the message asks for: used when its coding holds the text; else UCS-2 with its
   * message class. One that is not for text is passed over.
   */
  readonly dataCoding?: number;
  /** National tables that may be named in the header to stay in GSM 7-bit. None when left out. */
  readonly languages?: readonly Language[];
  /** True: typographic signs may be replaced by plain ones where that avoids UCS-2. */
  readonly transliterate?: boolean;
  /** How parts are told to belong together; `udh8` when left out. */
  readonly split?: "udh8" | "udh16" | "sar" | "payload";
  /** Octets that other elements take in the header of each part (ports, say). */
  readonly otherOctets?: number;
}

/** How a text will be written, without the octets yet. */
export interface Choice {
  readonly coding: Coding;
  readonly dataCoding: number;
  readonly shifts: Shifts;
  readonly alphabet: Alphabet;
  /** The text that is written; another than the one given only after a transliteration. */
  readonly text: string;
  /** How much of the coding's unit a message alone and each of several parts can hold. */
  readonly room: { readonly single: number; readonly part: number };
  /** One for each short message; one even for an empty text; none when the header leaves no room. */
  readonly pieces: readonly string[];
  readonly widthAt: WidthAt;
}

/** Octets in the header for what joins parts, and below for a national table. */
export const joiningOctets = { udh8: 5, udh16: 6, sar: 5, payload: 5 } as const;
const shiftOctets = 3;

/** The widest character of each unit: an escape pair, four octets of UTF-8, a surrogate pair. */
const widestCharacter = { septets: 2, octets: 4, utf16: 2 } as const;

/**
 * Chooses in this order: the data_coding that the author asked for, each preferred coding (for GSM
 * 7-bit with the national tables that make the fewest parts), the same with plain signs, UCS-2.
 */
export function choose(text: string, wishes: Wishes = {}): Choice {
  const asked = wishes.dataCoding;
  const coding = asked === undefined ? undefined : dataCodingOf(asked, wishes.codings).coding;
  const prefer = coding === undefined || coding === "binary" ? undefined : [coding];
  const candidates = prefer ?? wishes.prefer ?? ["gsm7"];
  const numberOf = (one: Coding) =>
    prefer === undefined ? dataCodingFor(one, wishes.codings) : asked;
  const first = firstThatHolds(text, candidates, numberOf, wishes);
  if (first !== undefined) return first;
  if (wishes.transliterate === true) {
    const second = withPlainSigns(text, candidates, numberOf, wishes);
    if (second !== undefined) return second;
  }
  const unicode =
    prefer === undefined || asked === undefined
      ? (dataCodingFor("ucs2", wishes.codings) ?? UCS2)
      : unicodeLike(asked, wishes.codings);
  return laidOut(text, "ucs2", unicode, {}, wishes);
}

type NumberOf = (coding: Coding) => number | undefined;

function firstThatHolds(
  text: string,
  candidates: readonly Coding[],
  numberOf: NumberOf,
  wishes: Wishes,
): Choice | undefined {
  for (const coding of candidates) {
    const dataCoding = numberOf(coding);
    if (dataCoding === undefined) continue;
    if (CODECS[coding].lengthOf(text, DEFAULT) !== undefined)
      return laidOut(text, coding, dataCoding, {}, wishes);
    const isGsm = CODECS[coding].unit === "septets";
    const national = isGsm ? nationally(text, coding, dataCoding, wishes) : undefined;
    if (national !== undefined) return national;
  }
  return undefined;
}

/** With the tables of the allowed languages that hold the text in the fewest parts and septets. */
function nationally(
  text: string,
  coding: Coding,
  dataCoding: number,
  wishes: Wishes,
): Choice | undefined {
  const { lengthOf } = CODECS[coding];
  let best: { readonly choice: Choice; readonly septets: number } | undefined;
  for (const shifts of (wishes.languages ?? []).flatMap(shiftsOf)) {
    const septets = lengthOf(text, nationalAlphabet(shifts));
    if (septets === undefined) continue;
    const choice = laidOut(text, coding, dataCoding, shifts, wishes);
    const fewer =
      best === undefined ||
      choice.pieces.length < best.choice.pieces.length ||
      (choice.pieces.length === best.choice.pieces.length && septets < best.septets);
    if (fewer && choice.pieces.length > 0) best = { choice, septets };
  }
  return best?.choice;
}

function withPlainSigns(
  text: string,
  candidates: readonly Coding[],
  numberOf: NumberOf,
  wishes: Wishes,
): Choice | undefined {
  for (const coding of candidates) {
    const { lengthOf } = CODECS[coding];
    const plain = plainly(text, (character) => lengthOf(character, DEFAULT) !== undefined);
    const choice = firstThatHolds(plain, [coding], numberOf, wishes);
    if (choice !== undefined) return choice;
  }
  return undefined;
}

function shiftsOf(language: Language): readonly Shifts[] {
  const single = { single: language };
  if (!hasLocking(language)) return [single];
  return [single, { locking: language }, { locking: language, single: language }];
}

function laidOut(
  text: string,
  coding: Coding,
  dataCoding: number,
  shifts: Shifts,
  { split = "udh8", otherOctets = 0 }: Wishes,
): Choice {
  const { unit, lengthOf } = CODECS[coding];
  const alphabet = nationalAlphabet(shifts);
  const beside = otherOctets + Object.keys(shifts).length * shiftOctets;
  const room = {
    single: roomFor(unit, beside === 0 ? 0 : 1 + beside),
    part: roomFor(unit, 1 + beside + joiningOctets[split]),
  };
  const widthAt = widthsOf(coding, alphabet);
  const length = lengthOf(text, alphabet) ?? 0;
  // Only marks and signs beyond GSM 7-bit and the ISO alphabets join with what stands before them.
  const whole = coding === "ucs2" || coding === "utf8" || alphabet !== DEFAULT;
  const pieces =
    length <= room.single
      ? [text]
      : room.part < widestCharacter[unit]
        ? []
        : cut(text, { room: room.part, widthAt, whole });
  return { coding, dataCoding, shifts, alphabet, text, room, pieces, widthAt };
}

function widthsOf(coding: Coding, alphabet: Alphabet): WidthAt {
  if (CODECS[coding].unit === "septets") return septetWidths(alphabet);
  if (coding === "ucs2") return WIDTHS.utf16;
  return coding === "utf8" ? WIDTHS.utf8 : WIDTHS.octet;
}
