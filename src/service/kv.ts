import { isDeepStrictEqual } from "node:util";
import { GatewayError } from "../model/error.ts";
import type { KvChange, KvEntry, KvPlace, Store } from "../store/store.ts";
import type { HostFunctions } from "../trigger/engine.ts";
import { textAt, textOrNone, wholeNumberAt, wrong } from "./arguments.ts";

/** UTF-16 units of a key: room for a few numbers and names. */
const keyLengthMax = 256;
/** Octets of a value as JSON; what is larger is a document and belongs elsewhere. */
const valueOctetsMax = 65_536;
/** Milliseconds: ten years. What is to stay longer is kept without. */
const ttlMsMax = 315_360_000_000;
/** Entries of one page, and octets after which a page ends early, well below an answer's bound. */
const pageMax = 1_000;
const pageOctetsMax = 131_072;

const sharedName = /^[A-Za-z0-9_.-]{1,64}$/;

/** The namespace that files share under this name; that of a file alone is its own name without `.ts`. */
export function sharedNamespace(name: string): string {
  if (!sharedName.test(name))
    throw wrong("the name of a shared kv is 1-64 letters, digits and _ . -");
  return `shared:${name}`;
}

/** `kv` of scripts: what they keep beyond one event. */
export function createKv(
  store: Pick<Store, "kv" | "isDiskLow">,
  nowMs: () => number,
): HostFunctions {
  const change = <Answer>(
    place: KvPlace,
    decide: (entry: KvEntry | undefined) => KvChange<Answer>,
  ): Promise<Answer> => {
    if (store.isDiskLow())
      throw new GatewayError("overloaded", "kv: the database's disk has no room left");
    return store.kv.change(place, decide);
  };

  return {
    "kv.get": async (args, _request, _callId, { file }) =>
      (await store.kv.get(placeOf(args, file)))?.value ?? null,

    "kv.set": async (args, _request, _callId, { file }) => {
      const next = { value: valueAt(args, 2), expiresMs: expiryAt(args, 3, nowMs) };
      await change(placeOf(args, file), () => ({ answer: undefined, next }));
    },

    "kv.delete": async (args, _request, _callId, { file }) =>
      store.kv.change(placeOf(args, file), removed),

    "kv.increment": async (args, _request, _callId, { file }) => {
      const most = Number.MAX_SAFE_INTEGER;
      const by = wholeNumberAt(args, 2, { name: "by", least: -most, most });
      const expiresMs = expiryAt(args, 3, nowMs);
      return change(placeOf(args, file), (entry) => {
        const sum = numberOf(entry) + by;
        if (!Number.isSafeInteger(sum)) throw wrong("kv: the number would be above 2^53");
        // A counter ends when it was to end at its first increment: a window of time, not a chain.
        const next = {
          value: String(sum),
          expiresMs: entry === undefined ? expiresMs : entry.expiresMs,
        };
        return { answer: sum, next };
      });
    },

    "kv.compareAndSet": async (args, _request, _callId, { file }) => {
      const expected = textOrNone(args, 2, "expected");
      const next =
        args[3] === null ? null : { value: valueAt(args, 3), expiresMs: expiryAt(args, 4, nowMs) };
      return change(placeOf(args, file), (entry) =>
        isSame(entry?.value, expected) ? { answer: true, next } : { answer: false },
      );
    },

    "kv.list": async (args, _request, _callId, { file }) => {
      const namespace = namespaceOf(args, file);
      const prefix = keyOf(textAt(args, 1, "prefix"), "prefix");
      const after = keyOf(textAt(args, 2, "after"), "after");
      const limit = wholeNumberAt(args, 3, { name: "limit", least: 1, most: pageMax });
      const found = await store.kv.list(namespace, { prefix, after, limit: limit + 1 });
      const entries: [key: string, value: string][] = [];
      let octets = 0;
      for (const { key, value } of found.slice(0, limit)) {
        octets += Buffer.byteLength(key) + Buffer.byteLength(value);
        if (entries.length > 0 && octets > pageOctetsMax) break;
        entries.push([key, value]);
      }
      return { entries, more: entries.length < found.length };
    },
  };
}

function removed(entry: KvEntry | undefined): KvChange<boolean> {
  return entry === undefined ? { answer: false } : { answer: true, next: null };
}

function namespaceOf(args: readonly unknown[], file: string): string {
  const shared = textOrNone(args, 0, "the name of a shared kv");
  return shared === undefined ? file.replace(/\.ts$/, "") : sharedNamespace(shared);
}

function placeOf(args: readonly unknown[], file: string): KvPlace {
  const key = keyOf(textAt(args, 1, "key"), "key");
  if (key === "") throw wrong("key must not be empty");
  return { namespace: namespaceOf(args, file), key };
}

function keyOf(key: string, name: string): string {
  if (key.length > keyLengthMax) throw wrong(`${name} is longer than ${keyLengthMax} characters`);
  // oxlint-disable-next-line no-control-regex -- That is what is looked for.
  if (/[\u0000-\u001f\u007f]/.test(key) || !key.isWellFormed())
    throw wrong(`${name} has a control character, or half of one`);
  return key;
}

/** JSON, which the script's side has made; another text would break who reads it. */
function valueAt(args: readonly unknown[], at: number): string {
  const value = textAt(args, at, "value");
  const octets = Buffer.byteLength(value);
  if (octets > valueOctetsMax)
    throw wrong(`value has ${octets} octets as JSON; ${valueOctetsMax} are allowed`);
  if (parsed(value) === undefined) throw wrong("value must be JSON");
  return value;
}

function expiryAt(args: readonly unknown[], at: number, nowMs: () => number): number | undefined {
  if (args[at] === null) return undefined;
  return nowMs() + wholeNumberAt(args, at, { name: "ttlMs", least: 1, most: ttlMsMax });
}

function numberOf(entry: KvEntry | undefined): number {
  if (entry === undefined) return 0;
  const value = parsed(entry.value);
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  throw wrong("kv: what is kept there is no whole number, so it cannot be incremented");
}

/** Values are compared, not their texts: in which order the fields stand does not count. */
function isSame(value: string | undefined, expected: string | undefined): boolean {
  if (value === undefined || expected === undefined) return value === expected;
  return value === expected || isDeepStrictEqual(parsed(value), parsed(expected));
}

/** undefined for what is no JSON. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    // Written by hand, past our side of the sandbox.
    return undefined;
  }
}
