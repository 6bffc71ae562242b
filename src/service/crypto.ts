import { createHash, createHmac, randomBytes } from "node:crypto";
import type { HostFunctions } from "../trigger/engine.ts";
import { octetsFrom, wrong } from "./arguments.ts";
import type { Secrets } from "./secrets.ts";

/** MD5 and SHA-1 are broken, and there are web services that ask for them all the same. */
const ALGORITHMS = ["sha256", "sha512", "sha1", "md5"] as const;
const ENCODINGS = ["hex", "base64", "base64url"] as const;

/** Octets of a random id: 128 bits, as of a UUID. */
const randomIdOctets = 16;

/** Calls rather than code in the sandbox, so that it is fast and a rerun gets the same random id. */
export function createCrypto(secrets: Secrets): HostFunctions {
  return {
    "crypto.hash": async (args) => {
      const [algorithm, encoding] = [one(args[0], ALGORITHMS), one(args[1], ENCODINGS)];
      return createHash(algorithm).update(octetsFrom(args[2], "data")).digest(encoding);
    },
    "crypto.hmac": async (args) => {
      const [algorithm, encoding] = [one(args[0], ALGORITHMS), one(args[1], ENCODINGS)];
      const key = Array.isArray(args[2])
        ? octetsFrom(args[2], "key")
        : secrets.revealed(args[2], "key").text;
      return createHmac(algorithm, key).update(octetsFrom(args[3], "data")).digest(encoding);
    },
    "crypto.randomId": async () => randomBytes(randomIdOctets).toString("hex"),
  };
}

function one<Name extends string>(value: unknown, names: readonly Name[]): Name {
  const name = names.find((one) => one === value);
  if (name === undefined) throw wrong(`${String(value)} is none of ${names.join(", ")}`);
  return name;
}
