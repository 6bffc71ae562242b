import { userInfo } from "node:os";

/** Characters of a name that the gateway writes into its log and into traces. */
const nameCharactersMax = 64;

/**
 * Who types the commands: the login name, that of the person and not root's where `sudo` tells it. In
 * characters that a header may carry.
 */
export function operatorName(env: NodeJS.ProcessEnv = process.env): string {
  const person = env["SUDO_USER"] ?? "";
  const name = person === "" ? loginName() : person;
  return name.slice(0, nameCharactersMax).replaceAll(/[^\u0021-\u007e]/g, "?");
}

function loginName(): string {
  try {
    return userInfo().username;
  } catch {
    // A process may run as a number that has no name, as in many containers.
    return `uid-${process.getuid?.() ?? "unknown"}`;
  }
}
