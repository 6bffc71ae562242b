/** The texts that a simple pattern is about. */
export interface Literals {
  /** A value matches when it begins with one of these, or with `whole` when it is one of these. */
  readonly texts: readonly string[];
  readonly whole: boolean;
}

/** More texts than this are not told apart; the pattern is then asked itself. */
const textsMax = 256;

const piece = /\\([^a-zA-Z0-9])|\[([^\]\\^[]+)\]|([^\\^$.|?*+()[\]{}])/uy;

/**
 * What a pattern means that is a beginning of letters and digits (`^\+?8822`, `^316[1-3]`), or a whole of
 * them with `$`; undefined for all others. Such a pattern can be compared with others, and asked faster.
 * `isOneLine`: the value never has a second line, which `.` would stop at.
 */
export function literalsOf(source: string, isOneLine: boolean): Literals | undefined {
  if (source === "^$") return empty;
  if (source === "^.*$") return isOneLine ? everything : undefined;
  if (/^\^?(?:\.\*)?\$?$/.test(source)) return everything;
  if (!source.startsWith("^")) return undefined;
  let texts: readonly string[] = [""];
  let at = 1;
  while (at < source.length) {
    if (source.slice(at) === "$") return { texts, whole: true };
    const rest = source.slice(at);
    if (rest === ".*" || (isOneLine && rest === ".*$")) return { texts, whole: false };
    piece.lastIndex = at;
    const found = piece.exec(source);
    if (found === null) return undefined;
    const [all, escaped, set, plain] = found;
    const letters = set === undefined ? [escaped ?? plain ?? ""] : lettersOf(set);
    if (letters === undefined) return undefined;
    at += all.length;
    const next = source.charAt(at);
    if (next === "*" || next === "+" || next === "{") return undefined;
    const isOptional = next === "?";
    if (isOptional) at++;
    if (isOptional && "?*+{".includes(source.charAt(at) || " ")) return undefined;
    const longer = texts.flatMap((text) => letters.map((letter) => text + letter));
    texts = isOptional ? [...texts, ...longer] : longer;
    if (texts.length > textsMax) return undefined;
  }
  return { texts, whole: false };
}

/** Does whatever the second one takes match the first one as well? False where it cannot be told. */
export function covers(one: Literals, other: Literals): boolean {
  if (one.whole && !other.whole) return false;
  return other.texts.every((text) =>
    one.texts.some((begin) => (one.whole ? text === begin : text.startsWith(begin))),
  );
}

/** Is there a value that matches both? */
export function meet(one: Literals, other: Literals): boolean {
  return one.texts.some((a) =>
    other.texts.some((b) => {
      if (one.whole && other.whole) return a === b;
      if (one.whole) return a.startsWith(b);
      if (other.whole) return b.startsWith(a);
      return a.startsWith(b) || b.startsWith(a);
    }),
  );
}

export function isAll({ texts, whole }: Literals): boolean {
  return !whole && texts.includes("");
}

const everything: Literals = { texts: [""], whole: false };
const empty: Literals = { texts: [""], whole: true };

/** `abc`, `0-9`: what stands between the brackets of a class. */
function lettersOf(set: string): string[] | undefined {
  const letters: string[] = [];
  const all = Array.from(set);
  for (let at = 0; at < all.length; at++) {
    const first = all[at] ?? "";
    const last = all[at + 2];
    if (all[at + 1] !== "-" || last === undefined) {
      letters.push(first);
      continue;
    }
    const [from, to] = [first.codePointAt(0) ?? 0, last.codePointAt(0) ?? 0];
    if (to - from >= textsMax) return undefined;
    for (let code = from; code <= to; code++) letters.push(String.fromCodePoint(code));
    at += 2;
  }
  return letters;
}
