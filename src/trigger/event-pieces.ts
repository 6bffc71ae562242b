import type { ClientFacts, Message, Sms } from "../model/message.ts";
import { type NamedTlv, standardTlv, standardTlvNamed, type TlvType } from "../model/tlv.ts";
import type { FieldReader } from "./field-reader.ts";

/** What the events of event files have in common: who takes part when nobody is named, and their pieces. */

export const customers = "SMPP_SERVER1";
export const provider = "SMPP1";
export const account = "Test1";
export const sender = "+31600000001";
export const phone = "+31600000002";
export const peer = "127.0.0.1:40000";
export const bindTypes = ["transmitter", "receiver", "transceiver"] as const;

/** Nobody has gone away from an event that is decided once more. */
export const isOpen = (): boolean => true;

/** SMPP v3.4 §5.2.17: the two lowest bits ask for a report of the final outcome. */
export function isReportAsked(sms: Sms | undefined): boolean {
  return ((sms?.registeredDelivery ?? 0) & 3) !== 0;
}

export function bareMessage(
  id: string,
  root: string,
  channel: string,
  from: string,
  to: string,
): Message {
  return {
    id,
    root,
    parent: undefined,
    kind: "sms",
    direction: "out",
    channel,
    account: undefined,
    from,
    to,
    sms: undefined,
    report: undefined,
    sameAsParent: false,
    hops: 0,
    log: [],
  };
}

/** What its sender wrote on it for himself. */
export function clientFrom(fields: FieldReader): { readonly client?: ClientFacts } {
  const reference = fields.maybeText("clientReference");
  const tags = fields.texts("tags");
  if (reference === undefined && tags === undefined) return {};
  return { client: { ...(reference !== undefined && { reference }), ...(tags && { tags }) } };
}

export function clientFields({ client }: Message): Record<string, unknown> {
  if (client === undefined) return {};
  const { reference, tags } = client;
  return { ...(reference !== undefined && { clientReference: reference }), ...(tags && { tags }) };
}

const tlvTypes = ["int8", "int16", "int32", "string", "cstring", "octets"] as const;

/** `[{ tag, name, type, octets: hex }]`; by a name or a tag of the standard the rest is known. */
export function tlvsFrom(fields: FieldReader): readonly NamedTlv[] {
  return fields.list("tlvs").map((one): NamedTlv => {
    const given = one.maybeText("name");
    const named = given === undefined ? undefined : standardTlvNamed(given);
    if (named === undefined && !one.has("tag"))
      throw one.wrong("has neither a tag nor a known name");
    const tag = one.count("tag", named?.tag ?? 0, 0, 0xffff);
    const known = named ?? standardTlv(tag);
    const type: TlvType = one.choice("type", tlvTypes, known?.type ?? "octets");
    const octets = one.octets("octets") ?? Buffer.alloc(0);
    one.end();
    return [tag, given ?? known?.name ?? null, type, octets.toString("latin1")];
  });
}

export function tlvFields(tlvs: readonly NamedTlv[] | undefined): Record<string, unknown> {
  if (tlvs === undefined || tlvs.length === 0) return {};
  return {
    tlvs: tlvs.map(([tag, name, type, octets]) => ({
      tag,
      ...(name === null ? {} : { name }),
      type,
      octets: Buffer.from(octets, "latin1").toString("hex"),
    })),
  };
}
