/** Numbers that begin like this and, if it is said, have so many characters in all. */
export interface NumberRule {
  readonly prefix: string;
  readonly length: number | undefined;
}

/** Characters of an address; SMPP has 20 at most (v3.4 §5.2.8), others have longer ones. */
const charactersMax = 64;

const RANGE = /^(\+?)(\d+)-(\+?)(\d+)$/;

/**
 * What `"+31612345678"`, `"+31*"` and `"+31612340000-+31612349999"` stand for, or what is wrong with it. A
 * range becomes the beginnings that cover it, some 200 at most, so that looking a number up takes no longer.
 */
export function numberRules(text: string): readonly NumberRule[] | string {
  const told = JSON.stringify(text);
  const range = RANGE.exec(text);
  if (range !== null) {
    const [, plus = "", low = "", otherPlus = "", high = ""] = range;
    if (Math.max(low.length, high.length) >= charactersMax) return `is ${told}, which is too long`;
    if (plus !== otherPlus || low.length !== high.length)
      return `is ${told}; the two ends of a range have the same length`;
    if (low > high) return `is ${told}; a range goes from the smaller to the larger number`;
    const length = plus.length + low.length;
    return beginnings(plus, low, high).map((prefix) => ({ prefix, length }));
  }
  if (text.length > charactersMax) return `is ${told}, which is too long`;
  const star = text.indexOf("*");
  if (star === -1) return [{ prefix: text, length: text.length }];
  if (star !== text.length - 1) return `is ${told}; * stands at the end`;
  return [{ prefix: text.slice(0, -1), length: undefined }];
}

/** The shortest beginnings that all numbers from `low` to `high`, and no others of that length, have. */
function beginnings(before: string, low: string, high: string): string[] {
  if (/^0*$/.test(low) && /^9*$/.test(high)) return [before];
  const found: string[] = [];
  const first = Number(low[0]);
  const last = Number(high[0]);
  const rest = low.length - 1;
  for (let digit = first; digit <= last; digit++) {
    const from = digit === first ? low.slice(1) : "0".repeat(rest);
    const to = digit === last ? high.slice(1) : "9".repeat(rest);
    found.push(...beginnings(`${before}${digit}`, from, to));
  }
  return found;
}
