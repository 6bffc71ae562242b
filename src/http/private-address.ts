import { BlockList, isIP } from "node:net";
import { allowListFrom } from "../model/allow-list.ts";

/** May a request that somebody else has asked for go to this address? */
export type AddressGuard = (address: string) => boolean;

/**
 * Lets through what is on the public Internet, and the networks of `allowPrivate` (`10.1.0.0/16`, `::1`).
 * An address is one of IPv4 or IPv6 as the system writes it, without brackets; a name is let through
 * never, so it is asked about what a name has become. Throws `bad_request` for what is no network.
 */
export function createAddressGuard(allowPrivate: readonly string[]): AddressGuard {
  const allowed = allowListFrom(allowPrivate.join(","));
  return (address) => {
    const bare = inner(address.split("%")[0] ?? "");
    const version = isIP(bare);
    if (version === 0) return false;
    const family = version === 6 ? "ipv6" : "ipv4";
    if (allowed?.check(bare, family) === true) return true;
    if (special.check(bare, family)) return false;
    return version === 4 || unicast.check(bare, "ipv6");
  };
}

/** All that is given out of IPv6 so far (RFC 4291 §2.4); what is outside of it is nobody's or special. */
const unicast = new BlockList();
unicast.addSubnet("2000::", 3, "ipv6");

/**
 * What no public host has: IANA's registries of special-purpose addresses (RFC 6890), and multicast. 6to4
 * and Teredo carry an address of IPv4 and are gone from the Internet, so they are refused whole.
 */
const special = new BlockList();
for (const network of [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
  "2001::/23",
  "2001:db8::/32",
  "2002::/16",
  "3fff::/20",
]) {
  const [address = "", bits] = network.split("/");
  special.addSubnet(address, Number(bits), address.includes(":") ? "ipv6" : "ipv4");
}

/** The address of IPv4 that one of IPv6 stands for: mapped (RFC 4291 §2.5.5.2) or for NAT64 (RFC 6052). */
function inner(address: string): string {
  if (isIP(address) !== 6) return address;
  // Written in the one form of RFC 5952, whatever it came in.
  const shortest = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [, high = "0", low] =
    /^(?:::ffff:|64:ff9b::)(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,4})$/.exec(shortest) ?? [];
  if (low === undefined) return address;
  const number = Number.parseInt(high, 16) * 65_536 + Number.parseInt(low, 16);
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff).join(".");
}
