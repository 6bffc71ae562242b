import type { Secrets } from "../sdk-http.ts";
import { secretOf, secretParts } from "./crossing.ts";

/** One for all runs: there is nothing in it but names. */
export const secrets: Secrets = new Proxy<Secrets>(Object.freeze({ format }), {
  get: (target, name) => {
    if (name === "format") return target.format;
    // `then` and the like are asked for by the language itself.
    return typeof name === "string" && /^[A-Z]/.test(name) ? secretOf([[name]]) : undefined;
  },
});

function format(texts: TemplateStringsArray, ...values: readonly unknown[]) {
  const parts = texts.flatMap((text, at) => {
    if (at >= values.length) return [text];
    const value = values[at];
    const inner = secretParts(value);
    if (inner === undefined && typeof value !== "string")
      throw new TypeError("secrets.format takes texts and secrets");
    return [text, ...(inner ?? [String(value)])];
  });
  return secretOf(parts);
}
