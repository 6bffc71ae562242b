import { hash, randomBytes, timingSafeEqual } from "node:crypto";

/** What a key may be used for: to send, to read, or all of it with the steps of the trace. */
export const API_SCOPES = ["send", "read", "admin"] as const;

export type ApiScope = (typeof API_SCOPES)[number];

/** A customer's key as we know it: who has read all of this cannot use it. */
export interface ApiKey {
  /** The part of the key by which it is found; it is no secret. */
  readonly id: string;
  readonly account: string;
  /** What it is for; the key that replaces it has the same. */
  readonly name: string;
  /** Of the secret part, 64 digits of hex. */
  readonly sha256: string;
  readonly scopes: readonly ApiScope[];
  /** Where it may be used from, as in `allow-list.ts`; empty: anywhere. */
  readonly allowFrom: string;
  readonly createdMs: number;
  /** undefined: never. */
  readonly expiresMs: number | undefined;
  /** Who made it. */
  readonly by: string;
}

/** Of one account and one name at a time: the one in use, and the one that replaces it. */
export const keysOfNameMax = 2;

/** Of one account. */
export const keysOfAccountMax = 20;

/** 256 bits, so that nobody finds one by trying. */
const secretOctets = 32;

const idOctets = 6;

const form = /^sbk_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;

/** A new key: the text that the customer is given once, and what is kept of it. */
export function makeKey(): { readonly id: string; readonly text: string; readonly sha256: string } {
  const id = randomBytes(idOctets).toString("hex");
  const secret = randomBytes(secretOctets).toString("base64url");
  return { id, text: `sbk_${id}_${secret}`, sha256: sha256(secret).toString("hex") };
}

/** The two parts of what may be a key; undefined for what is none. */
export function keyParts(
  text: string,
): { readonly id: string; readonly secret: string } | undefined {
  const [, id, secret] = form.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

/** Takes as long for a wrong secret as for the right one. */
export function isSecretOf(secret: string, { sha256: kept }: Pick<ApiKey, "sha256">): boolean {
  return timingSafeEqual(sha256(secret), Buffer.from(kept, "hex"));
}

function sha256(text: string): Buffer {
  return hash("sha256", text, "buffer");
}
