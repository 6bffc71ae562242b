import type { Crypto } from "../sdk-crypto.ts";
import { crossing } from "./crossing.ts";
import { hostCall, type Run } from "./run.ts";

export function cryptoOf(run: Run): Crypto {
  return {
    hash: async (algorithm, data, encoding = "hex") =>
      hostCall<string>(run, "crypto.hash", [algorithm, encoding, crossing(data, "data")]),
    hmac: async (algorithm, key, data, encoding = "hex") => {
      const args = [algorithm, encoding, crossing(key, "key"), crossing(data, "data")];
      return hostCall<string>(run, "crypto.hmac", args);
    },
    randomId: () => hostCall<string>(run, "crypto.randomId", []),
    equal,
  };
}

/** Looks at each character, whatever it has found. */
function equal(one: string, other: string): boolean {
  if (typeof one !== "string" || typeof other !== "string")
    throw new TypeError("crypto.equal takes two texts");
  let differing = one.length ^ other.length;
  for (let at = 0; at < one.length; at += 1)
    differing |= one.charCodeAt(at) ^ other.charCodeAt(at % (other.length || 1));
  return differing === 0;
}
