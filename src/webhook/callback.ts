import type { AddressGuard } from "../http/private-address.ts";
import { GatewayError } from "../model/error.ts";
import { WEBHOOK_EVENTS, type WebhookEndpoint } from "../model/webhook.ts";
import { checkUrl } from "./endpoint.ts";
import { newSecret } from "./signature.ts";

/** Characters of a URL that stands in a message, and so in a row of each. */
export const callbackCharactersMax = 2_048;

/** What signs and counts the calls of an account's messages that name their URL themselves. */
export function callbackEndpoint(
  account: string,
  { id, nowMs }: { readonly id: string; readonly nowMs: number },
): WebhookEndpoint {
  return {
    id,
    account,
    url: "",
    form: "callback",
    events: WEBHOOK_EVENTS.filter((event) => event.startsWith("message.")),
    channels: [],
    secrets: [{ secret: newSecret(), untilMs: undefined }],
    disabled: undefined,
    createdMs: nowMs,
  };
}

/** Throws `bad_request` for one that may not be called, or that an operator does not want to be. */
export function checkCallback(
  url: string,
  endpoint: WebhookEndpoint | undefined,
  guard: AddressGuard,
): void {
  if (endpoint?.disabled !== undefined) throw wrong("Nothing is told at such URLs for now.");
  if (url.length > callbackCharactersMax)
    throw wrong(`A URL has at most ${callbackCharactersMax} characters.`);
  checkUrl(url, "callback", guard);
}

function wrong(why: string): GatewayError {
  return new GatewayError("bad_request", why);
}
