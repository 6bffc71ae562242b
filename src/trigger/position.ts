import type { SourceMap } from "node:module";

/** What is wrong, as whoever wrote the script is told. */
export interface Fault {
  /** One line, with the author's place in front where it is known: `bind.ts:7:3 TypeError: …`. */
  readonly text: string;
  /** That line of his file with its number, and a second line with a caret under the column. */
  readonly source?: string;
}

/** Where something is in the author's own file; line and column count from 1. */
interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A frame's end as V8 writes it: `file:line:column`, in brackets or bare. */
const frame = /^([^\s()]+):(\d{1,9}):(\d{1,9})\)?$/;

/** Lines of a stack that are looked at; a hostile one may have many. */
const framesMax = 20;

/** Characters of a stack that are read; V8 writes fewer, whoever writes it by hand may not. */
const stackCharactersMax = 8000;

/** Characters of a source line that are shown, the caret among them. */
const sourceCharactersMax = 120;

/**
 * The text of a throw in one line, with the author's place in front, and what stands there. `stack`
 * is what a script gave, so it is only read, never trusted. `map` is asked for only when the script
 * is named in the stack.
 */
export function placedFault(stack: string, file: string, map: () => SourceMap): Fault {
  const lines = stack.slice(0, stackCharactersMax).split("\n", framesMax);
  const text = lines[0] ?? "";
  for (const line of lines.slice(1)) {
    // The place is the last word of the line; the form is looked for in nothing else, because a
    // script may write a line on which a search would take minutes.
    const word = line.trimEnd();
    const found = frame.exec(
      word.slice(Math.max(word.lastIndexOf(" "), word.lastIndexOf("(")) + 1),
    );
    if (found === null || found[1] !== file) continue;
    const sources = map();
    const place = authorsPlace(sources, Number(found[2]), Number(found[3]));
    if (place === undefined) continue;
    const head = `${place.file}:${place.line}:${place.column} ${text}`;
    const source = sourceLine(textOf(sources, place.file, place.line), place.line, place.column);
    return source === undefined ? { text: head } : { text: head, source };
  }
  return { text: `${file} ${text}` };
}

/** `  7 |   m.trace(some.thing.deep);` and a caret below; undefined where there is no such line. */
export function sourceLine(
  text: string | undefined,
  line: number,
  column: number,
): string | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  // The caret stays on its character whatever the terminal makes of a tab.
  const flat = text.replaceAll(/[\t\r]/g, " ");
  const from = Math.max(0, Math.min(column - 1 - sourceCharactersMax / 2, flat.length - 1));
  const start = column > sourceCharactersMax ? from : 0;
  const shown = flat.slice(start, start + sourceCharactersMax).trimEnd();
  const gutter = ` ${line} | `;
  const caret = `${" ".repeat(gutter.length - 2)}| ${" ".repeat(Math.max(0, column - 1 - start))}^`;
  return `${gutter}${shown}\n${caret}`;
}

/** undefined for what is not the author's: what we write around his file. */
function authorsPlace(map: SourceMap, line: number, column: number): Place | undefined {
  const entry = map.findEntry(line - 1, column - 1);
  if (!("originalSource" in entry) || typeof entry.originalSource !== "string") return undefined;
  const { originalSource, originalLine, originalColumn } = entry;
  if (originalSource.startsWith("..") || originalSource.startsWith("around:")) return undefined;
  return { file: originalSource, line: originalLine + 1, column: originalColumn + 1 };
}

/** A line of the author's text as it was bundled, which the file itself may not say any more. */
function textOf({ payload }: SourceMap, file: string, line: number): string | undefined {
  // esbuild writes the texts along; the types do not know that there may be none.
  const texts: readonly (string | null)[] | undefined = payload.sourcesContent;
  return texts?.[payload.sources.indexOf(file)]?.split("\n")[line - 1];
}
