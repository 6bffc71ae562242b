/** An element as data: text alone is a text; else its attributes as `@name`, its text as `#`, its children. */
export type XmlValue = string | { readonly [name: string]: XmlValue | readonly XmlValue[] };

/** Elements within elements; what providers write has five. */
const depthMax = 32;
/** Elements of one document; a page of a thousand reports has ten thousand. */
const elementsMax = 50_000;

const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

interface Open {
  readonly name: string;
  readonly inner: Map<string, XmlValue[]>;
  text: string;
}

const token =
  /<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<\?[\s\S]*?\?>|<\/([^\s<>/]+)\s*>|<([^\s<>/!?=]+)((?:\s+[^\s<>/=]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)|</g;
const attribute = /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/**
 * Reads a small document (XML 1.0) as data, with the root's name at the top; prefixes of names are left out,
 * since they are the writer's choice. undefined for what is not well-formed, and for all that has a DOCTYPE:
 * nobody needs one here, and with it come entities that grow, and files that are read.
 */
export function xmlFrom(text: string): XmlValue | undefined {
  const root: Open = { name: "", inner: new Map(), text: "" };
  const stack: Open[] = [root];
  let elements = 0;
  for (const found of text.matchAll(token)) {
    const [whole, cdata, closed, opened, attributes = "", alone, plain] = found;
    const top = stack.at(-1);
    if (top === undefined) return undefined;
    if (cdata !== undefined) top.text += cdata;
    else if (plain !== undefined) {
      const read = unescaped(plain);
      if (read === undefined) return undefined;
      top.text += read;
    } else if (opened !== undefined) {
      elements += 1;
      if (elements > elementsMax || stack.length > depthMax) return undefined;
      const made: Open = { name: bareName(opened), inner: new Map(), text: "" };
      for (const [, name = "", double, single = ""] of attributes.matchAll(attribute)) {
        const value = unescaped(double ?? single);
        if (value === undefined) return undefined;
        if (!name.startsWith("xmlns")) put(made, `@${bareName(name)}`, value);
      }
      stack.push(made);
      if (alone === "/") closeTop(stack);
    } else if (closed !== undefined) {
      if (stack.length < 2 || top.name !== bareName(closed)) return undefined;
      closeTop(stack);
    } else if (!whole.startsWith("<!--") && !whole.startsWith("<?")) return undefined;
  }
  return stack.length === 1 && root.inner.size === 1 && root.text.trim() === ""
    ? valueOf(root)
    : undefined;
}

/** As it stands between two tags, or in an attribute; what XML has no way to write is left out. */
export function xmlEscaped(text: string): string {
  return (
    text
      // oxlint-disable-next-line no-control-regex
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "")
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;")
      .replaceAll('"', "&quot;")
      .replaceAll("\r", "&#13;")
  );
}

function closeTop(stack: Open[]): void {
  const ended = stack.pop();
  const above = stack.at(-1);
  if (ended !== undefined && above !== undefined) put(above, ended.name, valueOf(ended));
}

function put(open: Open, name: string, value: XmlValue): void {
  const there = open.inner.get(name);
  if (there === undefined) open.inner.set(name, [value]);
  else there.push(value);
}

function valueOf({ inner, text }: Open): XmlValue {
  const bare = text.trim();
  if (inner.size === 0) return bare;
  const entries = [...inner].map(([name, all]): [string, XmlValue | readonly XmlValue[]] => {
    const [first = "", ...others] = all;
    return [name, others.length === 0 ? first : all];
  });
  if (bare !== "") entries.push(["#", bare]);
  return Object.fromEntries(entries);
}

function bareName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

/** undefined for an entity that is none of the five, or a number that is no character. */
function unescaped(text: string): string | undefined {
  if (!text.includes("&")) return text;
  let isBroken = false;
  const read = text.replaceAll(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w+));|&/gi, (_all, ...groups) => {
    const [decimal, hex, name] = groups.map((group) =>
      typeof group === "string" ? group : undefined,
    );
    const named = name === undefined ? undefined : ENTITIES[name];
    if (named !== undefined) return named;
    const code = decimal === undefined ? Number.parseInt(hex ?? "", 16) : Number(decimal);
    if (name === undefined && code > 0 && code <= 0x10ffff) return String.fromCodePoint(code);
    isBroken = true;
    return "";
  });
  return isBroken ? undefined : read;
}
