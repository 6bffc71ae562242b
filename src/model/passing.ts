/**
 * A map for what comes and goes by the thousand a second, such as what waits for an answer. V8's own map begins a new
 * table every so often and leaves the one before as it stood. When that one has grown old, all that stands in it counts as
 * needed until V8 has looked through its whole heap: what lived for ten milliseconds is copied twice and kept for
 * a second, with all that it refers to. Here what is taken out of the map is taken out of all its tables.
 */
export interface Passing<Key, Value> {
  readonly size: number;
  has(key: Key): boolean;
  get(key: Key): Value | undefined;
  set(key: Key, value: Value): void;
  /** False when it was not there. */
  delete(key: Key): boolean;
  /** In the order in which they came. What is taken out meanwhile is left out. */
  values(): Iterable<Value>;
  entries(): Iterable<readonly [Key, Value]>;
  clear(): void;
}

export function createPassing<Key, Value>(): Passing<Key, Value> {
  const cells = new Map<Key, { value: Value | undefined }>();
  return {
    get size() {
      return cells.size;
    },
    has: (key) => cells.has(key),
    get: (key) => cells.get(key)?.value,
    set(key, value) {
      const cell = cells.get(key);
      if (cell === undefined) cells.set(key, { value });
      else cell.value = value;
    },
    delete(key) {
      const cell = cells.get(key);
      if (cell === undefined) return false;
      cell.value = undefined;
      return cells.delete(key);
    },
    *values() {
      for (const { value } of cells.values()) if (value !== undefined) yield value;
    },
    *entries() {
      for (const [key, { value }] of cells) if (value !== undefined) yield [key, value];
    },
    clear() {
      for (const cell of cells.values()) cell.value = undefined;
      cells.clear();
    },
  };
}
