import { isIPv6 } from "node:net";
import { GatewayError } from "../model/error.ts";

/** Assigned to SMPP by IANA. */
export const smppPort = 2775;

const tlsPrefix = "tls:";

/** Where a provider is reached. */
export interface ProviderPlace {
  /** A name or an address, without brackets. */
  readonly host: string;
  /** undefined: the text names none. */
  readonly port: number | undefined;
  /** It began with `tls:`. */
  readonly tls: boolean;
}

/**
 * Reads a provider's address as people write it: `smpp.example.com`, `smpp.example.com:2800`,
 * `[::1]:2800`, `::1`, each also with `tls:` before it. Text that is none of these: why not.
 */
export function placeIn(text: string): ProviderPlace | { readonly fault: string } {
  const tls = text.startsWith(tlsPrefix);
  const bare = (tls ? text.slice(tlsPrefix.length) : text).trim();
  // Only an address of IPv6 has several colons, and then its port needs the brackets.
  if (isIPv6(bare)) return { host: bare, port: undefined, tls };
  const [, bracketed, plain, digits] =
    /^(?:\[([^\]]*)\]|([^:[\]\s/@]+))(?::(\d{1,5}))?$/.exec(bare) ?? [];
  if (bracketed !== undefined && !isIPv6(bracketed))
    return { fault: "holds no address of IPv6 between its brackets" };
  const host = bracketed ?? plain;
  if (host === undefined)
    return { fault: "must be a name or an address, with `:port` behind it where it is not 2775" };
  const port = digits === undefined ? undefined : Number(digits);
  if (port !== undefined && (port < 1 || port > 65_535))
    return { fault: "names a port that is none; it must be 1 to 65535" };
  return { host, port, tls };
}

/** Of settings that were checked; the port is that of `host`, else that of `port`. */
export function placeOf(settings: {
  readonly host: string;
  readonly port?: number | undefined;
}): ProviderPlace & { readonly port: number } {
  const place = placeIn(settings.host);
  if ("fault" in place) throw new GatewayError("bad_configuration", `host ${place.fault}`);
  return { ...place, port: place.port ?? settings.port ?? smppPort };
}

/** As it is told: `[::1]:2775`. */
export function placeText({
  host,
  port,
}: {
  readonly host: string;
  readonly port: number;
}): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
