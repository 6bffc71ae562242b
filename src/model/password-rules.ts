import { GatewayError } from "./error.ts";

/**
 * `lenient`: takes what customers use in practice, longer than SMPP has room for, and warns. `strict`:
 * what SMPP allows and nobody guesses.
 */
export type PasswordRules = "lenient" | "strict";

/** Characters of a system_id, the final zero not counted (SMPP v3.4 §5.2.1). */
const idCharactersMax = 15;

/** Characters of a password, the final zero not counted (SMPP v3.4 §5.2.2). */
const passwordCharactersMax = 8;

/** What systems send that do not keep to it. */
const lenientIdMax = 16;
const lenientPasswordMax = 64;

/** With fewer a password is guessed in the failed binds that an address has in a day. */
const passwordCharactersMin = 6;

/**
 * Looks at the system_id and password of a new account. Throws one `bad_request` that tells everything for
 * which they are refused; gives what to warn of. Nothing is ever cut, and no sentence holds the password.
 */
export function checkedLogin(
  id: string,
  password: string | undefined,
  rules: PasswordRules,
): readonly string[] {
  const faults: string[] = [];
  const warnings: string[] = [];
  const strictly = rules === "strict" ? faults : warnings;
  const refused = idFault(id);
  if (refused !== undefined) faults.push(refused);
  else if (id.length > idCharactersMax)
    strictly.push(
      `The id has ${id.length} characters and SMPP has room for ${idCharactersMax}: some customers' systems cannot send it.`,
    );
  if (password !== undefined) {
    const never = passwordFault(password);
    if (never !== undefined) faults.push(never);
    else strictly.push(...doubts(id, password));
  }
  if (faults.length === 0) return warnings;
  throw new GatewayError("bad_request", faults.join(" "));
}

/** Why it can be the id of no account; undefined when it can. */
export function idFault(id: string): string | undefined {
  return /^[\x21-\x7e]{1,16}$/.test(id)
    ? undefined
    : `An account's id is 1 to ${lenientIdMax} ASCII characters without blanks.`;
}

/** Why it can be the password of no account; undefined when it can. */
function passwordFault(password: string): string | undefined {
  if (password === "") return "The password is empty.";
  if (password.length > lenientPasswordMax)
    return `The password has ${password.length} characters, and at most ${lenientPasswordMax} are taken; it is not cut.`;
  if (/\p{Cc}/u.test(password)) return "The password holds control characters.";
  return undefined;
}

function doubts(id: string, password: string): string[] {
  const found: string[] = [];
  if (password.length > passwordCharactersMax)
    found.push(
      `The password has ${password.length} characters and SMPP has room for ${passwordCharactersMax}: some customers' systems cannot send it.`,
    );
  if (/[^\x20-\x7e]/.test(password))
    found.push(
      "The password is not only ASCII: customers' systems write the rest in several ways.",
    );
  if (isWeak(id, password))
    found.push(
      `The password is weak: shorter than ${passwordCharactersMin}, one character again and again, a row, or the id.`,
    );
  return found;
}

/** Rows of characters of which a password is no secret. */
const rows = ["0123456789", "9876543210", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop"];

function isWeak(id: string, password: string): boolean {
  const lower = password.toLowerCase();
  const name = id.toLowerCase();
  return (
    password.length < passwordCharactersMin ||
    new Set(lower).size < 3 ||
    lower === name ||
    (name.length > 2 && lower.includes(name)) ||
    lower.startsWith("password") ||
    rows.some((row) => row.includes(lower))
  );
}
