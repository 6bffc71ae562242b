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
 * The keys to look for, in the order in which a match is believed: as it is, read as hex and written
 * in decimal, read as decimal and written in hex. Beyond 2^53 ids occur, so they are not numbers here.
 */
export function providerIdForms(messageId: string): readonly string[] {
  const same = canonicalProviderId(messageId);
  if (!hexOnly.test(same) || same.length > digitsMax) return [same];
  const forms = [same];
  if (same.length >= hexDigitsMin) forms.push(BigInt(`0x${same}`).toString());
  const hex = decimalOnly.test(same) ? BigInt(same).toString(16) : "";
  if (hex.length >= hexDigitsMin) forms.push(hex);
  return forms;
}

/**
 * Hex digits of an id that may be the same as a decimal one. Where a provider counts 98, 99, 100, a
 * report for 100 must not be taken for one of 256 while its own message is not stored yet; from eight
 * digits on the two are too far apart for both to be on their way.
 */
const hexDigitsMin = 8;

const hexOnly = /^[0-9a-f]+$/;
const decimalOnly = /^[0-9]+$/;

/** message_id has 64 characters at most (SMPP v3.4 §5.2.23). */
const digitsMax = 64;
