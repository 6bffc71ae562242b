import { type Blame } from "./rule.ts";
import type { ProviderFile, RequestTemplate } from "./schema.ts";
import {
  type Values,
  filled,
  filledFields,
  filledPath,
  filledTree,
  filledXml,
  namesIn,
  namesInTree,
} from "./template.ts";

/** What a template may name, with what it is; `values.NAME` besides. */
export const VALUES: Readonly<Record<string, string>> = {
  id: "our id of the message, the same at each try",
  root: "our id of the customer's message",
  account: "the customer; empty for what nobody sent",
  to: "the recipient, in E.164 with `+` where it is known to be that",
  toDigits: "the same without the `+`",
  from: "the sender, as `to`",
  fromDigits: "the same without the `+`",
  fromKind: "`number`, `short` (up to six digits) or `letters`",
  text: "what it says; empty for what is no text",
  encoding: "`gsm7`, `ucs2` or `binary`",
  parts: "short messages that the text will be, a number",
  data: "the octets without their header, in hex",
  dataBase64: "the same in base64",
  udh: "the header, in hex; empty without",
  dataCoding: "data_coding, a number",
  flash: "true for one that is to be shown at once, else false",
  priority: "0 to 4",
  report: "true where somebody wants to hear what becomes of it, else false",
  validitySeconds: "how long it may still be tried, a number; empty without a validity",
  expires: "the same as a moment, RFC 3339",
  user: "of the channel",
  password: "of the channel",
  reportsUrl: "where our listener takes reports; empty without `callbacks.url`",
  messagesUrl: "where it takes messages",
};

/** What goes to the provider. */
export interface ProviderRequest {
  readonly method: string;
  /** Behind the channel's `url`: path and query. */
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string | undefined;
}

const TYPES: Readonly<Record<string, string>> = {
  json: "application/json",
  form: "application/x-www-form-urlencoded",
  xml: "application/xml; charset=utf-8",
  text: "text/plain; charset=utf-8",
};

export function writeRequest(
  template: RequestTemplate,
  words: ProviderFile["words"],
  given: Values,
): ProviderRequest {
  const values = inWords(given, words);
  const query = new URLSearchParams(pairs(filledFields(template.query, values))).toString();
  const path = filledPath(template.path, values);
  const { body = {} } = template;
  const headers = filledFields(template.headers, values).map(
    // What cannot stand in a header (RFC 9110 §5.5) would end it, and let a text write others.
    ([name, value]) => [name, value.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, "")] as const,
  );
  const type = TYPES[Object.keys(body)[0] ?? ""];
  if (type !== undefined && !headers.some(([name]) => name.toLowerCase() === "content-type"))
    headers.push(["content-type", type]);
  return {
    method: template.method,
    target: query === "" ? path : `${path}${path.includes("?") ? "&" : "?"}${query}`,
    headers,
    body: bodyText(body, values),
  };
}

function bodyText(body: NonNullable<RequestTemplate["body"]>, values: Values): string | undefined {
  if (body.json !== undefined) return JSON.stringify(filledTree(body.json, values));
  if (body.form !== undefined)
    return new URLSearchParams(pairs(filledFields(body.form, values))).toString();
  if (body.xml !== undefined) return filledXml(body.xml, values);
  return body.text === undefined ? undefined : filled(body.text, values);
}

function pairs(fields: readonly (readonly [string, string])[]): [string, string][] {
  return fields.map(([name, value]) => [name, value]);
}

function inWords(given: Values, words: ProviderFile["words"]): Values {
  const changed = Object.entries(words).flatMap(([name, table]) => {
    const key = String(given[name] ?? "");
    return Object.hasOwn(table, key) ? [[name, table[key]] as const] : [];
  });
  return changed.length === 0 ? given : { ...given, ...Object.fromEntries(changed) };
}

/** Every name in a template of this request. */
export function namesOf({ path, query, headers, body }: RequestTemplate): readonly string[] {
  return [
    ...templatesOf({ path, query, headers, body }).flatMap((one) => namesIn(one).names),
    ...(body?.json === undefined ? [] : namesInTree(body.json)),
  ];
}

function templatesOf({
  path,
  query,
  headers,
  body,
}: Pick<RequestTemplate, "path" | "query" | "headers" | "body">): readonly string[] {
  const { form = {}, xml, text } = body ?? {};
  return [
    path,
    ...Object.values(query),
    ...Object.values(headers),
    ...Object.values(form),
    ...[xml, text].filter((one) => one !== undefined),
  ];
}

/** Names that are none, and braces that are no names. */
export function checkRequest(
  template: RequestTemplate,
  at: readonly (string | number)[],
  { values, blame }: { readonly values: readonly string[]; readonly blame: Blame },
): void {
  for (const one of templatesOf(template))
    if (namesIn(one).broken)
      blame(at, "has a `{` that begins no name such as {to}; write `{{` for a plain one");
  for (const name of new Set(namesOf(template))) {
    const own = name.startsWith("values.") && values.includes(name.slice(7));
    if (own || Object.hasOwn(VALUES, name)) continue;
    const known = [...Object.keys(VALUES), ...values.map((value) => `values.${value}`)];
    blame(at, `names {${name}}, which is no value; there are ${known.join(", ")}`);
  }
}
