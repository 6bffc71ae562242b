import type { Tlv } from "./message.ts";
import { type ChannelTlvs, type NamedTlv, standardTlv } from "./tlv.ts";
import { latin1Of } from "./octets-text.ts";

/** With their names on this channel, in their order; only called where there are some. */
export function namedTlvs(
  tlvs: readonly Tlv[],
  declared: ChannelTlvs["declared"] | undefined,
): readonly NamedTlv[] {
  return tlvs.map(({ tag, octets }) => {
    const known = declared?.get(tag) ?? standardTlv(tag);
    const text = latin1Of(octets);
    return known === undefined ? [tag, null, "octets", text] : [tag, known.name, known.type, text];
  });
}
