import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from "node:crypto";
import { GatewayError } from "../model/error.ts";
import type { WebhookEndpoint } from "../model/webhook.ts";

/** Before what is sealed; the number is the version of this form. What begins otherwise is in clear. */
const prefix = "sealed:1:";

/** Octets: AES-256-GCM with the nonce and the tag that NIST SP 800-38D recommends. */
const keyOctets = 32;
const nonceOctets = 12;
const tagOctets = 16;

/** Hex digits by which a key is known; they tell nothing of it. */
const nameDigits = 8;

interface Key {
  readonly name: string;
  readonly octets: Buffer;
}

/** Keeps the secrets of endpoints unreadable to who has the database, or a backup, and not the settings. */
export interface Seal {
  /** As it is to be kept; in clear where no key is configured. */
  sealed(endpoint: WebhookEndpoint): WebhookEndpoint;
  /** Throws `bad_configuration` for what is sealed with a key that is not configured. */
  opened(endpoint: WebhookEndpoint): WebhookEndpoint;
  /** Is it kept otherwise than it would be now? */
  isOld(kept: WebhookEndpoint): boolean;
}

/** The first key seals, all open. */
export function createSeal(texts: readonly string[]): Seal {
  const keys = texts.map(keyFrom);
  const [first] = keys;
  const form = first === undefined ? undefined : `${prefix}${first.name}:`;
  return {
    sealed: (endpoint) =>
      first === undefined
        ? endpoint
        : withSecrets(endpoint, (secret) => sealedWith(first, secret, endpoint.id)),
    opened: (endpoint) => withSecrets(endpoint, (kept) => openedFrom(kept, endpoint.id)),
    isOld: ({ secrets }) =>
      form !== undefined && secrets.some(({ secret }) => !secret.startsWith(form)),
  };

  function openedFrom(kept: string, id: string): string {
    if (!kept.startsWith(prefix)) return kept;
    const [name = "", text = ""] = kept.slice(prefix.length).split(":");
    const key = keys.find((one) => one.name === name);
    const octets = Buffer.from(text, "base64");
    if (key === undefined || octets.length <= nonceOctets + tagOctets)
      throw wrong(id, `is sealed with the key ${name}, which is not in the settings`);
    const nonce = octets.subarray(0, nonceOctets);
    const end = octets.length - tagOctets;
    const decipher = createDecipheriv("aes-256-gcm", key.octets, nonce);
    decipher.setAAD(Buffer.from(id)).setAuthTag(octets.subarray(end));
    try {
      const clear = decipher.update(octets.subarray(nonceOctets, end));
      return Buffer.concat([clear, decipher.final()]).toString();
    } catch (cause) {
      throw wrong(id, "was changed in the database", cause);
    }
  }
}

/** The endpoint's id is part of the seal, so that a secret cannot be put to another one. */
function sealedWith({ name, octets }: Key, secret: string, id: string): string {
  const nonce = randomBytes(nonceOctets);
  const cipher = createCipheriv("aes-256-gcm", octets, nonce).setAAD(Buffer.from(id));
  const parts = [nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()];
  return `${prefix}${name}:${Buffer.concat(parts).toString("base64")}`;
}

/** The text is random already (the settings say how to make it), so no slow derivation is needed. */
function keyFrom(text: string): Key {
  const octets = Buffer.from(hkdfSync("sha256", text, "", "signalbox webhook secrets", keyOctets));
  const name = createHash("sha256").update(octets).digest("hex").slice(0, nameDigits);
  return { name, octets };
}

function withSecrets(
  endpoint: WebhookEndpoint,
  change: (secret: string) => string,
): WebhookEndpoint {
  const secrets = endpoint.secrets.map((one) => ({ ...one, secret: change(one.secret) }));
  return { ...endpoint, secrets };
}

function wrong(id: string, why: string, cause?: unknown): GatewayError {
  const text = `webhooks.secretsKey: the secret of webhook ${id} ${why}`;
  return new GatewayError("bad_configuration", text, { cause });
}
