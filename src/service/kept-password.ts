import { GatewayError } from "../model/error.ts";
import type { DataRow } from "../store/data-source.ts";
import type { ElsewhereKept } from "../store/password.ts";

const FORMS: Readonly<
  Record<ElsewhereKept["scheme"], { readonly form: RegExp; readonly words: string }>
> = {
  "sha1-utf16le": { form: /^[0-9A-Fa-f]{40}$/, words: "40 digits of hex" },
  // Cost, salt and key as we write them: N$r$p$salt$key, both base64.
  scrypt: {
    form: /^(1024|2048|4096|8192|16384)\$8\$1\$[A-Za-z0-9+/=]{8,88}\$[A-Za-z0-9+/]{43}=$/,
    words: "N$r$p$salt$key with r 8, p 1, N at most 16384, and a key of 32 octets",
  },
  plain: { form: /^/, words: "a text" },
};

/**
 * The first column of the first row, which is what is kept of a password; undefined where there is no
 * row, or nothing in it. Rejects with `data_source_failed` when it is nothing of that scheme, without
 * telling what it is.
 */
export function keptIn(row: DataRow | undefined, scheme: unknown): ElsewhereKept | undefined {
  if (scheme !== "sha1-utf16le" && scheme !== "scrypt" && scheme !== "plain")
    throw new GatewayError("bad_request", 'scheme is "sha1-utf16le", "scrypt" or "plain"');
  const [hash] = Object.values(row ?? {});
  if (hash === undefined || hash === null) return undefined;
  const { form, words } = FORMS[scheme];
  // A column of a fixed width has blanks behind a hash; in a password they may be meant.
  const text = typeof hash === "string" && scheme !== "plain" ? hash.trimEnd() : hash;
  if (typeof text !== "string" || !form.test(text))
    throw new GatewayError(
      "data_source_failed",
      `the first column is nothing of the scheme ${scheme}, which is ${words}`,
    );
  return { scheme, hash: text };
}
