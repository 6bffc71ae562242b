import type { Encoding } from "../sdk-events.ts";

/**
 * `measure` of `sms/measure.ts`, in types that need none of Node's, as an author's editor has none; the
 * bundler puts that in the place of this file. A test holds the types together.
 */
export declare function measure(text: string, wishes?: Measuring): Measurement;

/** How a channel would write the text. */
export interface Measuring {
  /** In this order; what none of them can say is UCS-2. GSM 7-bit when left out. */
  readonly prefer?: readonly Exclude<Encoding, "binary">[];
  /** Typographic signs may become plain ones where that avoids UCS-2. */
  readonly transliterate?: boolean;
  /** How parts are told to belong together; `udh8` when left out. */
  readonly split?: "udh8" | "udh16" | "sar" | "payload";
}

/** How many messages a text will be, and why. */
export interface Measurement {
  readonly coding: Exclude<Encoding, "binary">;
  readonly dataCoding: number;
  /** What the numbers below count. */
  readonly unit: "septets" | "octets" | "utf16";
  /** Short messages. */
  readonly parts: number;
  /** How much each part holds of its text. */
  readonly used: readonly number[];
  /** The most that each of these parts can hold: 160, 70 or 140 for one, less for one of several. */
  readonly room: number;
  /** How much more the last part can take. */
  readonly left: number;
  /** The characters that no preferred coding holds, each once, in order; empty unless it is UCS-2. */
  readonly forcing: readonly {
    readonly character: string;
    /** `U+0416` */
    readonly codePoint: string;
    /** Where it stands, counted in characters from 0; the first 20 of them. */
    readonly positions: readonly number[];
    readonly times: number;
  }[];
}
