import { type Wishes, choose } from "./choose.ts";
import { CODECS, type Coding, type Unit } from "./coding.ts";
import { dataCodingOf } from "./data-coding.ts";
import type { Shifts } from "./national.ts";

/** How many messages a text will be, and why; for those who write and pay for it. */
export interface Measurement {
  readonly coding: Coding;
  readonly dataCoding: number;
  readonly shifts: Shifts;
  /** What the numbers below count. */
  readonly unit: Unit;
  /** Short messages; 0 when the header leaves no room for text. */
  readonly parts: number;
  /** How much each part holds of its text. */
  readonly used: readonly number[];
  /** The most that each of these parts can hold: 160, 70 or 140 for one, less for one of several. */
  readonly room: number;
  /** How much more the last part can take. */
  readonly left: number;
  /** The characters that no preferred coding holds, each once, in order; empty unless it is UCS-2. */
  readonly forcing: readonly Forcing[];
}

export interface Forcing {
  readonly character: string;
  /** `U+0416` */
  readonly codePoint: string;
  /** Where it stands, counted in characters (code points) from 0; the first `positionsMax` of them. */
  readonly positions: readonly number[];
  readonly times: number;
}

/** Enough to find them by; a whole text of them would be told a thousand times over. */
export const positionsMax = 20;

/** Measures the text as `textParts` would write it. Needs nothing of Node, so that a trigger can ask. */
export function measure(text: string, wishes: Wishes = {}): Measurement {
  const { coding, dataCoding, shifts, pieces, room, widthAt } = choose(text, wishes);
  const used = pieces.map((piece) => {
    let width = 0;
    for (let at = 0; at < piece.length; at += (piece.codePointAt(at) ?? 0) > 0xffff ? 2 : 1)
      width += widthAt(piece, at);
    return width;
  });
  const most = pieces.length === 0 ? 0 : pieces.length > 1 ? room.part : room.single;
  return {
    coding,
    dataCoding,
    shifts,
    unit: CODECS[coding].unit,
    parts: pieces.length,
    used,
    room: most,
    left: most - (used.at(-1) ?? 0),
    forcing: coding === "ucs2" ? forcingIn(text, wishes) : [],
  };
}

/**
 * By the preferred coding that lacks the fewest of them: with `["gsm7", "latin1"]`, what keeps the text
 * out of the nearer one of the two. Nothing where UCS-2 is what was asked for.
 */
function forcingIn(text: string, wishes: Wishes): readonly Forcing[] {
  const { dataCoding, codings, prefer = ["gsm7"] } = wishes;
  const asked = dataCoding === undefined ? undefined : dataCodingOf(dataCoding, codings).coding;
  const preferred = asked === undefined || asked === "binary" ? prefer : [asked];
  let best: readonly Forcing[] | undefined;
  for (const coding of preferred.filter((one) => one !== "ucs2")) {
    const each = { ...wishes, prefer: [coding] };
    let lacking = lackingIn(text, each);
    // Each letter is in one of the languages, but they are not in the same: then all of them count.
    if (lacking.length === 0) lacking = lackingIn(text, { ...each, languages: [] });
    if (best === undefined || lacking.length < best.length) best = lacking;
  }
  return best ?? [];
}

function lackingIn(text: string, wishes: Wishes): readonly Forcing[] {
  const held = new Set<string>();
  const found = new Map<string, { positions: number[]; times: number }>();
  let position = 0;
  for (const character of text) {
    const known = found.get(character);
    if (known !== undefined) {
      known.times++;
      if (known.positions.length < positionsMax) known.positions.push(position);
    } else if (!held.has(character)) {
      if (choose(character, wishes).coding !== "ucs2") held.add(character);
      else found.set(character, { positions: [position], times: 1 });
    }
    position++;
  }
  return [...found].map(([character, { positions, times }]) => ({
    character,
    codePoint: `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`,
    positions,
    times,
  }));
}
