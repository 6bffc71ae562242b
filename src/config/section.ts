import { type Document, isMap, isScalar, parseDocument } from "yaml";

/**
 * The characters of one setting at the top of a configuration file, with its key, its comments inside and
 * the end of its last line; undefined where it does not stand there as a block of its own.
 */
export function sectionOf(text: string, key: string): string | undefined {
  const place = placeOf(text, key);
  return place === undefined ? undefined : text.slice(place.start, place.end);
}

/** The file with this in the place of that setting, else at its end; undefined takes it out. */
export function withSection(text: string, key: string, section: string | undefined): string {
  const ended = section === undefined || section.endsWith("\n") ? section : `${section}\n`;
  const place = placeOf(text, key);
  if (place !== undefined)
    return text.slice(0, place.start) + (ended ?? "") + text.slice(place.end);
  if (ended === undefined) return text;
  return `${text === "" || text.endsWith("\n") ? text : `${text}\n`}${ended}`;
}

function placeOf(
  text: string,
  key: string,
): { readonly start: number; readonly end: number } | undefined {
  const { contents }: Document = parseDocument(text);
  if (!isMap(contents) || contents.flow === true) return undefined;
  const at = contents.items.findIndex((one) => isScalar(one.key) && one.key.value === key);
  const start = startOf(contents.items[at]?.key);
  if (start === undefined) return undefined;
  const next = contents.items[at + 1];
  const nextStart = next === undefined ? text.length : (startOf(next.key) ?? text.length);
  return { start, end: endBefore(text, start, nextStart) };
}

/** Blank lines and comments at the margin before the next setting belong to that one. */
function endBefore(text: string, start: number, next: number): number {
  let end = next;
  for (;;) {
    const lineStart = text.lastIndexOf("\n", end - 2) + 1;
    if (lineStart <= start || !/^(?:#.*)?\r?\n?$/.test(text.slice(lineStart, end))) return end;
    end = lineStart;
  }
}

function startOf(node: unknown): number | undefined {
  if (!isScalar(node)) return undefined;
  return node.range?.[0];
}
