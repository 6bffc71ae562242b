/**
 * Digits that tell one phone from another: what stands before them is the country's or the trunk's
 * code, which a provider's report may write in another way than the message had it, or leave out.
 */
const tellingDigits = 8;

/** By this two canonical addresses are compared where one of them was written by another network. */
export function numberKey(address: string): string {
  const digits = address.replaceAll(/\D/g, "");
  return digits.length < 3 ? address.toLowerCase() : digits.slice(-tellingDigits);
}
