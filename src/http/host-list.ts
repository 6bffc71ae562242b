import { GatewayError } from "../model/error.ts";

/** The hosts that may be asked, as an operator writes them. */
export interface HostList {
  /** Why this address may not be asked, in words; undefined: it may. */
  refusal(url: URL): string | undefined;
}

/** Entries of one list. */
const entriesMax = 1_000;

const entry =
  /^(?:(https?):\/\/)?(\*\.)?(\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9])?)(?::(\d{1,5}|\*))?$/i;

/**
 * Reads `api.example.com` (https at its own port), `*.example.org` (every name below it, not itself),
 * `api.example.com:8443`, `api.example.com:*`, `http://printer.example`. Throws `bad_request` for what is
 * none of them.
 */
export function hostListFrom(hosts: readonly string[]): HostList {
  if (hosts.length > entriesMax) throw wrong(`There are more than ${entriesMax} hosts.`);
  const allowed = hosts.map((text) => {
    const [whole, scheme = "https", wild, name = "", port] = entry.exec(text) ?? [];
    if (whole === undefined || Number(port) > 65_535)
      throw wrong(
        `"${text}" is no host such as api.example.com, *.example.org, api.example.com:8443 or http://api.example.com.`,
      );
    const { hostname } = new URL(`${scheme}://${name}/`);
    const protocol = `${scheme.toLowerCase()}:`;
    return { protocol, hostname, below: wild !== undefined, port };
  });
  return {
    refusal({ protocol, hostname, port }) {
      if (protocol !== "https:" && protocol !== "http:") return `${protocol} is not spoken`;
      const own = protocol === "https:" ? "443" : "80";
      const named = allowed.filter((one) =>
        one.below ? hostname.endsWith(`.${one.hostname}`) : hostname === one.hostname,
      );
      if (named.length === 0) return `${hostname} is not among the hosts that are allowed`;
      const spoken = named.filter((one) => one.protocol === protocol);
      if (spoken.length === 0)
        return `${hostname} is allowed by ${named[0]?.protocol.slice(0, -1)} only`;
      const fits = spoken.some((one) => one.port === "*" || (one.port ?? own) === (port || own));
      return fits
        ? undefined
        : `port ${port || own} of ${hostname} is not among those that are allowed`;
    },
  };
}

function wrong(why: string): GatewayError {
  return new GatewayError("bad_request", why);
}
