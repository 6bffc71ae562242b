import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Received } from "./body.ts";
import type { CallbackAuth } from "./schema.ts";
import { filled } from "./template.ts";
import { momentFrom } from "./told.ts";

/** ms. How far the moment of a signed callback may be from now; older ones may be played again. */
export const signedWithinMs = 5 * 60_000;

/**
 * Is this callback of who knows the secret? Everybody when there is none. `kind: path` is looked at where
 * paths are. Takes the same time whatever is wrong with it.
 */
export function isOfProvider(
  auth: CallbackAuth,
  received: Received,
  {
    secret,
    user,
    nowMs,
  }: { readonly secret: string; readonly user: string; readonly nowMs: number },
): boolean {
  switch (auth.kind) {
    case "path":
      return true;
    case "header": {
      const wanted = filled(auth.is, { secret, user, ...basicOf(user, secret) });
      return isSame(received.headers[auth.name.toLowerCase()] ?? "", wanted);
    }
    case "query":
      return isSame(received.query.get(auth.name) ?? "", filled(auth.is, { secret, user }));
    case "hmac": {
      const header = (name: string | undefined): string =>
        name === undefined ? "" : (received.headers[name.toLowerCase()] ?? "");
      const timestamp = header(auth.timestamp);
      const over = filled(auth.over, { body: received.text, timestamp, id: header(auth.id) });
      const made = createHmac(auth.algorithm, secret).update(over).digest(auth.encoding);
      const isSigned = isSame(header(auth.header), `${auth.prefix}${made}`);
      if (auth.timestamp === undefined) return isSigned;
      const atMs = momentFrom(timestamp) ?? Number.NaN;
      return isSigned && Math.abs(nowMs - atMs) <= signedWithinMs;
    }
  }
}

/** In constant time, whatever their lengths. */
export function isSame(one: string, other: string): boolean {
  return timingSafeEqual(digest(one), digest(other));
}

/** `{basic}` of a header: RFC 7617 §2. */
function basicOf(user: string, secret: string): { readonly basic: string } {
  return { basic: Buffer.from(`${user}:${secret}`).toString("base64") };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
