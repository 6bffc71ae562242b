// The national tables of TS 23.038 annex A, written down a second time and in another way, so that a
// slip in either shows: for the languages of India by the rule that the annex follows (the letters of
// the Unicode block in their order on the codes that are not fixed), for the others as plain text. Both
// were also compared with the tables of an independent free implementation, but for four cells where
// that one names a character twice or not at all.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { DEFAULT, fromGsm7, septetsOf, toGsm7 } from "../../src/sms/gsm7.ts";
import {
  LANGUAGES,
  type Language,
  hasLocking,
  identifierOf,
  languageOf,
  nationalAlphabet,
} from "../../src/sms/national.ts";

const small = "abcdefghijklmnopqrstuvwxyz";
const capitals = small.toUpperCase();
const unassigned = "\uffff";

/** Fixed in every Indian locking table; the brackets are the wrong way round in the specification, too. */
const FIXED: Readonly<Record<number, string>> = {
  0x0a: "\n",
  0x0d: "\r",
  0x1b: "\u001b",
  0x20: " !",
  0x28: ")(",
  0x2c: ",",
  0x2e: ".",
  0x30: "0123456789:;",
  0x3f: "?",
  0x61: small,
};

/** Offsets in the Unicode block that follow one another on the free codes. */
const LETTERS = [1, 2, 3, ...range(0x05, 0x39), 0x3c, 0x3d, ...range(0x3e, 0x4d)];

const INDIAN: Readonly<
  Partial<Record<Language, { base: number; holes: number[]; last: number[] }>>
> = {
  bengali: {
    base: 0x980,
    holes: [0x0d, 0x0e, 0x11, 0x12, 0x29, 0x31, 0x33, 0x34, 0x35, 0x45, 0x46, 0x49, 0x4a],
    last: [0x4e, 0x57, 0x5c, 0x5d, 0x70, 0x71],
  },
  gujarati: {
    base: 0xa80,
    holes: [0x0e, 0x12, 0x29, 0x31, 0x34, 0x46, 0x4a],
    last: [0x50, 0x60, 0x61, 0x62, 0x63, 0x71],
  },
  hindi: { base: 0x900, holes: [], last: [0x50, 0x72, 0x7b, 0x7c, 0x7e, 0x7f] },
  kannada: {
    base: 0xc80,
    holes: [0x01, 0x0d, 0x11, 0x29, 0x34, 0x45, 0x49],
    last: [0x55, 0x56, 0x60, 0x61, 0x62, 0x63],
  },
  malayalam: {
    base: 0xd00,
    holes: [0x01, 0x0d, 0x11, 0x29, 0x3c, 0x45, 0x49],
    last: [0x57, 0x60, 0x61, 0x62, 0x63, 0x79],
  },
  oriya: {
    base: 0xb00,
    holes: [0x0d, 0x0e, 0x11, 0x12, 0x29, 0x31, 0x34, 0x45, 0x46, 0x49, 0x4a],
    last: [0x56, 0x57, 0x60, 0x61, 0x62, 0x63],
  },
  punjabi: {
    base: 0xa00,
    holes: [
      0x0b, 0x0c, 0x0d, 0x0e, 0x11, 0x12, 0x29, 0x31, 0x34, 0x37, 0x3d, 0x43, 0x44, 0x45, 0x46,
      0x49, 0x4a,
    ],
    last: [0x51, 0x70, 0x71, 0x72, 0x73, 0x74],
  },
  tamil: {
    base: 0xb80,
    holes: [
      0x01, 0x0b, 0x0c, 0x0d, 0x11, 0x16, 0x17, 0x18, 0x1b, 0x1d, 0x20, 0x21, 0x22, 0x25, 0x26,
      0x27, 0x2b, 0x2c, 0x2d, 0x3c, 0x3d, 0x43, 0x44, 0x45, 0x49,
    ],
    last: [0x50, 0x57, 0x70, 0x71, 0x72, 0x79],
  },
  telugu: {
    base: 0xc00,
    holes: [0x0d, 0x11, 0x29, 0x34, 0x3c, 0x45, 0x49],
    last: [0x55, 0x56, 0x60, 0x61, 0x62, 0x63],
  },
};

