import type { HeaderElement } from "../sdk-events.ts";

/**
 * The elements of a user data header (3GPP TS 23.040 §9.2.3.24), as `sms/user-data-header.ts` reads
 * them, for an isolate, which has no Buffer; none when it is broken. Called when a script asks.
 */
export function headerElements(octets: Uint8Array): readonly HeaderElement[] {
  const end = 1 + (octets[0] ?? 0);
  const elements: HeaderElement[] = [];
  for (let at = 1; at < end;) {
    const next = at + 2 + (octets[at + 1] ?? 0);
    if (next > end || next > octets.length) return [];
    elements.push({ id: octets[at] ?? 0, octets: octets.slice(at + 2, next) });
    at = next;
  }
  return elements;
}
