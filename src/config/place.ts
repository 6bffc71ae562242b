import { type Document, isAlias, isMap, isNode, isScalar, isSeq, type Node, type Pair } from "yaml";

/** Where in the settings: names and places in lists, from the top. */
export type Path = readonly (string | number)[];

/** A path as people write it: `channels.SMPP1.binds[0].port`; the whole file is the empty text. */
export function pathText(path: Path): string {
  return path
    .map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`))
    .join("")
    .replace(/^\./, "");
}

/**
 * Where in the file, in characters from its start, a person should look for a path: at the value;
 * at the key if only the key is to blame or the value is empty; at the nearest thing above when the
 * path does not exist.
 */
export function offsetOf(document: Document, path: Path, blame: "value" | "key"): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [depth, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    const last = depth === path.length - 1;
    if (isMap(node)) {
      // Of a key that stands twice, which is told by itself, the last one counts.
      const pair = node.items.findLast((item) => keyOf(item) === String(step));
      if (pair === undefined) return offset;
      const keyOffset = startOf(pair.key);
      offset = keyOffset ?? offset;
      node = pair.value;
      const empty = isScalar(node) && node.value === null;
      if (last && blame === "value" && !empty) offset = startOf(node) ?? offset;
    } else if (isSeq(node) && typeof step === "number") {
      node = node.items[step];
      if (node === undefined) return offset;
      offset = startOf(node) ?? offset;
    } else {
      return offset;
    }
  }
  return offset;
}

/** The node under a path; undefined when there is none. */
export function nodeAt(document: Document, path: Path): Node | null | undefined {
  if (path.length === 0) return document.contents;
  const node = document.getIn(path, true);
  return isNode(node) ? node : undefined;
}

function startOf(node: unknown): number | undefined {
  const range = typeof node === "object" && node !== null && "range" in node ? node.range : null;
  return Array.isArray(range) && typeof range[0] === "number" ? range[0] : undefined;
}

function keyOf(pair: Pair): string {
  return String(isScalar(pair.key) ? pair.key.value : pair.key);
}