const WRITTEN: Readonly<Partial<Record<Language, string>>> = {
  turkish:
    "@£$¥€éùıòÇ\nĞğ\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u001bŞşßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
    `İ${capitals}ÄÖÑÜ§ç${small}äöñüà`,
  portuguese:
    "@£$¥êéúíóç\nÔô\rÁáΔ_ªÇÀ∞^\\€Ó|\u001bÂâÊÉ !\"#º%&'()*+,-./0123456789:;<=>?" +
    `Í${capitals}ÃÕÚÜ§~${small}ãõ\u0060üà`,
  urdu:
    "\u0627\u0622\u0628\u067b\u0680\u067e\u06a6\u062a\u06c2\u067f\n\u0679\u067d\r\u067a\u067c" +
    "\u062b\u062c\u0681\u0684\u0683\u0685\u0686\u0687\u062d\u062e\u062f\u001b\u068c\u0688\u0689" +
    "\u068a !\u068f\u068d\u0630\u0631\u0691\u0693)(\u0699\u0632,\u0696.\u0698" +
    "0123456789:;\u069a\u0633\u0634?\u0635\u0636\u0637\u0638\u0639\u0641\u0642\u06a9\u06aa\u06ab" +
    "\u06af\u06b3\u06b1\u0644\u0645\u0646\u06ba\u06bb\u06bc\u0648\u06c4\u06d5\u06c1\u06be\u0621" +
    `\u06cc\u06d0\u06d2\u064d\u0650\u064f\u0657\u0654${small}\u0655\u0651\u0653\u0656\u0670`,
};

/** What stands behind the escape, besides what all of the languages share. Ranges of code points. */
const ESCAPED: Readonly<Partial<Record<Language, Readonly<Record<number, readonly number[]>>>>> = {
  bengali: {
    0x19: [0x9e6, 0x9e7],
    0x1c: [...range(0x9e8, 0x9ef), 0x9df, 0x9e0, 0x9e1, 0x9e2],
    0x2a: [0x9e3, 0x9f2, 0x9f3, 0x9f4, 0x9f5],
    0x30: range(0x9f6, 0x9fa),
  },
  gujarati: { 0x19: [0x964, 0x965], 0x1c: range(0xae6, 0xaef) },
  hindi: {
    0x19: [0x964, 0x965],
    0x1c: [...range(0x966, 0x96f), 0x951, 0x952],
    0x2a: [0x953, 0x954, 0x958, 0x959, 0x95a],
    0x30: [...range(0x95b, 0x963), 0x970, 0x971],
  },
  kannada: { 0x19: [0x964, 0x965], 0x1c: [...range(0xce6, 0xcef), 0xcde, 0xcf1], 0x2a: [0xcf2] },
  malayalam: {
    0x19: [0x964, 0x965],
    0x1c: [...range(0xd66, 0xd6f), 0xd70, 0xd71],
    0x2a: [0xd72, 0xd73, 0xd74, 0xd75, 0xd7a],
    0x30: range(0xd7b, 0xd7f),
  },
  oriya: {
    0x19: [0x964, 0x965],
    0x1c: [...range(0xb66, 0xb6f), 0xb5c, 0xb5d],
    0x2a: [0xb5f, 0xb70, 0xb71],
  },
  punjabi: {
    0x19: [0x964, 0x965],
    0x1c: [...range(0xa66, 0xa6f), 0xa59, 0xa5a],
    0x2a: [0xa5b, 0xa5c, 0xa5e, 0xa75],
  },
  tamil: {
    0x19: [0x964, 0x965],
    0x1c: [...range(0xbe6, 0xbef), 0xbf3, 0xbf4],
    0x2a: [0xbf5, 0xbf6, 0xbf7, 0xbf8, 0xbfa],
  },
  telugu: {
    0x1c: [...range(0xc66, 0xc6f), 0xc58, 0xc59],
    0x2a: range(0xc78, 0xc7c),
    0x30: range(0xc7d, 0xc7f),
  },
  urdu: {
    0x19: [0x600, 0x601],
    0x1c: [...range(0x6f0, 0x6f9), 0x60c, 0x60d],
    0x2a: range(0x60e, 0x612),
    0x30: [0x613, 0x614, 0x61b, 0x61f, 0x640, 0x652, 0x658, 0x66b, 0x66c, 0x672, 0x673, 0x6cd],
    0x3f: [0x6d4],
  },
  turkish: {
    0x47: [0x11e],
    0x49: [0x130],
    0x53: [0x15e],
    0x63: [0xe7],
    0x67: [0x11f],
    0x69: [0x131],
    0x73: [0x15f],
  },
  spanish: {
    0x09: [0xe7],
    0x41: [0xc1],
    0x49: [0xcd],
    0x4f: [0xd3],
    0x55: [0xda],
    0x61: [0xe1],
    0x69: [0xed],
    0x6f: [0xf3],
    0x75: [0xfa],
  },
  portuguese: {
    0x05: [0xea],
    0x09: [0xe7],
    0x0b: [0xd4, 0xf4],
    0x0e: [0xc1, 0xe1],
    0x12: [0x3a6, 0x393],
    0x15: [0x3a9, 0x3a0, 0x3a8, 0x3a3, 0x398],
    0x1f: [0xca],
    0x41: [0xc0],
    0x49: [0xcd],
    0x4f: [0xd3],
    0x55: [0xda],
    0x5b: [0xc3, 0xd5],
    0x61: [0xc2],
    0x69: [0xed],
    0x6f: [0xf3],
    0x75: [0xfa],
    0x7b: [0xe3, 0xf5],
    0x7f: [0xe2],
  },
};

