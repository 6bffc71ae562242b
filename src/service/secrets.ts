import { GatewayError } from "../model/error.ts";
import { wrong } from "./arguments.ts";

/** The values that scripts may use and never see. */
export interface Secrets {
  /**
   * The text behind what a script wrote: a text, or `{ parts }`, where a list of one text is a secret's
   * name. Throws `unknown_secret`. What came out is never told to a script, a log or a trace.
   */
  revealed(value: unknown, name: string): Revealed;
}

export interface Revealed {
  readonly text: string;
  readonly used: readonly Used[];
}

/** A value that must not come back, and what stands for it. */
export interface Used {
  readonly value: string;
  readonly shown: string;
}

/** Of one text that is put together. */
const partsMax = 32;

/** Characters. Less stands in a text by chance, and hiding it would tell more than it hides. */
const maskedLengthMin = 4;

export function createSecrets(declared: Readonly<Record<string, string>>): Secrets {
  function valueOf(name: string): string {
    const value = Object.hasOwn(declared, name) ? declared[name] : undefined;
    if (value !== undefined) return value;
    const names = Object.keys(declared).join(", ");
    const known = names === "" ? "none is" : `declared are ${names}`;
    throw new GatewayError(
      "unknown_secret",
      `no secret ${name.slice(0, 64)} is declared; ${known}`,
    );
  }

  return {
    revealed(value, name) {
      if (typeof value === "string") return { text: value, used: [] };
      const parts: unknown =
        typeof value === "object" && value !== null && "parts" in value ? value.parts : undefined;
      if (!Array.isArray(parts) || parts.length > partsMax)
        throw wrong(`${name} must be a text or a secret`);
      const used: Used[] = [];
      const texts = parts.map((part: unknown) => {
        if (typeof part === "string") return part;
        if (!Array.isArray(part) || typeof part[0] !== "string")
          throw wrong(`${name} must be a text or a secret`);
        const value = valueOf(part[0]);
        used.push({ value, shown: `[secret ${part[0]}]` });
        return value;
      });
      return { text: texts.join(""), used };
    },
  };
}

/** The same text without these values, where a peer has repeated them: as they are, in JSON or in a URL. */
export function masked(text: string, used: readonly Used[]): string {
  let hidden = text;
  for (const { value, shown } of used) {
    if (value.length < maskedLengthMin) continue;
    const forms = [
      value,
      JSON.stringify(value).slice(1, -1),
      encodeURIComponent(value.toWellFormed()),
    ];
    for (const form of new Set(forms)) hidden = hidden.replaceAll(form, () => shown);
  }
  return hidden;
}
