/**
 * A map for what comes and goes by the thousand a second, such as what waits for an answer. V8's own map begins a new
 * table every so often and leaves the one before pointing at it. When that one has grown old, all tables that follow
 * count as needed until V8 has looked through its whole heap, and with them whatever stood in them when they were
 * left: at full load that was a fifth of the gateway's work. Here there is one table, which grows and is never left
 * while it is large enough. It has room for as many as it ever held at a time.
 */
export interface Passing<Key extends string | number, Value> {
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

/** Most are empty nearly all the time, one for each session among them. */
const placesAtFirst = 4;

/** What is known of the entry in a place: four numbers, one after another. */
const HASH = 0;
/** Counts up with each that comes, so that one that took the place of another is known. */
const STAMP = 1;
const OLDER = 2;
/** Of a free place: the next free one. */
const NEWER = 3;
const FIELDS = 4;

const none = -1;

export function createPassing<Key extends string | number, Value>(): Passing<Key, Value> {
  let places = 0;
  let keys: (Key | undefined)[] = [];
  let values: (Value | undefined)[] = [];
  let facts = new Int32Array(0);
  /** By hash: one more than the place, or 0. Twice as long as there are places, so that a search is short. */
  let table = new Int32Array(0);
  let mask = 0;
  let size = 0;
  let stamp = 0;
  let free = none;
  let oldest = none;
  let newest = none;
  begin();

  return {
    get size() {
      return size;
    },
    has: (key) => search(key, hashOf(key)) !== none,
    get(key) {
      const at = search(key, hashOf(key));
      return at === none ? undefined : values[placeAt(at)];
    },
    set(key, value) {
      const hash = hashOf(key);
      const at = search(key, hash);
      if (at === none) add(key, value, hash);
      else values[placeAt(at)] = value;
    },
    delete(key) {
      const at = search(key, hashOf(key));
      if (at === none) return false;
      remove(placeAt(at));
      close(at);
      return true;
    },
    *values() {
      for (const place of inOrder()) {
        const value = values[place];
        if (value !== undefined) yield value;
      }
    },
    *entries() {
      for (const place of inOrder()) {
        const key = keys[place];
        const value = values[place];
        if (key !== undefined && value !== undefined) yield [key, value];
      }
    },
    clear: begin,
  };

  function begin(): void {
    places = 0;
    keys = [];
    values = [];
    facts = new Int32Array(0);
    size = 0;
    free = none;
    oldest = none;
    newest = none;
    grow(placesAtFirst);
  }

  function grow(wanted: number): void {
    const before = facts;
    facts = new Int32Array(FIELDS * wanted);
    facts.set(before);
    for (let place = places; place < wanted; place += 1) {
      keys.push(undefined);
      values.push(undefined);
      put(place, NEWER, free);
      free = place;
    }
    places = wanted;
    table = new Int32Array(2 * wanted);
    mask = table.length - 1;
    for (let place = oldest; place !== none; place = fact(place, NEWER)) enter(place);
  }

  function add(key: Key, value: Value, hash: number): void {
    if (free === none) grow(2 * places);
    const place = free;
    free = fact(place, NEWER);
    // Never 0, which is what a free place has.
    stamp = (stamp + 1) | 0 || 1;
    keys[place] = key;
    values[place] = value;
    put(place, HASH, hash);
    put(place, STAMP, stamp);
    put(place, OLDER, newest);
    put(place, NEWER, none);
    if (newest === none) oldest = place;
    else put(newest, NEWER, place);
    newest = place;
    size += 1;
    enter(place);
  }

  function remove(place: number): void {
    const older = fact(place, OLDER);
    const newer = fact(place, NEWER);
    if (older === none) oldest = newer;
    else put(older, NEWER, newer);
    if (newer === none) newest = older;
    else put(newer, OLDER, older);
    keys[place] = undefined;
    values[place] = undefined;
    // Nobody who goes through all takes it for the one that stood here.
    put(place, STAMP, 0);
    put(place, NEWER, free);
    free = place;
    size -= 1;
  }

  /** Where in the table the key stands. */
  function search(key: Key, hash: number): number {
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const place = placeAt(at);
      if (place === none) return none;
      if (fact(place, HASH) === hash && keys[place] === key) return at;
    }
  }

  function enter(place: number): void {
    let at = fact(place, HASH) & mask;
    while (table[at] !== 0) at = (at + 1) & mask;
    table[at] = place + 1;
  }

  /** Moves up what stands behind a place of the table that has become empty, as far as a search would miss it. */
  function close(emptied: number): void {
    let gap = emptied;
    for (let at = (gap + 1) & mask; table[at] !== 0; at = (at + 1) & mask) {
      const home = fact(placeAt(at), HASH) & mask;
      if (((at - home) & mask) < ((at - gap) & mask)) continue;
      table[gap] = table[at] ?? 0;
      gap = at;
    }
    table[gap] = 0;
  }

  function* inOrder(): Iterable<number> {
    for (let place = oldest; place !== none;) {
      const seen = fact(place, STAMP);
      yield place;
      place = fact(place, STAMP) === seen ? fact(place, NEWER) : firstAfter(seen);
    }
  }

  /** Usually what came before has been taken out as well, so this is the first one. */
  function firstAfter(seen: number): number {
    let place = oldest;
    // The numbers begin anew after some thousand million.
    while (place !== none && ((fact(place, STAMP) - seen) | 0) <= 0) place = fact(place, NEWER);
    return place;
  }

  function placeAt(at: number): number {
    return (table[at] ?? 0) - 1;
  }

  function fact(place: number, field: number): number {
    return facts[FIELDS * place + field] ?? none;
  }

  function put(place: number, field: number, value: number): void {
    facts[FIELDS * place + field] = value;
  }
}

/** Nobody outside can choose keys that all stand at one place of the table. */
const seed = Math.trunc(Math.random() * 0x7fff_ffff);

/** FNV-1a of all of it: ids of one provider may have the same end, and ours the same beginning. */
function hashOf(key: string | number): number {
  let hash = seed;
  if (typeof key === "number") hash = Math.imul(hash ^ key, 0x9e37_79b1);
  else
    for (let at = 0; at < key.length; at += 1)
      hash = Math.imul(hash ^ key.charCodeAt(at), 0x0100_0193);
  return hash ^ (hash >>> 15);
}