const LATIN: Readonly<Record<number, string>> = {
  0x0a: "\f",
  0x14: "^",
  0x28: "{}",
  0x2f: "\\",
  0x3c: "[~]",
  0x40: "|",
  0x65: "€",
};

const SHARED: Readonly<Record<number, string>> = {
  0x00: "@£$¥¿\"¤%&'\f*+",
  0x0e: "-/<=>¡^¡_#*",
  0x28: "{}",
  0x2f: "\\",
  0x3c: "[~]",
  0x40: `|${capitals}`,
  0x65: "€",
};

describe("each code of the table of", () => {
  for (const language of LANGUAGES) {
    test(`${language} is the character that TS 23.038 annex A names, both ways`, () => {
      const locking = hasLocking(language) ? language : undefined;
      const main = lockingListing(language) ?? String.fromCharCode(...DEFAULT.units);
      const alphabet = nationalAlphabet(locking === undefined ? {} : { locking });
      for (const [code, character] of main.split("").entries()) {
        if (code === 0x1b) continue;
        const read = fromGsm7(Buffer.of(code), 0, alphabet);
        assert.equal(read, character === unassigned ? undefined : character, `code ${code}`);
        if (read !== undefined) assert.deepEqual(toGsm7(read, alphabet), Buffer.of(code));
      }
      const single = nationalAlphabet({ single: language });
      const escaped = escapedListing(language);
      for (let code = 0; code < 128; code++) {
        if (code === 0x1b) continue;
        const character = escaped.get(code);
        const read = fromGsm7(Buffer.of(0x1b, code), 0, single);
        assert.equal(read, character ?? fromGsm7(Buffer.of(code)), `escaped code ${code}`);
      }
    });
  }
});

test("languages have the identifiers 1 to 13 and no others", () => {
  assert.deepEqual(LANGUAGES.map(identifierOf), range(1, 13));
  assert.deepEqual([0, 1, 13, 14, 255].map(languageOf), [
    undefined,
    "turkish",
    "urdu",
    undefined,
    undefined,
  ]);
});

test("no table names a character twice, but for * and ¡ behind the escape of the Indian ones", () => {
  for (const language of LANGUAGES) {
    const main = (lockingListing(language) ?? "").replaceAll(unassigned, "").split("");
    assert.equal(new Set(main).size, main.length, language);
    const escaped = [...escapedListing(language).values()];
    const twice = escaped.filter((character, at) => escaped.indexOf(character) !== at);
    const isLatin = ["turkish", "spanish", "portuguese"].includes(language);
    assert.deepEqual(twice, isLatin ? [] : ["¡", "*"], language);
  }
});

test("what an alphabet writes it reads again, whichever two tables it is made of", () => {
  const maybe = fc.option(fc.constantFrom(...LANGUAGES), { nil: undefined });
  const codes = fc.array(fc.integer({ min: 0, max: 127 }), { maxLength: 160, size: "max" });
  fc.assert(
    fc.property(maybe, maybe, codes, (locking, single, raw) => {
      const alphabet = nationalAlphabet({
        ...(locking === undefined ? {} : { locking }),
        ...(single === undefined ? {} : { single }),
      });
      const text = fromGsm7(Buffer.from(raw), 0, alphabet);
      if (text === undefined) return;
      const septets = toGsm7(text, alphabet);
      assert.ok(septets !== undefined);
      assert.equal(septets.length, septetsOf(text, alphabet));
      assert.equal(fromGsm7(septets, 0, alphabet), text);
    }),
  );
});

function lockingListing(language: Language): string | undefined {
  const rule = INDIAN[language];
  if (rule === undefined) return WRITTEN[language];
  const table: (string | undefined)[] = Array.from({ length: 128 });
  place(table, FIXED);
  const letters = [
    ...LETTERS.map((offset) => (rule.holes.includes(offset) ? undefined : offset)),
    ...rule.last,
  ];
  const free = table.flatMap((character, code) => (character === undefined ? [code] : []));
  assert.equal(free.length, letters.length);
  for (const [at, code] of free.entries()) {
    const offset = letters[at];
    table[code] = offset === undefined ? unassigned : String.fromCharCode(rule.base + offset);
  }
  return table.join("");
}

function escapedListing(language: Language): Map<number, string> {
  const table: (string | undefined)[] = [];
  const isLatin = ["turkish", "spanish", "portuguese"].includes(language);
  place(table, isLatin ? LATIN : SHARED);
  for (const [first, points] of Object.entries(ESCAPED[language] ?? {}))
    for (const [at, point] of points.entries())
      table[Number(first) + at] = String.fromCharCode(point);
  return new Map(
    [...table.entries()].flatMap(([code, character]) =>
      character === undefined ? [] : [[code, character] as const],
    ),
  );
}

function place(table: (string | undefined)[], runs: Readonly<Record<number, string>>): void {
  for (const [first, characters] of Object.entries(runs))
    for (const [at, character] of characters.split("").entries())
      table[Number(first) + at] = character;
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}
