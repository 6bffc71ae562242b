import { GatewayError } from "./error.ts";

/**
 * The form of the text in which a customer is told what became of his message: words with fields in
 * braces. A brace itself is written twice.
 */
export const standardTemplate =
  "id:{id} sub:{sub} dlvrd:{dlvrd} submit date:{submit} done date:{done} stat:{stat} err:{err} text:{text}";

/** Octets that a field takes at most; the channel cuts what is longer. */
export const TEMPLATE_FIELDS = {
  /** Ours, in the form that the customer was given it in; as a decimal number it is the longest. */
  id: 39,
  /** Short messages that were submitted, and that were delivered. */
  sub: 3,
  dlvrd: 3,
  /** When it was submitted, and when it came to its end. */
  submit: 14,
  done: 14,
  /** `DELIVRD`, `UNDELIV`, ... */
  stat: 7,
  err: 8,
  /** 20 characters of the message; some take two octets each. */
  text: 40,
  /** The phone, and the sender that the customer gave. */
  from: 20,
  to: 20,
} as const;

export type TemplateField = keyof typeof TEMPLATE_FIELDS;

/** Words, and fields between them, in their order. */
export type TemplatePart =
  | { readonly words: string; readonly field?: never }
  | { readonly field: TemplateField; readonly words?: never };

/** Octets of one deliver_sm (SMPP v3.4 §5.2.21): a receipt in parts would be read by nobody. */
export const receiptOctetsMax = 254;

/** Without these the text tells nothing to a peer that reads no TLVs. */
const needed = ["id", "stat"] as const satisfies TemplateField[];

/** What stands in braces, a doubled brace, words without any, or a brace that is left alone. */
const piece = /\{([A-Za-z]*)\}|(\{\{|\}\})|([^{}]+)|([{}])/g;

/**
 * Reads a template. Throws `bad_request` that names the character at which it cannot be read, for an
 * unknown field, a brace that stands alone, or characters that a receipt cannot hold; and when a
 * receipt could become longer than one deliver_sm carries, or would tell no id or no state.
 */
export function templateFrom(text: string): readonly TemplatePart[] {
  const foreign = /[^\u0020-\u007e]/.exec(text);
  if (foreign !== null)
    fail(`character ${foreign.index + 1} is none of ASCII, in which receipts are written`);
  const parts: TemplatePart[] = [];
  let octets = 0;
  for (const [whole, field, twice, words, alone, at] of piecesOf(text)) {
    if (alone !== undefined)
      fail(`the "${alone}" at character ${at + 1} stands alone; a brace itself is written twice`);
    if (field === undefined) {
      const said = twice === undefined ? (words ?? whole) : twice.slice(1);
      parts.push({ words: said });
      octets += said.length;
    } else if (isField(field)) {
      parts.push({ field });
      octets += TEMPLATE_FIELDS[field];
    } else
      fail(
        `there is no field {${field}} (character ${at + 1}); there are ${Object.keys(TEMPLATE_FIELDS).join(", ")}`,
      );
  }
  for (const field of needed)
    if (!parts.some((part) => part.field === field)) fail(`it has no {${field}}`);
  if (octets > receiptOctetsMax)
    fail(`a receipt could take ${octets} octets; one deliver_sm carries ${receiptOctetsMax}`);
  return parts;
}

type Piece = readonly [
  whole: string,
  field: string | undefined,
  twice: string | undefined,
  words: string | undefined,
  alone: string | undefined,
  at: number,
];

function* piecesOf(text: string): Iterable<Piece> {
  for (const match of text.matchAll(piece))
    yield [match[0], match[1], match[2], match[3], match[4], match.index];
}

function isField(name: string): name is TemplateField {
  return Object.hasOwn(TEMPLATE_FIELDS, name);
}

function fail(why: string): never {
  throw new GatewayError("bad_request", `receiptTemplate: ${why}.`);
}
