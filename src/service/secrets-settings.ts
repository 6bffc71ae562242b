import { z } from "../config/schema.ts";

/** Upper case, as variables of the environment are, so that `secrets.format` is none of them. */
const secretName = z
  .string()
  .regex(
    /^[A-Z][A-Z0-9_]{0,63}$/,
    "a secret's name is upper case letters, digits and _, at most 64",
  );

export const secretsSettings = z
  .record(
    secretName,
    z
      .string()
      .min(1)
      .max(8_192)
      .meta({ secret: true })
      .describe("Its value; write `${NAME}` and set the variable, so that it stands in no file."),
  )
  .default({})
  .describe("What triggers may use in headers and as keys, by name, but can never read.");
