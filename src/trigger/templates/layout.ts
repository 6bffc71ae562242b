/**
 * Writes TypeScript as the formatter would, whatever was asked for: names may be long and lists of channels
 * longer, and a file that its author's first save formats anew is a poor start.
 */

/** Columns of a line. */
export const widthMax = 100;

/** Lines of a file, with blank ones between its sections. */
export function page(...sections: readonly (readonly string[])[]): string {
  return `${sections
    .filter((section) => section.length > 0)
    .map((section) => section.join("\n"))
    .join("\n\n")}\n`;
}

/** A text as it stands in code: in the quotes that need fewer escapes. */
export function quoted(text: string): string {
  const double = JSON.stringify(text);
  const singles = text.split("'").length;
  if (text.split('"').length <= singles) return double;
  return `'${double.slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

/** `["A", "B"]` */
export function listed(values: readonly string[]): string {
  return `[${values.map(quoted).join(", ")}]`;
}

/** A comment in front of what it tells of, on one line when it fits. */
export function comment(text: string): string[] {
  const safe = text.replaceAll("*/", "* /").replace(/\s+/g, " ").trim();
  const line = `/** ${safe} */`;
  if (line.length <= widthMax) return [line];
  return ["/**", ...wrapped(safe, widthMax - 3).map((one) => ` * ${one}`), " */"];
}

/** `const name = "text";`, its value on a line of its own when it is long. */
export function constant(name: string, value: string): string[] {
  const line = `const ${name} = ${value};`;
  return line.length <= widthMax ? [line] : [`const ${name} =`, `  ${value};`];
}

/** `const name = ["A", "B"];` */
export function constantList(name: string, values: readonly string[]): string[] {
  const line = `const ${name} = ${listed(values)};`;
  if (line.length <= widthMax) return [line];
  return [`const ${name} = [`, ...values.map((one) => `  ${quoted(one)},`), "];"];
}

/** `const name = { key: "text" };`, a line for each. */
export function constantTable(
  name: string,
  type: string,
  entries: readonly (readonly [key: string, value: string])[],
): string[] {
  const lines = entries.flatMap(([key, value]) => {
    const shown = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? key : quoted(key);
    const line = `  ${shown}: ${quoted(value)},`;
    return line.length <= widthMax ? [line] : [`  ${shown}:`, `    ${quoted(value)},`];
  });
  return [`const ${name}: ${type} = {`, ...lines, "};"];
}

/** `const name = [["A", "B"]] as const;`, a line for each pair when there are several. */
export function constantPairs(
  name: string,
  pairs: readonly (readonly [one: string, other: string])[],
): string[] {
  const shown = pairs.map(listed);
  const line = `const ${name} = [${shown.join(", ")}] as const;`;
  if (pairs.length === 1 && line.length <= widthMax) return [line];
  return [`const ${name} = [`, ...shown.map((one) => `  ${one},`), "] as const;"];
}

/** `60_000` */
export function grouped(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, "_");
}

/** One trigger: what runs when, and what it then does. */
export interface Declaration {
  readonly doc: string;
  readonly name: string;
  /** `onMessage` and its like. */
  readonly on: string;
  /** In their order; the values are code, and of a list its values. */
  readonly conditions: readonly (readonly [name: string, value: string | readonly string[]])[];
  /** `(message)`, `async (message, { kv })`. */
  readonly handler: string;
  readonly body: readonly string[];
}

export function declared(one: Declaration): string[] {
  const start = `export const ${one.name} = ${one.on}(`;
  const flat = one.conditions.map(([name, value]) => `${name}: ${code(value)}`);
  const conditions = flat.length === 0 ? "{}" : `{ ${flat.join(", ")} }`;
  const head = `${start}${conditions}, ${one.handler} => {`;
  const doc = comment(one.doc);
  if (head.length <= widthMax) return [...doc, head, ...indented(one.body, 2), "});"];
  const line = `  ${conditions},`;
  const broken = ["  {", ...one.conditions.flatMap(condition), "  },"];
  return [
    ...doc,
    start,
    ...(line.length <= widthMax ? [line] : broken),
    `  ${one.handler} => {`,
    ...indented(one.body, 4),
    "  },",
    ");",
  ];
}

function condition([name, value]: Declaration["conditions"][number]): string[] {
  const line = `    ${name}: ${code(value)},`;
  if (line.length <= widthMax || typeof value === "string") return [line];
  return [`    ${name}: [`, ...value.map((one) => `      ${quoted(one)},`), "    ],"];
}

function code(value: string | readonly string[]): string {
  return typeof value === "string" ? value : listed(value);
}

function indented(lines: readonly string[], by: number): string[] {
  return lines.map((line) => (line === "" ? "" : `${" ".repeat(by)}${line}`));
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
