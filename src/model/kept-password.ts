import { createHash, randomBytes, scrypt } from "node:crypto";
import { GatewayError } from "./error.ts";

/**
 * How a password is kept. `scrypt` unless somebody chooses otherwise; `sha1-utf16le` is the form of older
 * systems, and `plain` is the password itself, for who must read it again.
 */
export type PasswordScheme = "scrypt" | "sha1-utf16le" | "plain";

export const passwordSchemes = ["scrypt", "sha1-utf16le", "plain"] as const;

export interface KeptPassword {
  readonly scheme: PasswordScheme;
  /** Of `plain` the password. Never shown, logged or handed to a script, whatever the scheme. */
  readonly hash: string;
}

/** What scrypt costs; written down with each hash, so that it can be raised later. */
export interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** Node's defaults. */
export const scryptCost: ScryptCost = { N: 16_384, r: 8, p: 1 };

export const saltOctets = 16;

const keyOctets = 32;

/** Makes what is stored of a new password; scrypt takes some 30 ms of a core. */
export async function keep(
  password: string,
  scheme: PasswordScheme = "scrypt",
): Promise<KeptPassword> {
  if (scheme === "plain") return { scheme, hash: password };
  if (scheme === "sha1-utf16le") return { scheme, hash: sha1Utf16le(password) };
  const salt = randomBytes(saltOctets);
  const key = await derive(password, salt, scryptCost);
  const { N, r, p } = scryptCost;
  const hash = `${N}$${r}$${p}$${salt.toString("base64")}$${key.toString("base64")}`;
  return { scheme, hash };
}

/** Upper-case hex of SHA1 over the UTF-16LE octets. */
export function sha1Utf16le(password: string): string {
  return createHash("sha1").update(Buffer.from(password, "utf16le")).digest("hex").toUpperCase();
}

const FORMS: Readonly<Record<PasswordScheme, { readonly form: RegExp; readonly words: string }>> = {
  "sha1-utf16le": { form: /^[0-9A-Fa-f]{40}$/, words: "40 digits of hex" },
  // Cost, salt and key as we write them: N$r$p$salt$key, both base64.
  scrypt: {
    form: /^(1024|2048|4096|8192|16384)\$8\$1\$[A-Za-z0-9+/=]{8,88}\$[A-Za-z0-9+/]{43}=$/,
    words: "N$r$p$salt$key with r 8, p 1, N at most 16384, and a key of 32 octets",
  },
  plain: { form: /^/, words: "a text" },
};

/** What is wrong with it as something of that scheme, without telling what it is. */
export function keptFault({ scheme, hash }: KeptPassword): string | undefined {
  const { form, words } = FORMS[scheme];
  return form.test(hash) ? undefined : `is nothing of the scheme ${scheme}, which is ${words}`;
}

/** Throws `bad_request` for a name that is none. */
export function schemeFrom(text: unknown): PasswordScheme {
  const found = passwordSchemes.find((scheme) => scheme === text);
  if (found !== undefined) return found;
  throw new GatewayError("bad_request", 'scheme is "sha1-utf16le", "scrypt" or "plain"');
}

export function derive(password: string, salt: Buffer, cost: ScryptCost): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, keyOctets, cost, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
