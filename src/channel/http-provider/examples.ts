import { isDeepStrictEqual } from "node:util";
import { dataFrom, type Received } from "./body.ts";
import type { Provider } from "./provider.ts";
import type { Example } from "./schema.ts";
import type { Values } from "./template.ts";
import type { Told } from "./told.ts";

/** The message of an example that names no other. */
export const EXAMPLE_VALUES: Values = {
  id: "019a8f3e-0000-7000-8000-000000000001",
  root: "019a8f3e-0000-7000-8000-000000000000",
  account: "Test1",
  to: "+31612345678",
  toDigits: "31612345678",
  from: "Signalbox",
  fromDigits: "Signalbox",
  fromKind: "letters",
  text: "Hello world",
  encoding: "gsm7",
  parts: 1,
  data: "48656c6c6f20776f726c64",
  dataBase64: "SGVsbG8gd29ybGQ=",
  udh: "",
  dataCoding: 0,
  flash: false,
  priority: 0,
  report: true,
  validitySeconds: "",
  expires: "",
  user: "user",
  password: "secret",
  reportsUrl: "https://sms.example.com/reports",
  messagesUrl: "https://sms.example.com/messages",
};

/** What does not come out as the examples of a provider's file say; `at` is the number of the example. */
export function exampleFaults(
  provider: Provider,
): readonly { readonly at: number; readonly text: string }[] {
  return provider.examples.flatMap((example, at) => {
    const { request, answer, outcome, callback, tells } = example;
    const wrong = [
      request && difference("request", plain(request), requestOf(provider, example)),
      outcome &&
        answer &&
        difference("outcome", outcome, outcomeOf(provider, answer, Object.keys(outcome))),
      callback && tells && difference("tells", tells, toldBy(provider, callback, tells)),
    ];
    const { name } = example;
    return wrong.flatMap((text) => (text === undefined ? [] : { at, text: `(${name}) ${text}` }));
  });
}

function requestOf(provider: Provider, { given = {}, request }: Example): unknown {
  const values = { ...ownValues(provider), ...EXAMPLE_VALUES, ...given };
  const isBinary = given["text"] === undefined && given["data"] !== undefined;
  const made = provider.request(isBinary ? "binary" : "text", values);
  // Only those headers that the example names.
  const wanted = Object.keys(request?.headers ?? {});
  const headers = made.headers.filter(([name]) => wanted.includes(name));
  const { method, target: url, body = "" } = made;
  return plain({ method, url, headers: Object.fromEntries(headers), body });
}

/** `values.NAME` is its own name. */
function ownValues({ values }: Provider): Values {
  return Object.fromEntries(values.map((name) => [`values.${name}`, name]));
}

/** Bodies as data where they are JSON, so that blanks do not count. */
function plain(request: Readonly<Record<string, unknown>> & { readonly body: string }): unknown {
  const body = request.body.trim();
  const data = /^[[{]/.test(body) ? dataFrom("json", body)?.data : undefined;
  return { ...request, body: data ?? body };
}

function outcomeOf(
  provider: Provider,
  answer: NonNullable<Example["answer"]>,
  keys: readonly string[],
): unknown {
  const { status, headers, body: text } = answer;
  const verdict = provider.verdict({ status, headers: lower(headers), text });
  return Object.fromEntries(Object.entries(verdict).filter(([key]) => keys.includes(key)));
}

/** What a callback tells, with the keys that the example wants to know. */
function toldBy(
  provider: Provider,
  { method, url, headers, body }: NonNullable<Example["callback"]>,
  tells: NonNullable<Example["tells"]>,
): unknown {
  const { pathname, searchParams: query } = new URL(url, "http://localhost");
  const found = (provider.callbacks?.readings ?? []).filter(
    ({ rule }) => rule.path === pathname && rule.methods.some((one) => one === method),
  );
  const told = found.flatMap(({ rule, tell }) => {
    const data = method === "GET" ? {} : dataFrom(rule.body, body)?.data;
    const received: Received = { headers: lower(headers), query, text: body, data };
    return tell(received) ?? [];
  });
  return told.map((one, at) => {
    const keys = Object.keys(tells[at] ?? {});
    const known = shown(one);
    return keys.length === 0 ? known : Object.fromEntries(keys.map((key) => [key, known[key]]));
  });
}

function shown(told: Told): Readonly<Record<string, string | number | undefined>> {
  if (told.kind === "report") {
    const { messageId: id, status, state, error, doneMs } = told.report;
    return { kind: "report", id, status, state, error, doneMs, from: told.from, to: told.to };
  }
  const { kind, id, text, dataCoding } = told;
  const [from, to] = [told.from, told.to].map(({ ton, digits }) =>
    ton === 1 ? `+${digits}` : digits,
  );
  const [data, udh] = [told.octets, told.udh].map((octets) => octets.toString("hex"));
  return { kind, id, from, to, text, data, udh, dataCoding };
}

function lower(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
}

function difference(what: string, wanted: unknown, made: unknown): string | undefined {
  if (isDeepStrictEqual(wanted, made)) return undefined;
  return `${what} should be ${JSON.stringify(wanted)}, and is ${JSON.stringify(made)}`;
}
