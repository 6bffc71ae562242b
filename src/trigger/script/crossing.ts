import type { Secret } from "../sdk-http.ts";

/** A secret by its name; the value is in the gateway, and is put in there. */
type Part = string | readonly [name: string];

/** How a text, octets or a secret leave the isolate: octets as a list of one text, a character for each. */
export type Crossing = string | readonly [octets: string] | { readonly parts: readonly Part[] };

const partsOf = new WeakMap<object, readonly Part[]>();

/** What a script holds of a secret: nothing but how it is called. */
class NamedSecret implements Secret {
  constructor(parts: readonly Part[]) {
    partsOf.set(this, parts);
  }

  toString(): string {
    const parts = partsOf.get(this) ?? [];
    return parts.map((part) => (typeof part === "string" ? part : `[secret ${part[0]}]`)).join("");
  }

  toJSON(): string {
    return this.toString();
  }
}

export function secretOf(parts: readonly Part[]): Secret {
  return new NamedSecret(parts);
}

export function secretParts(value: unknown): readonly Part[] | undefined {
  return typeof value === "object" && value !== null ? partsOf.get(value) : undefined;
}

/** `name` is for whoever gave something else. */
export function crossing(value: unknown, name: string): Crossing {
  if (typeof value === "string") return value;
  if (value instanceof Uint8Array) {
    let text = "";
    for (const octet of value) text += String.fromCharCode(octet);
    return [text];
  }
  const parts = secretParts(value);
  if (parts !== undefined) return { parts };
  throw new TypeError(`${name} takes a text, a Uint8Array or a secret`);
}
