/**
 * A party of a message as it came in: type of number, numbering plan (SMPP v3.4 §5.2.5, §5.2.6)
 * and the characters. Kept beside the canonical form so that passing on changes nothing.
 */
export interface Address {
  /** 0 unknown, 1 international, 2 national, 3 network specific, 5 alphanumeric, 6 abbreviated. */
  readonly ton: number;
  /** 0 unknown, 1 ISDN (E.164), 3 data, 8 national, 9 private, 18 WAP. */
  readonly npi: number;
  /** At most 20 characters in SMPP, 64 in data_sm. */
  readonly digits: string;
}

/** `international`: a bare number on this channel is E.164 even if the TON does not say so. */
export type Numbers = "international" | "asReceived";

/** Also with what stands behind an `@`, see `number-at-name.ts`. */
const number = /^\d{3,20}(?:@.*)?$/;

/** With a country code no number is shorter; what is shorter is a short code of some network. */
const fullNumber = /^\d{7,20}$/;

/** What stands in the place of a number that was erased. */
export const erasedAddress = "erased";

/** The one form by which messages are stored and found: E.164 with `+` where we know it is that. */
export function canonical(address: Address, numbers: Numbers): string {
  const { digits } = address;
  if (digits.startsWith("+")) return digits;
  const implied = numbers === "international" && address.ton === 0;
  const international =
    address.ton === 1 ? number.test(digits) : implied && fullNumber.test(digits);
  return international ? `+${digits}` : digits;
}

/** The address for a canonical form that a script or a person wrote. */
export function addressOf(text: string): Address {
  if (text.startsWith("+")) return { ton: 1, npi: 1, digits: text.slice(1) };
  return /^\d+$/.test(text) ? { ton: 0, npi: 1, digits: text } : { ton: 5, npi: 0, digits: text };
}
