import type { Sms, Tlv } from "../model/message.ts";
import {
  type ChannelTlvs,
  type TlvDefinition,
  type TlvType,
  type TlvValue,
  type TlvWishes,
  fits,
  standardTlv,
  standardTlvNamed,
} from "../model/tlv.ts";
import { SAR } from "../sms/concatenation.ts";

/** One PDU takes no more; see `smpp/tlv.ts`. */
const tlvsMax = 255;

/** What makes parts one text: without it the text would be broken. */
const STRUCTURE: ReadonlySet<number> = new Set(Object.values(SAR));

/** message_payload: the text, which `forward` has a field for. */
const payloadTag = 0x0424;

const NONE: readonly Tlv[] = [];

/** How a tag is written where a name is expected. */
const tagForm = /^0x[0-9a-f]{1,4}$/i;

/**
 * The TLVs of a message that goes on over a channel: what it came with, as far as the channel passes
 * that on, then what a script wants. The very same list where nothing changes, which for most messages
 * is found by two comparisons. A fault is the script's: a name that the channel does not know, or a
 * value that is not of its type.
 */
export function tlvsFor(
  came: Sms["tlvs"],
  wishes: TlvWishes | undefined,
  channel: ChannelTlvs | undefined,
): readonly Tlv[] | { readonly fault: string } {
  const passed = came.length === 0 || channel === undefined ? came : passedOn(came, channel);
  if (wishes === undefined) return passed;
  const set: Tlv[] = [];
  const named = new Set<number>();
  for (const [name, wish] of Object.entries(wishes)) {
    const known = definitionOf(name, channel);
    if (known === undefined)
      return { fault: `no optional parameter is called ${name}; see tlvs of the channel` };
    const { tag } = known;
    if (tag === payloadTag || STRUCTURE.has(tag))
      return { fault: `${name} is written by the gateway; set the text` };
    named.add(tag);
    for (const value of isList(wish) ? wish : wish === null ? [] : [wish]) {
      const octets = octetsOf(value, known.type);
      if (typeof octets === "string") return { fault: `${name} takes ${octets}` };
      if (!fits(octets, known))
        return { fault: `${name} takes ${lengthsOf(known)}, not ${octets.length}` };
      set.push({ tag, octets });
    }
  }
  const all = [...passed.filter(({ tag }) => !named.has(tag)), ...set];
  return all.length > tlvsMax ? { fault: `${all.length} optional parameters are too many` } : all;
}

function passedOn(came: readonly Tlv[], { pass, declared }: ChannelTlvs): readonly Tlv[] {
  if (pass === "all") return came;
  const kept = came.filter(
    ({ tag }) =>
      STRUCTURE.has(tag) ||
      (pass === "declared" && (declared.has(tag) || standardTlv(tag) !== undefined)),
  );
  if (kept.length === came.length) return came;
  return kept.length === 0 ? NONE : kept;
}

function definitionOf(name: string, channel: ChannelTlvs | undefined): TlvDefinition | undefined {
  const standard = standardTlvNamed(name);
  if (standard !== undefined) return standard;
  if (tagForm.test(name)) {
    const tag = Number(name);
    const known = channel?.declared.get(tag) ?? standardTlv(tag);
    return known ?? { name, tag, type: "octets", least: 0, most: 0xffff };
  }
  for (const known of channel?.declared.values() ?? []) if (known.name === name) return known;
  return undefined;
}

const INTEGER_OCTETS: Readonly<Partial<Record<TlvType, number>>> = { int8: 1, int16: 2, int32: 4 };

/** The value on the wire, or what it has to be. */
function octetsOf(value: TlvValue, type: TlvType): Buffer | string {
  const width = INTEGER_OCTETS[type];
  if (width !== undefined) {
    if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value >= 256 ** width)
      return `a whole number from 0 to ${256 ** width - 1}`;
    const octets = Buffer.alloc(width);
    octets.writeUIntBE(value, 0, width);
    return octets;
  }
  if (type === "octets") return value instanceof Uint8Array ? Buffer.from(value) : "a Uint8Array";
  if (typeof value !== "string" || !isLatin1(value) || (type === "cstring" && value.includes("\0")))
    return "a text of Latin-1 characters";
  return Buffer.from(type === "cstring" ? `${value}\0` : value, "latin1");
}

function isLatin1(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 0xff) return false;
  return true;
}

function lengthsOf({ least, most }: TlvDefinition): string {
  return least === most ? `${most} octets` : `${least} to ${most} octets`;
}

function isList(wish: TlvWishes[string]): wish is readonly TlvValue[] {
  return Array.isArray(wish);
}
