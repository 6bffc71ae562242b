import type { DataSource, Query } from "../sdk-db.ts";
import { hostCall, type Run } from "./run.ts";

/** A statement as it leaves the isolate: where to, its text with $1, $2, ..., and its values as text. */
type Asked = readonly [source: string, text: string, values: readonly (string | null)[]];

/** What is known of a query, kept where a script cannot change it. */
interface Template {
  readonly run: Run;
  readonly source: string;
  readonly strings: readonly string[];
  readonly values: readonly unknown[];
  /** It was awaited, or is part of one that was. */
  used: boolean;
  answer: Promise<readonly object[]> | undefined;
}

const templates = new WeakMap<object, Template>();

/** Tags by name, made when they are used: which names there are is known outside, and to the author. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- The author's names, unknown here.
export function sourcesOf<Names extends object>(run: Run): Names {
  const sources = new Proxy<Record<string, DataSource>>(
    {},
    {
      get: (_target, name) => (typeof name === "string" ? tagOf(run, name) : undefined),
      set: () => false,
    },
  );
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- It has each name that is asked for.
  return sources as Names;
}

function tagOf(run: Run, source: string): DataSource {
  return (strings: TemplateStringsArray, ...values: readonly unknown[]): never => {
    if (!Array.isArray(strings) || !Array.isArray(strings.raw))
      throw new TypeError(
        `db.${source} takes a template and no text, so that a value never becomes SQL: db.${source}\`select … where id = \${id}\``,
      );
    const template = { run, source, strings, values, used: false, answer: undefined };
    const query = new DatabaseQuery(source, template);
    templates.set(query, template);
    run.unasked += 1;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Rows are what the author says they are.
    return query as never;
  };
}

/** Sent when somebody waits for it, so that one may be handed to `accounts.verify` instead. */
class DatabaseQuery implements Query<object> {
  readonly source: string;
  readonly #template: Template;

  constructor(source: string, template: Template) {
    this.source = source;
    this.#template = template;
  }

  // A query is awaited like a promise; that is what this method is for.
  // oxlint-disable-next-line unicorn/no-thenable
  then<A = readonly object[], B = never>(
    resolve?: ((rows: readonly object[]) => A | PromiseLike<A>) | null,
    reject?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    const template = this.#template;
    template.answer ??= answerOf(template);
    return template.answer.then(resolve, reject);
  }
}

/** A value that no database knows is an error of the await, like all else that goes wrong with it. */
async function answerOf(template: Template): Promise<readonly object[]> {
  return hostCall<readonly object[]>(template.run, "db.query", asked(template));
}

/** What a query asks, for a call that takes one. Throws a TypeError when it is none. */
export function taken(query: unknown): Asked {
  const template = typeof query === "object" && query !== null ? templates.get(query) : undefined;
  if (template === undefined)
    throw new TypeError("with takes a query: db.name`select password_hash …`");
  return asked(template);
}

function asked(template: Template): Asked {
  const pieces: Pieces = { text: "", values: [] };
  write(template, template, pieces);
  return [template.source, pieces.text, pieces.values];
}

interface Pieces {
  text: string;
  readonly values: (string | null)[];
}

function write(template: Template, whole: Template, to: Pieces): void {
  const { run, strings, values } = template;
  if (!template.used) run.unasked -= 1;
  template.used = true;
  to.text += strings[0] ?? "";
  for (const [at, value] of values.entries()) {
    const part = typeof value === "object" && value !== null ? templates.get(value) : undefined;
    if (part === undefined) {
      to.values.push(valueText(value, at + 1));
      to.text += `$${to.values.length}`;
    } else {
      if (part.source !== whole.source || part.run !== whole.run)
        throw new TypeError(`a query of db.${part.source} is no part of one of db.${whole.source}`);
      write(part, whole, to);
    }
    to.text += strings[at + 1] ?? "";
  }
}

/** The text by which PostgreSQL reads the value, whatever its type is there. */
function valueText(value: unknown, at: number): string | null {
  if (value === null) return null;
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean")
    return String(value);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return `\\x${hexOf(value)}`;
  if (Array.isArray(value))
    return `{${value.map((one: unknown) => elementText(one, at)).join(",")}}`;
  throw new TypeError(
    `value ${at} of the statement is ${value === undefined ? "undefined; write null" : `of no type that a database knows (${typeof value})`}`,
  );
}

/** PostgreSQL, manual 18, §8.15.6: quoted, with a backslash before a quote and a backslash. */
function elementText(value: unknown, at: number): string {
  const text = valueText(value, at);
  if (text === null) return "null";
  if (Array.isArray(value)) return text;
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}

function hexOf(octets: Uint8Array): string {
  let hex = "";
  for (const octet of octets) hex += octet.toString(16).padStart(2, "0");
  return hex;
}
