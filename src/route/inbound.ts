import { type NumberPattern, patternText, shapeOf } from "./number-pattern.ts";

/** Messages to these numbers are this account's. */
export interface NumberRow {
  readonly pattern: NumberPattern;
  /** Folded; empty: whatever the text is. */
  readonly keyword: string;
  readonly account: string;
}

/** The row by which a number was found. */
export interface FoundRow {
  readonly account: string;
  /** `exact 1234 WIN`, `prefix +3161*` */
  readonly by: string;
  /** By which it was found; empty: it has none. */
  readonly keyword: string;
}

/**
 * The numbers, ranges, prefixes and keywords of accounts. What is nearest to the number goes first: the
 * number itself, then the range that it is in, then the longest prefix; among those of one kind the keyword
 * goes before what has none. Looked up for each message, in 2 µs.
 */
export interface NumberTable {
  readonly size: number;
  /** By the number itself. `word`: the first of the text, folded. */
  exact(number: string, word: string): FoundRow | undefined;
  /** By a range or a prefix. */
  wider(number: string, word: string): FoundRow | undefined;
  /** All accounts that share the number where it is found, whatever their keywords; a few at most. */
  sharers(number: string): readonly string[];
  /** The row of that pattern and keyword, or a range that overlaps; undefined: there is room for it. */
  inTheWay(row: Omit<NumberRow, "account">): NumberRow | undefined;
  /** Only what nothing is in the way of. */
  add(row: NumberRow): void;
  /** false: it is not there. */
  remove(place: Omit<NumberRow, "account">): boolean;
}

interface Range extends NumberRow {
  readonly pattern: Extract<NumberPattern, { kind: "range" }>;
}

type Place = Omit<NumberRow, "account">;

export function createNumberTable(rows: readonly NumberRow[] = []): NumberTable {
  /** Of one number or prefix, by keyword. */
  const exacts = new Map<string, Map<string, NumberRow>>();
  const prefixes = new Map<string, Map<string, NumberRow>>();
  /** By keyword and shape, in the order of their first numbers; they do not overlap. */
  const ranges = new Map<string, Map<string, Range[]>>();
  /** Lengths of prefixes, the longest first. */
  let lengths: number[] = [];
  let size = 0;
  for (const row of rows) add(row);

  return {
    get size() {
      return size;
    },
    exact: (number, word) => foundIn(exacts.get(number), word),
    wider(number, word) {
      const range = rangeOf(number, word) ?? (word === "" ? undefined : rangeOf(number, ""));
      if (range !== undefined) return foundAs(range);
      for (const length of lengths) {
        if (length > number.length) continue;
        const found = foundIn(prefixes.get(number.slice(0, length)), word);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    sharers(number) {
      const own = exacts.get(number);
      if (own !== undefined) return accountsIn(own.values());
      const inRanges = [...ranges.keys()].flatMap((word) => rangeOf(number, word) ?? []);
      if (inRanges.length > 0) return accountsIn(inRanges);
      for (const length of lengths) {
        const those = length > number.length ? undefined : prefixes.get(number.slice(0, length));
        if (those !== undefined) return accountsIn(those.values());
      }
      return [];
    },
    inTheWay({ pattern, keyword }) {
      switch (pattern.kind) {
        case "exact":
          return exacts.get(pattern.number)?.get(keyword);
        case "prefix":
          return prefixes.get(pattern.prefix)?.get(keyword);
        case "range": {
          const before = listOf(pattern, keyword)[lastFrom(pattern.last, pattern, keyword)];
          return before !== undefined && before.pattern.last >= pattern.first ? before : undefined;
        }
      }
    },
    add,
    remove({ pattern, keyword }) {
      const isGone = takenOut(pattern, keyword);
      if (isGone) size -= 1;
      return isGone;
    },
  };

  function takenOut(pattern: NumberPattern, keyword: string): boolean {
    if (pattern.kind === "exact") return takeFrom(exacts, pattern.number, keyword);
    if (pattern.kind === "prefix") return takeFrom(prefixes, pattern.prefix, keyword);
    const list = listOf(pattern, keyword);
    const at = lastAt(list, pattern.first);
    const found = list[at]?.pattern;
    if (found?.first !== pattern.first || found.last !== pattern.last) return false;
    list.splice(at, 1);
    return true;
  }

  function add(row: NumberRow): void {
    const { pattern, keyword } = row;
    size += 1;
    switch (pattern.kind) {
      case "exact":
        return put(exacts, pattern.number, row);
      case "prefix": {
        const { length } = pattern.prefix;
        if (!lengths.includes(length))
          lengths = [...lengths, length].toSorted((one, other) => other - one);
        return put(prefixes, pattern.prefix, row);
      }
      case "range": {
        const list = listOf(pattern, keyword);
        list.splice(lastFrom(pattern.last, pattern, keyword) + 1, 0, { ...row, pattern });
      }
    }
  }

  function rangeOf(number: string, word: string): Range | undefined {
    const list = ranges.get(word)?.get(shapeOf(number));
    if (list === undefined) return undefined;
    const range = list[lastAt(list, number)];
    return range !== undefined && number <= range.pattern.last ? range : undefined;
  }

  function listOf({ first }: Range["pattern"], keyword: string): Range[] {
    const shapes = ranges.get(keyword) ?? new Map<string, Range[]>();
    ranges.set(keyword, shapes);
    const shape = shapeOf(first);
    const list = shapes.get(shape) ?? [];
    shapes.set(shape, list);
    return list;
  }

  /** Where the last range stands that begins at or before this number; -1: none does. */
  function lastFrom(number: string, pattern: Range["pattern"], keyword: string): number {
    return lastAt(listOf(pattern, keyword), number);
  }
}

/** `exact 1234 WIN`; also how a row is named to people. */
export function rowText({ pattern, keyword }: Place): string {
  const word = keyword === "" ? "" : ` ${keyword}`;
  return `${pattern.kind} ${patternText(pattern)}${word}`;
}

function foundAs(row: NumberRow): FoundRow {
  return { account: row.account, by: rowText(row), keyword: row.keyword };
}

function foundIn(
  byKeyword: ReadonlyMap<string, NumberRow> | undefined,
  word: string,
): FoundRow | undefined {
  const row = byKeyword?.get(word) ?? byKeyword?.get("");
  return row && foundAs(row);
}

function put(into: Map<string, Map<string, NumberRow>>, key: string, row: NumberRow): void {
  const byKeyword = into.get(key) ?? new Map<string, NumberRow>();
  byKeyword.set(row.keyword, row);
  into.set(key, byKeyword);
}

function takeFrom(
  from: Map<string, Map<string, NumberRow>>,
  key: string,
  keyword: string,
): boolean {
  const byKeyword = from.get(key);
  const isGone = byKeyword?.delete(keyword) === true;
  if (byKeyword?.size === 0) from.delete(key);
  return isGone;
}

function accountsIn(rows: Iterable<NumberRow>): readonly string[] {
  return [...new Set([...rows].map(({ account }) => account))];
}

function lastAt(list: readonly Range[], number: string): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const range = list[middle];
    if (range !== undefined && range.pattern.first <= number) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
