import { BlockList, isIP } from "node:net";
import { GatewayError } from "./error.ts";

/** Addresses and networks in one list. */
const entriesMax = 100;

/**
 * Reads addresses and networks (RFC 4632, RFC 4291 §2.3) as an operator writes them,
 * `192.0.2.7, 198.51.100.0/24, 2001:db8::/32`; an empty text is no list at all. Throws `bad_request`.
 */
export function allowListFrom(text: string): BlockList | undefined {
  if (text.trim() === "") return undefined;
  const entries = text.split(",").map((entry) => entry.trim());
  if (entries.length > entriesMax) throw wrong(`There are more than ${entriesMax} addresses.`);
  const list = new BlockList();
  for (const entry of entries) {
    const [address = "", bits, ...more] = entry.split("/");
    const version = isIP(address);
    const most = version === 6 ? 128 : 32;
    const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Infinity;
    if (version === 0 || address.includes("%") || more.length > 0 || prefix > most)
      throw wrong(`"${entry}" is no address such as 192.0.2.7, 198.51.100.0/24 or 2001:db8::/32.`);
    list.addSubnet(address, prefix, version === 6 ? "ipv6" : "ipv4");
  }
  return list;
}

/** `remote` is a peer's `address:port`, with an address of IPv6 in brackets. */
export function isAllowed(list: BlockList | undefined, remote: string): boolean {
  if (list === undefined) return true;
  const place = remote.slice(0, Math.max(0, remote.lastIndexOf(":")));
  const address = place.replace(/^\[|\]$/g, "").split("%")[0] ?? "";
  const version = isIP(address);
  return version !== 0 && list.check(address, version === 6 ? "ipv6" : "ipv4");
}

function wrong(why: string): GatewayError {
  return new GatewayError("bad_request", why);
}
