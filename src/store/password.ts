import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { availableParallelism } from "node:os";
import { GatewayError } from "../model/error.ts";
import {
  type KeptPassword,
  derive,
  keep,
  saltOctets,
  scryptCost,
  sha1Utf16le,
} from "../model/kept-password.ts";

/** Checks that may wait for a core; a check is 30 ms of CPU, so the last one waits for seconds. */
export const checksWaitingMax = 512;

/** Passwords found right that are remembered; a reconnect of all customers costs nothing then. */
const rememberedMax = 10_000;

/** Octets of the key of this process. */
const keyOctets = 32;

export interface PasswordChecker {
  /**
   * Is it the password? At most one check per core runs, in the thread pool. `kept` undefined (no such
   * account) costs the same and is never right. Rejects with `overloaded` when too many wait.
   */
  check(account: string, password: string, kept: KeptPassword | undefined): Promise<boolean>;
}

export function createPasswordChecker(limits: { readonly waitingMax: number }): PasswordChecker {
  const cores = availableParallelism();
  const processKey = randomBytes(keyOctets);
  // The kept hash is part of the key, so a changed password is another entry.
  const remembered = new Set<string>();
  const turns: (() => void)[] = [];
  const nobody = keep(randomBytes(keyOctets).toString("hex"));
  let running = 0;

  return {
    async check(account, password, kept) {
      const mark = createHmac("sha256", processKey)
        .update(JSON.stringify([account, kept?.scheme, kept?.hash, password]))
        .digest("base64");
      if (remembered.has(mark)) return true;
      const compared = kept ?? (await nobody);
      await turn();
      try {
        const right = (await matches(password, compared)) && kept !== undefined;
        if (right) remember(mark);
        return right;
      } finally {
        running -= 1;
        turns.shift()?.();
      }
    },
  };

  async function turn(): Promise<void> {
    if (running >= cores) {
      if (turns.length >= limits.waitingMax)
        throw new GatewayError("overloaded", `${limits.waitingMax} passwords wait to be checked.`);
      await new Promise<void>((resolve) => turns.push(resolve));
    }
    running += 1;
  }

  function remember(mark: string): void {
    if (remembered.size >= rememberedMax) {
      const oldest = remembered.values().next();
      if (oldest.done !== true) remembered.delete(oldest.value);
    }
    remembered.add(mark);
  }
}

async function matches(password: string, kept: KeptPassword): Promise<boolean> {
  if (kept.scheme !== "scrypt") {
    // A cheap form must not tell by its speed that the account exists and is of that form.
    await derive(password, Buffer.alloc(saltOctets), scryptCost);
    if (kept.scheme === "plain") return same(digest(password), digest(kept.hash));
    return same(Buffer.from(sha1Utf16le(password)), Buffer.from(kept.hash.toUpperCase()));
  }
  const [N, r, p, salt, key] = kept.hash.split("$");
  if (salt === undefined || key === undefined) throw new Error("a stored scrypt hash is cut short");
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  const derived = await derive(password, Buffer.from(salt, "base64"), cost);
  return same(derived, Buffer.from(key, "base64"));
}

/** Of one length whatever the password is, so that the comparison tells nothing of it. */
function digest(password: string): Buffer {
  return createHash("sha256").update(password).digest();
}

function same(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
