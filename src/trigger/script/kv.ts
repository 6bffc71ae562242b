import type { Keeping, Kv, KvPage, Listing } from "../sdk-kv.ts";
import { hostCall, type Run } from "./run.ts";

/** Values cross as texts of JSON, which the gateway keeps as they are. */
export function kvOf(run: Run): Kv {
  return { ...namespaceOf(run, null), shared: (name) => namespaceOf(run, name) };
}

function namespaceOf(run: Run, shared: string | null): Omit<Kv, "shared"> {
  return {
    async get<Value>(key: string) {
      const text = await hostCall<string | null>(run, "kv.get", [shared, key]);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- The author says what he keeps.
      return text === null ? undefined : (JSON.parse(text) as Value);
    },
    async set(key, value, options) {
      const text = jsonOf(value);
      if (text === null)
        throw new TypeError("kv.set takes a value that JSON can say; kv.delete takes one away");
      await hostCall(run, "kv.set", [shared, key, text, ttlOf(options)]);
    },
    delete: (key) => hostCall<boolean>(run, "kv.delete", [shared, key]),
    increment: (key, by = 1, options) =>
      hostCall<number>(run, "kv.increment", [shared, key, by, ttlOf(options)]),
    compareAndSet: async (key, expected, next, options) => {
      const args = [shared, key, jsonOf(expected), jsonOf(next), ttlOf(options)];
      return hostCall<boolean>(run, "kv.compareAndSet", args);
    },
    list: (which) => listed(run, shared, which),
  };
}

interface Told {
  readonly entries: readonly (readonly [key: string, value: string])[];
  readonly more: boolean;
}

async function listed<Value>(
  run: Run,
  shared: string | null,
  { prefix = "", limit = 100, after = "" }: Listing = {},
): Promise<KvPage<Value>> {
  const told = await hostCall<Told>(run, "kv.list", [shared, prefix, after, limit]);
  const entries = told.entries.map(([key, text]) => {
    const value: Value = JSON.parse(text);
    return { key, value };
  });
  return { entries, next: told.more ? entries.at(-1)?.key : undefined };
}

/** null: nothing, which is no value of JSON. */
function jsonOf(value: unknown): string | null {
  return JSON.stringify(value) ?? null;
}

function ttlOf(options: Keeping | undefined): number | null {
  return options?.ttlMs ?? null;
}
