import { GatewayError } from "../model/error.ts";

/**
 * A URL with `${name}` in it, for customers whose systems are told by a GET, as those of Yate and of Kannel
 * are: `http://host/status?billid=${billid}&status=${sms_stat}`.
 */
export type UrlTemplate = (payload: string) => string;

/** Characters of a URL, as most servers have it; a longer one, once filled, is cut in its texts. */
export const urlCharactersMax = 4_000;

/** Characters of one value, so that a long text does not make a URL that no server takes. */
const valueCharactersMax = 1_000;

/** Each name, and where it stands in what is told; the old names of the sources first. */
const NAMES: Readonly<Record<string, (told: Told) => unknown>> = {
  billid: ({ data }) => data["message_id"] ?? data["session"],
  sms_stat: ({ data }) => data["status"],
  id: ({ data }) => data["id"] ?? data["session"],
  call: ({ id }) => id,
  type: ({ type }) => type,
  time: ({ created_at: at }) => at,
  account: ({ data }) => data["account"],
  channel: ({ data }) => data["channel"],
  from: ({ data }) => data["from"],
  to: ({ data }) => data["to"],
  status: ({ data }) => data["status"],
  state: ({ data }) => data["state"],
  error: ({ data }) => data["error"],
  text: ({ data }) => data["text"],
  session: ({ data }) => data["session"],
};

interface Told {
  readonly id: string;
  readonly type: string;
  readonly created_at: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const placeholder = /\$\{([^}]*)\}/g;

/**
 * Throws `bad_request` for a name that there is not, and for one that stands where it could lead to another
 * host. What is not known of an event is empty.
 */
export function urlTemplateFrom(url: string): UrlTemplate {
  for (const [, name = ""] of url.matchAll(placeholder))
    if (!Object.hasOwn(NAMES, name))
      throw wrong(`There is no \${${name}}; there are ${Object.keys(NAMES).join(", ")}.`);
  const filled = url.replaceAll(placeholder, "x");
  const [, fixed = ""] = /^(https?:\/\/[^/?#]*[/?])/i.exec(url) ?? [];
  if (fixed === "" || fixed.includes("${") || !URL.canParse(filled))
    throw wrong("A template begins with http:// or https:// and a host, and names come behind it.");
  return (payload) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Only announce.ts writes it.
    const told = JSON.parse(payload) as Told;
    return url.replaceAll(placeholder, (_whole, name: string) => {
      const value = NAMES[name]?.(told) ?? "";
      const text = typeof value === "string" ? value : JSON.stringify(value);
      return encodeURIComponent(text.toWellFormed().slice(0, valueCharactersMax).toWellFormed());
    });
  };
}

function wrong(why: string): GatewayError {
  return new GatewayError("bad_request", why);
}
