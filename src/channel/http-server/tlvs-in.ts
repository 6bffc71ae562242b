import type { Tlv } from "../../model/message.ts";
import { type TlvDefinition, fits, standardTlv, standardTlvNamed } from "../../model/tlv.ts";
import { FieldError } from "./field-error.ts";

/** Optional parameters in a message; more make the message longer than a session takes. */
const tlvsMax = 20;

/** Told by other fields of a request, so that they cannot contradict them. */
const OTHERWISE: ReadonlySet<string> = new Set(["message_payload"]);

/** Named by name or tag, as octets. Throws a FieldError. */
export function tlvsFrom(asked: Readonly<Record<string, number | string>>): readonly Tlv[] {
  const all = Object.entries(asked);
  if (all.length > tlvsMax) throw new FieldError("tlv_stream", "tlvs", `At most ${tlvsMax}.`);
  return all.map(([name, value]) => {
    const field = `tlvs.${name}`;
    const isTag = name.startsWith("0x");
    const tag = isTag ? Number(name) : undefined;
    const known = tag === undefined ? standardTlvNamed(name) : standardTlv(tag);
    if (known === undefined && tag === undefined)
      throw new FieldError("tlv_stream", field, "There is no parameter of that name.");
    if (known !== undefined && OTHERWISE.has(known.name))
      throw new FieldError("tlv_stream", field, "Give `text` or `data` for it.");
    const octets = octetsOf(value, known, field);
    if (!fits(octets, known)) throw new FieldError("tlv_length", field, "It has not that length.");
    return { tag: known?.tag ?? tag ?? 0, octets };
  });
}

function octetsOf(value: number | string, known: TlvDefinition | undefined, field: string): Buffer {
  if (typeof value === "string" && /^0x([0-9a-fA-F]{2})*$/.test(value))
    return Buffer.from(value.slice(2), "hex");
  const { type = "octets" } = known ?? {};
  if (typeof value === "number") {
    const size = type === "int8" ? 1 : type === "int16" ? 2 : type === "int32" ? 4 : 0;
    if (size === 0) throw new FieldError("tlv_stream", field, "It is no number.");
    if (value >= 256 ** size) throw new FieldError("tlv_stream", field, "It is too large.");
    const octets = Buffer.alloc(size);
    octets.writeUIntBE(value, 0, size);
    return octets;
  }
  if (type === "cstring") return Buffer.from(`${value}\0`, "latin1");
  if (type === "string") return Buffer.from(value, "latin1");
  throw new FieldError("tlv_stream", field, "Give octets as 0x and hex.");
}
