import type { FetchAnswer, FetchOptions, Http } from "../sdk-http.ts";
import { crossing } from "./crossing.ts";
import { hostCall, type Run } from "./run.ts";

interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export function httpOf(run: Run): Http {
  return {
    async fetch(url, options = {}) {
      const { headers, body } = sentOf(options);
      const { method = body === null ? "GET" : "POST", timeoutMs = null, basic } = options;
      const user = basic && [basic.user, crossing(basic.password, "basic.password")];
      const args = [url, method, headers, body, timeoutMs, user ?? null];
      return answerOf(await hostCall<Told>(run, "http.fetch", args));
    },
  };
}

function sentOf(options: FetchOptions) {
  const headers = Object.entries(options.headers ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, crossing(value, `the header ${name}`)] as const],
  );
  if (options.json === undefined)
    return { headers, body: options.body === undefined ? null : crossing(options.body, "body") };
  if (options.body !== undefined) throw new TypeError("http.fetch takes a body or json, not both");
  const named = headers.some(([name]) => name.toLowerCase() === "content-type");
  if (!named) headers.push(["content-type", "application/json"]);
  return { headers, body: JSON.stringify(options.json) };
}

function answerOf({ status, headers, text }: Told): FetchAnswer {
  return {
    status,
    headers,
    ok: status >= 200 && status < 300,
    text: () => text,
    json: () => JSON.parse(text),
  };
}
