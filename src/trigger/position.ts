import type { SourceMap } from "node:module";

/** Where something is in the author's own file; line and column count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A frame's end as V8 writes it: `file:line:column`, in brackets or bare. */
const frame = /([^\s()]+):(\d+):(\d+)\)?$/;

/** Lines of a stack that are looked at; a hostile one may have many. */
const framesMax = 20;

/**
 * The text of a throw in one line, with the author's place in front: `bind.ts:7:3 TypeError: …`.
 * `stack` is what a script gave, so it is only read, never trusted.
 */
export function placedFault(stack: string, file: string, map: () => SourceMap): string {
  const lines = stack.split("\n", framesMax);
  const text = lines[0] ?? "";
  for (const line of lines.slice(1)) {
    const found = frame.exec(line.trim());
    if (found === null || found[1] !== file) continue;
    const place = authorsPlace(map(), Number(found[2]), Number(found[3]));
    if (place !== undefined) return `${place.file}:${place.line}:${place.column} ${text}`;
  }
  return `${file} ${text}`;
}

/** undefined for what is not the author's: our own runtime, which is bundled in front. */
function authorsPlace(map: SourceMap, line: number, column: number): Place | undefined {
  const entry = map.findEntry(line - 1, column - 1);
  if (!("originalSource" in entry) || typeof entry.originalSource !== "string") return undefined;
  const { originalSource, originalLine, originalColumn } = entry;
  if (originalSource.startsWith("..") || originalSource.startsWith("around:")) return undefined;
  return { file: originalSource, line: originalLine + 1, column: originalColumn + 1 };
}
