import { xmlFrom } from "./xml.ts";

export const BODY_FORMS = ["json", "xml", "form", "text"] as const;

export type BodyForm = (typeof BODY_FORMS)[number];

/** What came over HTTP, of which rules pick what they need. */
export interface Received {
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly query: URLSearchParams;
  /** As it came. */
  readonly text: string;
  /** As data; a form is its fields, the body of a GET is empty. */
  readonly data: unknown;
}

/** The body as data; undefined when it is not of that form. Nothing is nothing, and no fault. */
export function dataFrom(form: BodyForm, text: string): { readonly data: unknown } | undefined {
  if (form === "text") return { data: text };
  if (form === "form") return { data: Object.fromEntries(new URLSearchParams(text)) };
  if (text.trim() === "") return { data: {} };
  if (form === "xml") {
    const data = xmlFrom(text);
    return data === undefined ? undefined : { data };
  }
  try {
    const data: unknown = JSON.parse(text);
    return { data };
  } catch {
    return undefined;
  }
}

/**
 * What stands at a path: `messages.0.id`; `query:token`, `header:x-id` and `body:` for what is beside the
 * data. An index into what is no list is the thing itself, since XML has no lists of one.
 */
export function valueAt(received: Received, path: string): unknown {
  if (path.startsWith("query:")) return received.query.get(path.slice(6)) ?? undefined;
  if (path.startsWith("header:")) return received.headers[path.slice(7).toLowerCase()];
  if (path === "body:") return received.text;
  return within(received.data, path);
}

/** The same from any data; an empty path is all of it. */
export function within(data: unknown, path: string): unknown {
  let at = data;
  for (const step of path === "" ? [] : path.split(".")) {
    if (Array.isArray(at)) at = /^\d+$/.test(step) ? (at[Number(step)] as unknown) : undefined;
    else if (typeof at === "object" && at !== null)
      at = Object.hasOwn(at, step)
        ? (Reflect.get(at, step) as unknown)
        : step === "0"
          ? at
          : undefined;
    else if (step !== "0") return undefined;
  }
  return at;
}

/** Of a value that is one: a text, a number, true or false; undefined for all else. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  // A text with attributes beside it, of XML.
  if (typeof value === "object" && value !== null && "#" in value) return textOf(value["#"]);
  return undefined;
}
