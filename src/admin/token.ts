import { createHash, timingSafeEqual } from "node:crypto";
import type { Clock } from "../model/clock.ts";

/** Characters. Ours have 43; what is far longer is none and need not be hashed. */
const tokenCharactersMax = 256;

/** A second. Each refusal beyond is a 429, so that guessing costs us next to nothing. */
export const refusalsPerSecond = 10;

/** Addresses that are counted apart; above, the oldest is forgotten. */
const addressesMax = 10_000;

/** A token as the configuration knows it. */
export interface KnownToken {
  readonly name: string;
  /** 64 digits of hex. */
  readonly sha256: string;
}

/** Who asks. */
export type Asker =
  | { readonly kind: "known"; readonly name: string }
  /** No token, or a wrong one. `flood`: this address has had its refusals for this second. */
  | { readonly kind: "refused"; readonly flood: boolean };

/**
 * Tells by the header `authorization` who asks. A right token is always taken, so nobody is locked
 * out by somebody else who guesses from the same address.
 */
export function createTokenCheck(
  tokens: readonly KnownToken[],
  clock: Clock,
): (authorization: string | undefined, address: string) => Asker {
  const known = tokens.map(({ name, sha256 }) => ({ name, digest: Buffer.from(sha256, "hex") }));
  const refusals = new Map<string, { readonly startMs: number; count: number }>();

  return (authorization, address) => {
    const name = nameOf(authorization);
    if (name !== undefined) return { kind: "known", name };
    const nowMs = clock.tickMs();
    let second = refusals.get(address);
    if (second === undefined || nowMs - second.startMs >= 1_000) {
      second = { startMs: nowMs, count: 0 };
      refusals.delete(address);
      refusals.set(address, second);
      const oldest = refusals.keys().next();
      if (refusals.size > addressesMax && oldest.done !== true) refusals.delete(oldest.value);
    }
    second.count += 1;
    return { kind: "refused", flood: second.count > refusalsPerSecond };
  };

  function nameOf(authorization: string | undefined): string | undefined {
    const token = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
    if (token === undefined || token.length > tokenCharactersMax) return undefined;
    const digest = createHash("sha256").update(token).digest();
    let found: string | undefined;
    // All of them, so that the time tells nothing of which one came near.
    for (const one of known) if (timingSafeEqual(one.digest, digest)) found = one.name;
    return found;
  }
}
