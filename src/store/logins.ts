import { isDeepStrictEqual } from "node:util";
import { type Kysely, sql } from "kysely";
import {
  type KeptPassword,
  type PasswordScheme,
  keep,
  keptFault,
  schemeFrom,
} from "../model/kept-password.ts";
import { type PasswordRules, checkedLogin, idFault } from "../model/password-rules.ts";
import { GatewayError } from "../model/error.ts";
import { checksWaitingMax, createPasswordChecker } from "./password.ts";
import type { Tables } from "./tables.ts";

/** Of an account whose password stands in the configuration file; nobody binds by this row alone. */
export const fileScheme = "file";

/** A new password: the text, or what is kept of one elsewhere. */
export interface NewPassword {
  readonly password?: string | undefined;
  /** `scrypt` when left out. */
  readonly scheme?: PasswordScheme | undefined;
  /** In place of the password. */
  readonly hash?: string | undefined;
}

export type Verified =
  | { readonly ok: true; readonly account: string }
  | { readonly ok: false; readonly reason: "unknown_account" | "bad_password" };

/** What the configuration says of passwords. */
export interface LoginSettings {
  readonly rules: PasswordRules;
  /** Accounts whose password stands in the file, and which count before those of the database. */
  readonly inFile: ReadonlyMap<string, KeptPassword>;
}

/** Who may bind with what. */
export interface Logins {
  /**
   * From now on; until then nothing stands in a file, and the rules are lenient. Gives the accounts whose
   * password in the file is another one now, or not there any more.
   */
  use(settings: LoginSettings): readonly string[];
  isInFile(id: string): boolean;
  /** Looks at the id, too. Rejects with `bad_request`; gives what is kept and what to warn of. */
  made(id: string, given: NewPassword): Promise<MadePassword>;
  verify(systemId: string, password: string): Promise<Verified>;
  verifyKept(systemId: string, password: string, kept: KeptPassword | undefined): Promise<Verified>;
  /** By the file alone; undefined where it names nobody. */
  verifyInFile(systemId: string, password: string): Promise<Verified> | undefined;
}

export interface MadePassword {
  readonly kept: KeptPassword;
  readonly warnings: readonly string[];
}

export function createLogins(db: Kysely<Tables>): Logins {
  const checker = createPasswordChecker({ waitingMax: checksWaitingMax });
  let settings: LoginSettings = { rules: "lenient", inFile: new Map() };

  return {
    use(next) {
      const before = settings.inFile;
      settings = next;
      const ids = new Set([...before.keys(), ...next.inFile.keys()]);
      return [...ids].filter((id) => !isDeepStrictEqual(before.get(id), next.inFile.get(id)));
    },
    isInFile: (id) => settings.inFile.has(id),
    async made(id, { password, scheme = "scrypt", hash }) {
      if ((password === undefined) === (hash === undefined))
        throw new GatewayError("bad_request", "Either a password is given or its hash.");
      const warnings = [...checkedLogin(id, password, settings.rules)];
      if (password === undefined) {
        const kept = { scheme, hash: hash ?? "" };
        const fault =
          scheme === "plain" ? "is of the scheme plain: give the password" : keptFault(kept);
        if (fault !== undefined) throw new GatewayError("bad_request", `The hash ${fault}.`);
        return { kept, warnings };
      }
      if (scheme === "plain")
        warnings.push(
          "The password is kept as it is: whoever reads the database or a backup reads it.",
        );
      return { kept: await keep(password, scheme), warnings };
    },
    async verify(systemId, password) {
      const kept = settings.inFile.get(systemId) ?? (await keptOf(systemId));
      return verifyKept(systemId, password, kept);
    },
    verifyKept,
    verifyInFile(systemId, password) {
      const { inFile } = settings;
      return inFile.size === 0 ? undefined : verifyKept(systemId, password, inFile.get(systemId));
    },
  };

  async function verifyKept(
    systemId: string,
    password: string,
    kept: KeptPassword | undefined,
  ): Promise<Verified> {
    if (await checker.check(systemId, password, kept)) return { ok: true, account: systemId };
    return { ok: false, reason: kept === undefined ? "unknown_account" : "bad_password" };
  }

  async function keptOf(id: string): Promise<KeptPassword | undefined> {
    if (idFault(id) !== undefined) return undefined;
    const found = await db
      .selectFrom("account")
      .select(["password_scheme", "password_hash"])
      .where("id", "=", id)
      .executeTakeFirst();
    if (found === undefined || found.password_scheme === fileScheme) return undefined;
    return { scheme: schemeFrom(found.password_scheme), hash: found.password_hash };
  }
}

/** Sets it in the row of an account. Gives false when there is none. */
export async function storePassword(
  db: Kysely<Tables>,
  id: string,
  { scheme, hash }: KeptPassword,
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update account set password_scheme = ${scheme}, password_hash = ${hash} where id = ${id}`.execute(
    db,
  );
  return numAffectedRows !== 0n;
}
