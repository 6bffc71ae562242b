import type { Secret } from "./sdk-http.ts";

/** Part of "signalbox". A text is taken as UTF-8. */
export interface Crypto {
  /**
   * In hex when no encoding is named. md5 and sha1 are for services that ask for them; nothing is
   * safe by them.
   */
  hash(algorithm: HashName, data: string | Uint8Array, encoding?: DigestEncoding): Promise<string>;
  /**
   * A keyed hash, such as web services sign with. In hex when no encoding is named.
   *
   * ```ts
   * export const SIGNED = onMessage({}, async (message, { crypto, http, secrets }) => {
   *   const body = JSON.stringify({ id: message.id, text: message.text });
   *   const signature = await crypto.hmac("sha256", secrets.SIGNING_KEY, body);
   *   await http.fetch("https://api.example.com/in", { body, headers: { "x-signature": signature } });
   * });
   * ```
   */
  hmac(
    algorithm: HashName,
    key: string | Uint8Array | Secret | undefined,
    data: string | Uint8Array,
    encoding?: DigestEncoding,
  ): Promise<string>;
  /** 128 random bits as 32 digits of hex; the same when the event is run again. */
  randomId(): Promise<string>;
  /** Are two texts the same? It takes as long whichever character differs first. */
  equal(one: string, other: string): boolean;
}

/** The hash functions; the last two for peers that know nothing newer. */
export type HashName = "sha256" | "sha512" | "sha1" | "md5";

/** How a digest is written: `hex` in lower case, `base64url` without padding. */
export type DigestEncoding = "hex" | "base64" | "base64url";
