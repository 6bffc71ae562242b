/** What JavaScript takes for a blank (ECMA-262 §22.2.2.9), as ranges for a character class. */
const BLANKS =
  "\\x09-\\x0d\\x20\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}";

/** All other characters. */
const NO_BLANKS =
  "\\x00-\\x08\\x0e-\\x1f\\x21-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{fefe}\\x{ff00}-\\x{10ffff}";

/** Escapes that mean the same in both languages, inside and outside of a character class. */
const SAME = "dDwWtnvfr";

const QUANTIFIER = /^\{\d+(?:,\d*)?\}/;

type Fault = { readonly fault: string };

/**
 * A pattern of JavaScript in the language of RE2, or why it has none. Only where the two differ anything
 * is changed: blanks, the end of a line for `.`, brackets that stand for themselves, names of characters.
 */
export function translated(source: string, flags: string): string | Fault {
  try {
    // Compiling alone runs nothing, and tells an author what he knows from elsewhere.
    void new RegExp(source, flags);
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
  const unicode = flags.includes("u");
  const dot = flags.includes("s") ? "." : "[^\\n\\r\\x{2028}\\x{2029}]";
  let text = "";
  let inClass = false;
  for (let at = 0; at < source.length;) {
    const rest = source.slice(at);
    const [taken, said] = pieceOf(rest, inClass, unicode, dot);
    if (typeof said !== "string") return said;
    // Of `[]` and `[^]` the end was read as well.
    if (!inClass && rest.startsWith("[")) inClass = taken === 1;
    else if (inClass && rest.startsWith("]")) inClass = false;
    text += said;
    at += taken;
  }
  return text;
}

type Piece = readonly [taken: number, said: string | Fault];

/** The next piece: how many characters of it were read, and what they are in the other language. */
function pieceOf(rest: string, inClass: boolean, unicode: boolean, dot: string): Piece {
  const [first = ""] = rest;
  if (first === "\\") return escapeOf(rest, inClass, unicode);
  if (inClass) return [first.length, first === "[" || first === "&" ? `\\${first}` : first];
  switch (first) {
    case "(":
      return groupOf(rest);
    case ".":
      return [1, dot];
    case "[":
      // Everything and nothing, which the other language has no word for.
      if (rest.startsWith("[^]")) return [3, "[\\x00-\\x{10ffff}]"];
      if (rest.startsWith("[]")) return [2, "[^\\x00-\\x{10ffff}]"];
      return [1, "["];
    case "{":
      return QUANTIFIER.test(rest) ? [1, "{"] : [1, "\\{"];
    default:
      return [first.length, first];
  }
}

function groupOf(rest: string): Piece {
  const [sign] = /^\(\?<?[=!]/.exec(rest) ?? [];
  if (sign === undefined) return [1, "("];
  const what = sign.includes("<") ? "look-behind" : "look-ahead";
  return [0, { fault: `${sign} is a ${what}, which no pattern here can do` }];
}

function escapeOf(rest: string, inClass: boolean, unicode: boolean): Piece {
  const letter = String.fromCodePoint(rest.codePointAt(1) ?? 0);
  const taken = 1 + letter.length;
  if (SAME.includes(letter)) return [taken, `\\${letter}`];
  switch (letter) {
    case "s":
      return [taken, inClass ? BLANKS : `[${BLANKS}]`];
    case "S":
      return [taken, inClass ? NO_BLANKS : `[^${BLANKS}]`];
    case "b":
      return [taken, inClass ? "\\x08" : "\\b"];
    case "B":
      return [taken, "\\B"];
    case "x":
    case "u":
    case "c":
      return characterOf(rest, unicode);
    case "p":
    case "P":
      return propertyOf(rest, unicode);
    case "k":
      return [0, { fault: `\\k looks back at a group, which no pattern here can do` }];
    case "0":
      if (!/\d/.test(rest.charAt(2))) return [taken, "\\x00"];
      break;
  }
  if (/[1-9]/.test(letter))
    return [0, { fault: `\\${letter} looks back at a group, which no pattern here can do` }];
  if (/[0a-zA-Z]/.test(letter)) return [0, { fault: `\\${letter} has no meaning` }];
  // Whatever else is escaped stands for itself.
  return [taken, /[\p{P}\p{S}]/u.test(letter) && letter < "\x7f" ? `\\${letter}` : letter];
}

/** A character by its number. */
function characterOf(rest: string, unicode: boolean): Piece {
  const pair = /^\\u(d[89ab][\da-f]{2})\\u(d[c-f][\da-f]{2})/i.exec(rest);
  if (pair !== null) {
    const [all, high = "", low = ""] = pair;
    const point = String.fromCharCode(parseInt(high, 16), parseInt(low, 16)).codePointAt(0) ?? 0;
    return [all.length, `\\x{${point.toString(16)}}`];
  }
  const named = /^\\(?:x([\da-f]{2})|u([\da-f]{4})|u\{([\da-f]{1,6})\})/i.exec(rest);
  if (named !== null && (named[3] === undefined || unicode))
    return [named[0].length, `\\x{${named[1] ?? named[2] ?? named[3]}}`];
  const control = /^\\c([a-z])/i.exec(rest)?.[1];
  if (control !== undefined)
    return [3, `\\x{${((control.codePointAt(0) ?? 0) % 32).toString(16)}}`];
  const needs = rest.startsWith("\\u{") ? " without the flag u" : "";
  return [0, { fault: `\\${rest.charAt(1)} names no character${needs}` }];
}

/** Letters of a script, numbers, ...: `\p{L}`, `\p{Script=Greek}`. */
function propertyOf(rest: string, unicode: boolean): Piece {
  const sign = rest.slice(0, 2);
  if (!unicode) return [0, { fault: `${sign} has no meaning without the flag u` }];
  const [all = "", name = ""] =
    /^\\p\{(?:(?:sc|Script|gc|General_Category)=)?([^}]*)\}/i.exec(rest) ?? [];
  return [all.length || 2, `${sign}{${name}}`];
}
