/** How deep a value is shown, and how many characters of it in all. */
const depthMax = 8;
const charactersMax = 8_000;

/** A value as text, one field on a line where it has several, so that two of them can be compared. */
export function shown(value: unknown): string {
  const text = shownAt(value, "", []);
  return text.length > charactersMax ? `${text.slice(0, charactersMax)}…` : text;
}

function shownAt(value: unknown, indent: string, above: readonly unknown[]): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return `[function ${value.name}]`;
  if (Object.is(value, -0)) return "-0";
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof RegExp || value instanceof Error) return String(value);
  if (value instanceof Date)
    return Number.isNaN(value.getTime()) ? "a date that is none" : value.toISOString();
  if (value instanceof Uint8Array) return `octets ${hex(value)}`;
  if (above.includes(value)) return "[circle]";
  if (above.length >= depthMax) return "[…]";
  const within = [...above, value];
  const inner = `${indent}  `;
  const [open, close, items] = partsOf(value, (one) => shownAt(one, inner, within));
  if (items.length === 0) return open + close;
  const blank = close === "]" ? "" : " ";
  const line = open + blank + items.join(", ") + blank + close;
  // What is short stays on one line, as an author would write it.
  if (!line.includes("\n") && line.length < 60) return line;
  return `${open}\n${items.map((item) => `${inner}${item},\n`).join("")}${indent}${close}`;
}

function partsOf(
  value: object,
  show: (one: unknown) => string,
): readonly [open: string, close: string, items: readonly string[]] {
  if (Array.isArray(value)) return ["[", "]", value.map(show)];
  if (value instanceof Map)
    return ["Map {", "}", [...value].map(([key, one]) => `${show(key)} => ${show(one)}`)];
  if (value instanceof Set) return ["Set {", "}", [...value].map(show)];
  return ["{", "}", Object.entries(value).map(([key, one]) => `${nameOf(key)}: ${show(one)}`)];
}

function nameOf(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key);
}

function hex(octets: Uint8Array): string {
  return [...octets].map((octet) => octet.toString(16).padStart(2, "0")).join(" ");
}
