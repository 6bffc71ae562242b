/**
 * How a provider writes in its reports the id that it gave in its answers. `hexToDecimal`: in hex in
 * the answer, in decimal in the report; `decimalToHex` the other way round.
 */
export type IdBase = (typeof ID_BASES)[number];

export const ID_BASES = ["same", "hexToDecimal", "decimalToHex"] as const;

/** For people. */
export const idBaseWords: Readonly<Record<IdBase, string>> = {
  same: "as in its answers",
  hexToDecimal: "hex in its answers, decimal in its reports",
  decimalToHex: "decimal in its answers, hex in its reports",
};

/** How a provider group writes its ids, and how that is known. */
export interface KnownBase {
  readonly base: IdBase;
  /** `set`: by the channel's setting `reports.idBase`. */
  readonly by: "set" | "learnt";
}

/** One way to read a report's id, with the key of the answers that it would then be about. */
export interface IdForm {
  readonly base: IdBase;
  readonly key: string;
}

/**
 * Providers write one id in two ways: with and without leading zeros, in either case, in hex in the
 * answer and in decimal in the report. This is the key by which ids of one provider group are the
 * same: lower case, leading zeros off. An id with any other character (a UUID, `1_1483`) is no number,
 * and keeps its zeros.
 */
export function canonicalProviderId(messageId: string): string {
  const low = messageId.toLowerCase();
  return hexOnly.test(low) ? low.replace(/^0+(?=.)/, "") : low;
}

/**
 * The forms to look for, in the order in which a match is believed. `known` goes first, and then
 * short ids are converted as well. `short`: they are converted in every way, for who only wants to
 * know what could be. Beyond 2^53 ids occur, so they are not numbers here.
 */
export function providerIdForms(
  messageId: string,
  known?: IdBase,
  short: "short" | "long" = "long",
): readonly IdForm[] {
  const same = canonicalProviderId(messageId);
  const forms: IdForm[] = [{ base: "same", key: same }];
  if (!hexOnly.test(same) || same.length > digitsMax) return forms;
  const add = (base: IdBase, key: string, hexDigits: number): void => {
    if (key === same) return;
    if (hexDigits < hexDigitsMin && known !== base && short === "long") return;
    if (known === base) forms.unshift({ base, key });
    else forms.push({ base, key });
  };
  add("decimalToHex", BigInt(`0x${same}`).toString(), same.length);
  if (!decimalOnly.test(same)) return forms;
  const hex = BigInt(same).toString(16);
  add("hexToDecimal", hex, hex.length);
  return forms;
}

/**
 * Hex digits of an id that may be the same as a decimal one while it is not known how the provider
 * writes them. Where one counts 98, 99, 100, a report for 100 must not be taken for one of 256 while
 * its own message is not stored yet; from eight digits on the two are too far apart for both to be on
 * their way.
 */
const hexDigitsMin = 8;

const hexOnly = /^[0-9a-f]+$/;
const decimalOnly = /^[0-9]+$/;

/** message_id has 64 characters at most (SMPP v3.4 §5.2.23). */
const digitsMax = 64;
