import { z } from "../config/schema.ts";
import { CODINGS } from "../sms/coding.ts";
import type { Codings } from "../sms/data-coding.ts";
import { LANGUAGES } from "../sms/national.ts";

const codings = z.enum(CODINGS);
const meanings = z.enum([...CODINGS, "binary"]);

/** 3GPP TS 23.040 §9.2.3.24.1: the field for the number of parts has one octet. */
const partsMost = 255;

/** What a person writes on a phone; more is mostly a program that runs wild, at its owner's cost. */
const partsDefault = 10;

/**
 * How text is written that has no octets yet, because a script wrote it. What came over a wire is
 * passed on with the octets, the data_coding and the header that it had.
 */
export const textSettings = {
  encodings: z
    .array(codings)
    .min(1)
    .max(CODINGS.length)
    .optional()
    .describe(
      "Codings in the order of preference for text that a script wrote; what none of them can say goes as UCS-2. Left out: the default alphabet.",
    ),
  defaultAlphabet: meanings
    .default("gsm7")
    .describe("What data_coding 0 means to the peer, the “SMSC default alphabet”."),
  codings: z
    .record(z.string().regex(/^(0x[0-9a-f]{1,2}|[0-9]{1,3})$/i), meanings)
    .refine((given) => Object.keys(given).every((key) => Number(key) <= 0xff), {
      message: "a data_coding is 0 to 255 (0xFF)",
    })
    .refine((given) => Object.keys(given).every((key) => Number(key) !== 0), {
      message: "what 0 means is said by defaultAlphabet",
    })
    .refine(
      (given) =>
        Object.entries(given).every(([key, meant]) => Number(key) !== 8 || meant === "ucs2"),
      { message: "8 is UCS-2 everywhere: what no other coding can say is sent with it" },
    )
    .default({})
    .describe("What other data_coding values mean to the peer where they depart from SMPP."),
  languages: z
    .array(z.enum(LANGUAGES))
    .max(LANGUAGES.length)
    .default([])
    .describe(
      "National tables of 3GPP TS 23.038 that may be used to stay in GSM 7-bit; phones sold elsewhere may not know them.",
    ),
  transliterate: z
    .boolean()
    .default(false)
    .describe("Typographic quotes, dashes and the like become plain ones where that avoids UCS-2."),
  split: z
    .enum(["udh8", "udh16", "sar", "payload", "none"])
    .default("udh8")
    .describe(
      "How a text that is too long for one short message goes: in parts joined by a header with an 8 or 16 bit reference or by the sar_ parameters; whole as message_payload; or not at all.",
    ),
  maxParts: z
    .int()
    .min(1)
    .max(partsMost)
    .default(partsDefault)
    .describe("A text that makes more parts fails with message_too_long."),
};

export interface TextSettings {
  readonly encodings?: readonly z.infer<typeof codings>[] | undefined;
  readonly defaultAlphabet: z.infer<typeof meanings>;
  readonly codings: Readonly<Record<string, z.infer<typeof meanings>>>;
  readonly languages: readonly (typeof LANGUAGES)[number][];
  readonly transliterate: boolean;
  readonly split: "udh8" | "udh16" | "sar" | "payload" | "none";
  readonly maxParts: number;
}

export type CodingSettings = Pick<TextSettings, "defaultAlphabet" | "codings">;

const known = new WeakMap<CodingSettings, { readonly codings: Codings | undefined }>();

/**
 * What the peer of these settings means by a data_coding; undefined where it means what the
 * specification does. Asked for with each message, so it is made once.
 */
export function codingsOf(settings: CodingSettings): Codings | undefined {
  let found = known.get(settings);
  if (found === undefined) {
    const { defaultAlphabet, codings: others } = settings;
    const entries = Object.entries(others).map(([key, meant]) => [Number(key), meant] as const);
    const isStandard = defaultAlphabet === "gsm7" && entries.length === 0;
    const all = [[0, defaultAlphabet] as const, ...entries];
    found = { codings: isStandard ? undefined : Object.fromEntries(all) };
    known.set(settings, found);
  }
  return found.codings;
}
