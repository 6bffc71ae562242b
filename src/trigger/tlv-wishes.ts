import type { TlvValue, TlvWishes } from "../model/tlv.ts";

/** A name of a channel's own has 64 characters, one of SMPP fewer. */
const nameCharactersMax = 64;

/** Octets of a TLV (SMPP v3.4 §3.2.4.1). */
const octetsMax = 65_535;

/** What one PDU may hold; the gateway counts again, with what is passed on. */
const wishesMax = 255;

/**
 * The optional parameters that a script wants, out of what `script/tlvs.ts` made of them, or what is
 * wrong, as the end of a sentence. Which names there are and what they take depends on the channel and
 * is looked at by the gateway.
 */
export function wishesOf(acts: unknown): TlvWishes | string {
  if (!Array.isArray(acts) || acts.length > wishesMax) return wrong;
  const wishes: [string, TlvWishes[string]][] = [];
  for (const act of acts) {
    if (!Array.isArray(act)) return wrong;
    const [name, values]: unknown[] = act;
    if (typeof name !== "string" || name.length > nameCharactersMax) return wrong;
    if (values === null) {
      wishes.push([name, null]);
      continue;
    }
    if (!Array.isArray(values) || values.length > wishesMax) return wrong;
    const wish: TlvValue[] = [];
    for (const value of values) {
      const read = valueOf(value);
      if (read === undefined) return wrong;
      wish.push(read);
    }
    wishes.push([name, wish]);
  }
  return Object.fromEntries(wishes);
}

const wrong = "tlvs that are numbers, texts, Uint8Arrays, lists of these, or null, by their names";

function valueOf(value: unknown): TlvValue | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "string") return value.length > octetsMax ? undefined : value;
  if (!Array.isArray(value)) return undefined;
  const [octets]: unknown[] = value;
  if (typeof octets !== "string" || octets.length > octetsMax) return undefined;
  return Buffer.from(octets, "latin1");
}
