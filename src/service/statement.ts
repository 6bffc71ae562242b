import { GatewayError } from "../model/error.ts";

/** A statement as it comes out of a script: `db.<source>` with a template. */
export interface Statement {
  readonly source: string;
  /** With $1, $2, ... where the template had values. */
  readonly text: string;
  /** As the text that PostgreSQL reads; null for its null. */
  readonly values: readonly (string | null)[];
}

/** PostgreSQL takes 65,535; nobody writes so many, and a list goes as one array. */
export const valuesMax = 1_000;

/** The arguments of a host call, which a script may have made up. Rejects with `bad_request`. */
export function statementFrom(args: readonly unknown[]): Statement {
  const [source, text, values] = args;
  if (typeof source !== "string" || typeof text !== "string" || !Array.isArray(values))
    throw new GatewayError("bad_request", "a statement is a template: db.name`select …`");
  if (values.length > valuesMax)
    throw new GatewayError(
      "bad_request",
      `a statement has at most ${valuesMax} values; a list goes as one: = any (\${list})`,
    );
  return { source, text, values: values.map(valueFrom) };
}

function valueFrom(value: unknown): string | null {
  if (value !== null && typeof value !== "string")
    throw new GatewayError("bad_request", "a value of a statement has no form for PostgreSQL");
  // PostgreSQL's text knows no U+0000, and says so in words that help nobody.
  if (value?.includes("\0") === true)
    throw new GatewayError("bad_request", "a value of a statement has the character U+0000");
  return value;
}
