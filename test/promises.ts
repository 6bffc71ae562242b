// Which promises of docs/promises.md does a test prove? Run by itself it lists those without one.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { stdout } from "node:process";

export interface Promised {
  readonly id: string;
  readonly text: string;
}

export interface Citation {
  readonly id: string;
  /** `test/file.test.ts:12`. */
  readonly place: string;
}

/** The rows of docs/promises.md, in order. */
export function promised(): readonly Promised[] {
  const page = readFileSync(join(import.meta.dirname, "../docs/promises.md"), "utf8");
  return [...page.matchAll(/^\| ([A-Z]\d\d[a-z]?) \| (.*) \|$/gm)].map(
    ([, id = "", text = ""]) => ({
      id,
      text,
    }),
  );
}

/**
 * Ids in brackets at the beginning of a test's name; a name may begin with several. Where it begins with
 * `[${id}]` they are those of a table in that file, each at the beginning of its row.
 */
export function citations(): readonly Citation[] {
  return readdirSync(import.meta.dirname, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts"))
    .sort()
    .flatMap((file) => citedIn(readFileSync(join(import.meta.dirname, file), "utf8"), file));
}

export function citedIn(text: string, file: string): readonly Citation[] {
  const found: Citation[] = [];
  const name = /\b(?:test|it|suite|describe)(?:\.\w+)?\(\s*(["'`])((?:\[\w+\] ?)+)/g;
  for (const match of text.matchAll(name)) {
    const line = text.slice(0, match.index).split("\n").length;
    for (const [, id = ""] of (match[2] ?? "").matchAll(/\[(\w+)\]/g))
      found.push({ id, place: `test/${file}:${line}` });
  }
  if (!/\btest\(\s*`\[\$\{id\}\]/.test(text)) return found;
  for (const row of text.matchAll(/\[\s*"([A-Z]\d\d[a-z]?)",/g)) {
    const line = text.slice(0, row.index).split("\n").length;
    found.push({ id: row[1] ?? "", place: `test/${file}:${line}` });
  }
  return found;
}

/** What is promised and proven by no test yet. */
export function open(): readonly Promised[] {
  const proven = new Set(citations().map(({ id }) => id));
  return promised().filter(({ id }) => !proven.has(id));
}

if (import.meta.main) {
  const rows = open();
  for (const { id, text } of rows) stdout.write(`${id.padEnd(5)} ${text}\n`);
  stdout.write(`${rows.length} of ${promised().length} promises have no test yet\n`);
}
