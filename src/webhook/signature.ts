import { createHmac, randomBytes } from "node:crypto";
import { GatewayError } from "../model/error.ts";
import type { WebhookSecret } from "../model/webhook.ts";

/** Before the base64 of a key (Standard Webhooks 1.0, "Signature scheme"). */
const prefix = "whsec_";

/** Octets of a key (the same, "Signing secrets"). */
const keyOctetsMin = 24;
const keyOctetsMax = 64;

/** Octets of one that we make: as many as SHA-256 has. */
const keyOctets = 32;

/** `whsec_` and base64. */
export function newSecret(): string {
  return prefix + randomBytes(keyOctets).toString("base64");
}

/** Throws `bad_request` for what is no key; the error does not repeat it. */
export function checkSecret(secret: string): void {
  const key = keyOf(secret);
  const isWhole =
    secret.startsWith(prefix) && key.toString("base64") === secret.slice(prefix.length);
  if (isWhole && key.length >= keyOctetsMin && key.length <= keyOctetsMax) return;
  const text = `A secret is ${prefix} and base64 of ${keyOctetsMin} to ${keyOctetsMax} octets.`;
  throw new GatewayError("bad_request", text);
}

/**
 * The headers of Standard Webhooks 1.0: id, seconds since 1970, and a signature by each key that still
 * signs, so that whoever checks may know the old key or the new one.
 */
export function signedHeaders(
  {
    id,
    body,
    secrets,
  }: { readonly id: string; readonly body: string; readonly secrets: readonly WebhookSecret[] },
  nowMs: number,
): readonly (readonly [name: string, value: string])[] {
  const timestamp = String(Math.floor(nowMs / 1_000));
  const signatures = secrets
    .filter(({ untilMs }) => untilMs === undefined || untilMs > nowMs)
    .map(({ secret }) => {
      const hmac = createHmac("sha256", keyOf(secret)).update(`${id}.${timestamp}.${body}`);
      return `v1,${hmac.digest("base64")}`;
    });
  return [
    ["webhook-id", id],
    ["webhook-timestamp", timestamp],
    ["webhook-signature", signatures.join(" ")],
  ];
}

function keyOf(secret: string): Buffer {
  return Buffer.from(secret.slice(prefix.length), "base64");
}
