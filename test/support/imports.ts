/** One import of a file, as it stands in the text: static, re-exported, dynamic or by `require`. */
export interface Import {
  readonly line: number;
  /** As written: `./session.ts`, `node:net`, `pg`. */
  readonly specifier: string;
  readonly kind: "value" | "type" | "dynamic";
}

/**
 * Reads the imports of a TypeScript or JavaScript text by its tokens, because the checks must see
 * `import type` too, which compilers drop, and must not see what only looks like an import: in a
 * comment, a string or a template (unless it stands in a `${…}`).
 */
export function importsOf(text: string): readonly Import[] {
  const tokens = tokensOf(text);
  const imports: Import[] = [];
  tokens.forEach((token, at) => {
    if (token.kind !== "word" || tokens[at - 1]?.text === ".") return;
    const next = tokens[at + 1];
    const add = (string: Token | undefined, kind: Import["kind"]) => {
      if (string?.kind === "string")
        imports.push({ line: token.line, specifier: string.text, kind });
    };
    if (token.text === "import" || token.text === "require") {
      if (next?.text === "(") return add(tokens[at + 2], "dynamic");
      if (next?.text === "." && tokens[at + 3]?.text === "(") return add(tokens[at + 4], "dynamic");
    }
    if (token.text !== "import" && token.text !== "export") return;
    if (token.text === "import" && next?.kind === "string") return add(next, "value");
    const isType = next?.text === "type" && tokens[at + 2]?.text !== "from";
    add(sourceAfter(tokens, at + 1), isType ? "type" : "value");
  });
  return imports;
}

interface Token {
  readonly kind: "word" | "string" | "other";
  readonly text: string;
  readonly line: number;
}

/** The string behind `from`, if only names, braces, commas and stars stand before it. */
function sourceAfter(tokens: readonly Token[], start: number): Token | undefined {
  for (let at = start; at < tokens.length; at++) {
    const token = tokens[at];
    if (token === undefined) return undefined;
    if (token.text === "from" && tokens[at + 1]?.kind === "string") return tokens[at + 1];
    if (token.kind === "other" && !"{},*".includes(token.text)) return undefined;
  }
  return undefined;
}

/** In this order: what is skipped, a string, a word, any other single character. */
const TOKEN =
  /(\s+|\/\/[^\n]*|\/\*[^]*?\*\/)|("(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*')|([\w$]+)|([^])/y;
const REGEX = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const WORDS_BEFORE_REGEX = new Set(
  "return typeof case in of delete void throw new instanceof else do await yield".split(" "),
);

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  /** Open braces; true for the `${` of a template, to which its `}` leads back. */
  const braces: boolean[] = [];
  let at = 0;
  let line = 1;
  const pass = (length: number) => {
    const end = at + length;
    for (; at < end; at++) if (text[at] === "\n") line++;
  };
  /** Runs over a template's text up to its end or to the next `${`. */
  const passTemplate = () => {
    while (at < text.length) {
      if (text[at] === "`") return pass(1);
      if (text.startsWith("${", at)) {
        braces.push(true);
        return pass(2);
      }
      pass(text[at] === "\\" ? 2 : 1);
    }
  };
  while (at < text.length) {
    TOKEN.lastIndex = REGEX.lastIndex = at;
    const [whole = "", skipped, string, word, other] = TOKEN.exec(text) ?? [];
    const regex = other === "/" && mayBeRegex(tokens.at(-1)) ? REGEX.exec(text)?.[0] : undefined;
    if (regex !== undefined) {
      tokens.push({ kind: "other", text: "regex", line });
      pass(regex.length);
      continue;
    }
    if (skipped === undefined) {
      if (string !== undefined) tokens.push({ kind: "string", text: string.slice(1, -1), line });
      else if (word !== undefined) tokens.push({ kind: "word", text: word, line });
      else tokens.push({ kind: "other", text: whole, line });
    }
    pass(whole.length);
    if (other === "`") passTemplate();
    else if (other === "{") braces.push(false);
    else if (other === "}" && braces.pop() === true) passTemplate();
  }
  return tokens;
}

/** A slash divides behind a value and begins a regular expression everywhere else. */
function mayBeRegex(before: Token | undefined): boolean {
  if (before === undefined) return true;
  if (before.kind === "word") return WORDS_BEFORE_REGEX.has(before.text);
  return before.kind === "other" && !")]`".includes(before.text) && before.text !== "regex";
}
