import { z } from "../config/schema.ts";
import { GatewayError } from "../model/error.ts";
import { type KeptPassword, keptFault } from "../model/kept-password.ts";
import { type PasswordRules, checkedLogin } from "../model/password-rules.ts";

/** Accounts that stand in the file; who has more keeps them in the database. */
const accountsMax = 1_000;

/** What an account of the file says; all else about it is in the database. */
const accountSettings = z
  .strictObject({
    password: z
      .string()
      .optional()
      .meta({ secret: true })
      .describe("The password, best from the environment: `${SHOP_PASSWORD}`."),
    hash: z
      .string()
      .optional()
      .meta({ secret: true })
      .describe("In place of the password, what `signalbox account hash` makes of it."),
    scheme: z
      .enum(["scrypt", "sha1-utf16le"])
      .default("scrypt")
      .describe("Of the hash; `sha1-utf16le` is upper-case hex of SHA-1 over UTF-16LE."),
  })
  .describe("An account by its id, which is its system_id.");

export const accountsSettings = z
  .record(z.string(), accountSettings)
  .default({})
  .superRefine((accounts, context) => {
    const wrong = (path: string[], message: string) =>
      context.addIssue({ code: "custom", path, message });
    if (Object.keys(accounts).length > accountsMax)
      wrong([], `has more than ${accountsMax} accounts: keep them in the database`);
    for (const [id, { password, hash, scheme }] of Object.entries(accounts)) {
      if ((password === undefined) === (hash === undefined))
        wrong([id], "must have either a password or a hash");
      const fault = hash === undefined ? undefined : keptFault({ scheme, hash });
      if (fault !== undefined) wrong([id, "hash"], fault);
      for (const text of loginFaults(id, password, "lenient")) wrong([id], text);
    }
  })
  .describe(
    "Customers whose password stands here: they bind without a bind trigger, and before those of the database.",
  );

export type AccountsSettings = z.infer<typeof accountsSettings>;

export const passwordRules = z
  .enum(["lenient", "strict"])
  .default("lenient")
  .describe(
    "Of new passwords of accounts: `strict` refuses weak ones and what SMPP has no room for (15 and 8 characters), `lenient` takes up to 16 and 64 and warns.",
  );

/** What `strict` finds wrong with the accounts of the file, by their ids. */
export function strictFaults(
  accounts: AccountsSettings,
): readonly { readonly id: string; readonly text: string }[] {
  return Object.entries(accounts).flatMap(([id, { password }]) =>
    loginFaults(id, password, "strict").map((text) => ({ id, text })),
  );
}

/** By their ids, as a bind is held against them. */
export function loginsIn(accounts: AccountsSettings): ReadonlyMap<string, KeptPassword> {
  return new Map(
    Object.entries(accounts).map(([id, { password, hash = "", scheme }]) => [
      id,
      password === undefined ? { scheme, hash } : { scheme: "plain", hash: password },
    ]),
  );
}

function loginFaults(id: string, password: string | undefined, rules: PasswordRules): string[] {
  try {
    checkedLogin(id, password, rules);
    return [];
  } catch (cause) {
    if (!(cause instanceof GatewayError)) throw cause;
    return [cause.message];
  }
}
