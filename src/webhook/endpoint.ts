import { isIP } from "node:net";
import type { AddressGuard } from "../http/private-address.ts";
import { GatewayError } from "../model/error.ts";
import {
  WEBHOOK_EVENTS,
  type WebhookEndpoint,
  type WebhookEvent,
  type WebhookSecret,
} from "../model/webhook.ts";
import { checkSecret, newSecret } from "./signature.ts";
import { urlCharactersMax, urlTemplateFrom } from "./template.ts";

/** What an operator asks for. */
export interface EndpointWish {
  readonly account: string;
  readonly url: string;
  /** `post` when left out. */
  readonly form?: Exclude<WebhookEndpoint["form"], "callback">;
  /** All events of messages when left out; `*` is every event, `message.*` those that begin so. */
  readonly events?: readonly string[];
  /** All channels when left out. */
  readonly channels?: readonly string[];
  /** One that the customer has chosen; made when left out. */
  readonly secret?: string;
}

/** Keys that may sign at a time: the new one and the one before. */
const secretsMax = 2;

/** A new endpoint. Throws `bad_request` that says what cannot be. */
export function madeOf(
  {
    account,
    url,
    form = "post",
    events = ["message.*"],
    channels = [],
    secret = newSecret(),
  }: EndpointWish,
  given: { readonly id: string; readonly nowMs: number; readonly guard: AddressGuard },
): WebhookEndpoint {
  checkSecret(secret);
  checkUrl(url, form, given.guard);
  return {
    id: given.id,
    account,
    url,
    form,
    events: eventsFrom(events),
    channels: [...channels],
    secrets: [{ secret, untilMs: undefined }],
    disabled: undefined,
    createdMs: given.nowMs,
  };
}

/** The same endpoint otherwise. Throws as `madeOf` does. */
export function changed(
  endpoint: WebhookEndpoint,
  change: Partial<EndpointWish> & { readonly enabled?: boolean },
  guard: AddressGuard,
): WebhookEndpoint {
  const { url = endpoint.url, form = endpoint.form, events, channels = endpoint.channels } = change;
  if (endpoint.form !== "callback") checkUrl(url, form, guard);
  else if (change.url !== undefined || change.form !== undefined)
    throw wrong("Its messages name their URLs themselves.");
  const enabled = change.enabled ?? endpoint.disabled === undefined;
  return {
    ...endpoint,
    url,
    form,
    channels,
    events: events === undefined ? endpoint.events : eventsFrom(events),
    disabled: enabled ? undefined : (endpoint.disabled ?? "by an operator"),
  };
}

/** With a new key; the one before signs too until then, and none for longer. */
export function rotated(
  endpoint: WebhookEndpoint,
  { oldUntilMs, nowMs }: { readonly oldUntilMs: number; readonly nowMs: number },
): WebhookEndpoint {
  const before = endpoint.secrets
    .map(({ secret, untilMs = oldUntilMs }) => ({ secret, untilMs: Math.min(untilMs, oldUntilMs) }))
    .filter(({ untilMs }) => untilMs > nowMs);
  const fresh: WebhookSecret = { secret: newSecret(), untilMs: undefined };
  return { ...endpoint, secrets: [fresh, ...before].slice(0, secretsMax) };
}

/** Throws `bad_request` for one that may not be called. */
export function checkUrl(url: string, form: WebhookEndpoint["form"], guard: AddressGuard): void {
  if (url.length > urlCharactersMax)
    throw wrong(`A URL has at most ${urlCharactersMax} characters.`);
  if (form === "get") urlTemplateFrom(url);
  else if (url.includes("${"))
    throw wrong("A URL with ${...} in it is a template: it is called by GET (`--get`).");
  const fixed = url.replaceAll(/\$\{[^}]*\}/g, "x");
  if (!URL.canParse(fixed)) throw wrong(`"${url}" is no URL.`);
  const { protocol, hostname, username, password } = new URL(fixed);
  if (protocol !== "https:" && protocol !== "http:") throw wrong(`${protocol} is not spoken.`);
  if (username !== "" || password !== "") throw wrong("A password has no place in a URL.");
  const bare = hostname.replace(/^\[|\]$/g, "");
  if (isIP(bare) !== 0 && !guard(bare))
    throw wrong(`${bare} is no public address; see webhooks.allowPrivate in the settings.`);
}

function eventsFrom(patterns: readonly string[]): readonly WebhookEvent[] {
  const wanted = new Set<WebhookEvent>();
  for (const pattern of patterns) {
    const found = WEBHOOK_EVENTS.filter(
      (event) =>
        event === pattern || (pattern.endsWith("*") && event.startsWith(pattern.slice(0, -1))),
    );
    if (found.length === 0)
      throw wrong(`There is no event ${pattern}; there are ${WEBHOOK_EVENTS.join(", ")}.`);
    for (const event of found) wanted.add(event);
  }
  if (wanted.size === 0) throw wrong("Name at least one event.");
  return WEBHOOK_EVENTS.filter((event) => wanted.has(event));
}

function wrong(why: string): GatewayError {
  return new GatewayError("bad_request", why);
}
