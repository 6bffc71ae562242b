/** Octets have no form in JSON, so they cross over under a name of ours. */
const octetsName = "$octets";

/** A value for JSON, octets as a text of a character each. */
export function crossing(value: unknown): unknown {
  if (value instanceof Uint8Array) {
    let text = "";
    for (const octet of value) text += String.fromCharCode(octet);
    return { [octetsName]: text };
  }
  if (Array.isArray(value)) return value.map(crossing);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, crossing(one)]));
}

/** The other way. */
export function revived(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revived);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  const [first] = entries;
  if (entries.length === 1 && first?.[0] === octetsName && typeof first[1] === "string")
    return Uint8Array.from(first[1], (character) => character.charCodeAt(0));
  return Object.fromEntries(entries.map(([key, one]) => [key, revived(one)]));
}
