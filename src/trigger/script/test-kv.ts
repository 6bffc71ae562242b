import type { TestKv } from "../sdk-test.ts";

/** The calls of a kv in memory, by the names that `script/kv.ts` calls them by. */
export interface KvInMemory {
  readonly tools: TestKv;
  readonly calls: Readonly<Record<string, (args: readonly unknown[]) => unknown>>;
}

interface Kept {
  /** JSON. */
  readonly text: string;
  /** Milliseconds since 1970 UTC. */
  readonly expiresMs: number;
}

/** All files of a test have one namespace; `shared` ones are others. */
export function kvInMemory(nowMs: () => number): KvInMemory {
  const spaces = new Map<string, Map<string, Kept>>();

  function space(shared: unknown): Map<string, Kept> {
    // "own" has a blank in front, which no shared name has.
    const name = typeof shared === "string" ? shared : " own";
    const found = spaces.get(name) ?? new Map<string, Kept>();
    spaces.set(name, found);
    for (const [key, { expiresMs }] of found) if (expiresMs <= nowMs()) found.delete(key);
    return found;
  }

  function put(shared: unknown, key: string, text: string, ttlMs: unknown): void {
    const expiresMs = typeof ttlMs === "number" ? nowMs() + ttlMs : Infinity;
    space(shared).set(key, { text, expiresMs });
  }

  function toolsOf(shared: string | null): Omit<TestKv, "shared"> {
    return {
      async get(key) {
        const kept = space(shared).get(key);
        return kept === undefined ? undefined : JSON.parse(kept.text);
      },
      async set(key, value, options) {
        put(shared, key, JSON.stringify(value), options?.ttlMs);
      },
      async delete(key) {
        return space(shared).delete(key);
      },
      keys: () => [...space(shared).keys()].sort(),
    };
  }

  return {
    tools: { ...toolsOf(null), shared: toolsOf },
    calls: {
      "kv.get": ([shared, key]) => space(shared).get(String(key))?.text ?? null,
      "kv.set": ([shared, key, text, ttlMs]) => put(shared, String(key), String(text), ttlMs),
      "kv.delete": ([shared, key]) => space(shared).delete(String(key)),
      "kv.increment"([shared, key, by, ttlMs]) {
        const before = space(shared).get(String(key));
        const sum = Number(before?.text ?? "0") + Number(by);
        if (!Number.isSafeInteger(sum)) throw new Error(`${String(key)} holds no whole number`);
        if (before === undefined) put(shared, String(key), String(sum), ttlMs);
        else space(shared).set(String(key), { ...before, text: String(sum) });
        return sum;
      },
      "kv.compareAndSet"([shared, key, expected, next, ttlMs]) {
        const before = space(shared).get(String(key))?.text ?? null;
        if (ordered(before) !== ordered(expected)) return false;
        if (typeof next === "string") put(shared, String(key), next, ttlMs);
        else space(shared).delete(String(key));
        return true;
      },
      "kv.list"([shared, prefix, after, limit]) {
        const all = [...space(shared)]
          .filter(([key]) => key.startsWith(String(prefix)) && key > String(after))
          .sort(([one], [other]) => (one < other ? -1 : 1));
        const entries = all.slice(0, Number(limit)).map(([key, { text }]) => [key, text]);
        return { entries, more: all.length > entries.length };
      },
    },
  };
}

/** JSON with its fields in order, as a database compares it. */
function ordered(text: unknown): string | null {
  if (typeof text !== "string") return null;
  return JSON.stringify(sorted(JSON.parse(text)));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, one]) => [key, sorted(one)]),
  );
}
