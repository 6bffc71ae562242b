import { createHash, createHmac, randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { availableParallelism } from "node:os";
import { GatewayError } from "../model/error.ts";

/** How a password is kept. `sha1-utf16le` is the form of older systems: taken over, never chosen. */
export type PasswordScheme = "scrypt" | "sha1-utf16le";

export interface KeptPassword {
  readonly scheme: PasswordScheme;
  readonly hash: string;
}

/** Of a customer's own table, where a password may also stand as it is. */
export interface ElsewhereKept {
  readonly scheme: PasswordScheme | "plain";
  readonly hash: string;
}

/** Checks that may wait for a core; a check is 30 ms of CPU, so the last one waits for seconds. */
export const checksWaitingMax = 512;

/** Passwords found right that are remembered; a reconnect of all customers costs nothing then. */
const rememberedMax = 10_000;

const saltOctets = 16;
const keyOctets = 32;

/** Node's defaults, written down with each hash so that they can be raised later. */
const scryptCost = { N: 16_384, r: 8, p: 1 };

/** Makes what is stored of a new password. */
export async function keep(password: string): Promise<KeptPassword> {
  const salt = randomBytes(saltOctets);
  const key = await derive(password, salt, scryptCost);
  const { N, r, p } = scryptCost;
  const hash = `${N}$${r}$${p}$${salt.toString("base64")}$${key.toString("base64")}`;
  return { scheme: "scrypt", hash };
}

/** Upper-case hex of SHA1 over the UTF-16LE octets. */
export function sha1Utf16le(password: string): string {
  return createHash("sha1").update(Buffer.from(password, "utf16le")).digest("hex").toUpperCase();
}

export interface PasswordChecker {
  /**
   * Is it the password? At most one check per core runs, in the thread pool. `kept` undefined (no such
   * account) costs the same and is never right. Rejects with `overloaded` when too many wait.
   */
  check(account: string, password: string, kept: ElsewhereKept | undefined): Promise<boolean>;
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

async function matches(password: string, kept: ElsewhereKept): Promise<boolean> {
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

function derive(
  password: string,
  salt: Buffer,
  cost: { readonly N: number; readonly r: number; readonly p: number },
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, keyOctets, cost, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
