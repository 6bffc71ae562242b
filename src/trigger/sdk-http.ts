/** Web services and secrets, as a handler uses them. Part of "signalbox". */

/**
 * A value that `secrets` of signalbox.yaml declares. It can be put into a header, into `basic` and into the
 * key of `crypto.hmac`; nobody can read it here: as a text it is `[secret API_KEY]`.
 */
export interface Secret {
  toString(): string;
}

/**
 * The secrets by name, `secrets.API_KEY`. Which there are is known outside of the sandbox, so a name that
 * nobody has declared is an error when it is used, which tells the names that there are. TypeScript
 * believes that each may be undefined; none is.
 */
export interface Secrets {
  readonly [name: Uppercase<string>]: Secret;
  /**
   * A secret with a text around it.
   *
   * ```ts
   * export const TOLD = onMessage({}, async (message, { http, secrets }) => {
   *   const headers = { authorization: secrets.format`Bearer ${secrets.API_KEY}` };
   *   await http.fetch("https://api.example.com/in", { headers, json: { text: message.text } });
   * });
   * ```
   */
  format(texts: TemplateStringsArray, ...values: readonly (string | Secret | undefined)[]): Secret;
}

/**
 * Web services, of the hosts that `http.hosts` of signalbox.yaml lists; https where it does not say
 * `http://`. Addresses that are not public are refused, whatever name leads to them, unless
 * `http.allowPrivate` has their network.
 */
export interface Http {
  /**
   * Asks for `url`. Any status is an answer; none in time, a host that is not allowed, or one of the
   * limits is an error, thrown where the call is awaited. Redirects are followed on the same host, three
   * at most. `Idempotency-Key` is the same when the event is run again, so that a service that heeds it
   * does a thing once; the call itself is not repeated then, unless the whole gateway has died.
   *
   * ```ts
   * export const ROUTE = onMessage({}, async (message, { http, secrets }) => {
   *   const answer = await http.fetch("https://api.example.com/lookup", {
   *     headers: { authorization: secrets.format`Bearer ${secrets.API_KEY}` },
   *     json: { number: message.to },
   *     timeoutMs: 800,
   *   });
   *   if (!answer.ok) return message.reject("try_later", `the service said ${answer.status}`);
   *   message.forward({ channel: answer.json<{ channel: string }>().channel });
   * });
   * ```
   *
   * Limits, each a setting but the last two: 1,500 ms in all, bodies of 256 KiB out and in, 32 requests of
   * one trigger and 128 in all under way; 64 headers, 16 KiB of headers in either direction.
   */
  fetch(url: string, options?: FetchOptions): Promise<FetchAnswer>;
}

/** How to ask; all of it may be left out. */
export interface FetchOptions {
  /** GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS; when left out GET, with a body POST. */
  readonly method?: string;
  /** What is undefined is left out. */
  readonly headers?: Readonly<Record<string, string | Secret | undefined>>;
  /** As it is; a text goes as UTF-8. */
  readonly body?: string | Uint8Array;
  /** In place of `body`: goes as JSON, with its content-type. */
  readonly json?: unknown;
  /** User and password (RFC 7617). */
  readonly basic?: { readonly user: string; readonly password: string | Secret | undefined };
  /** 1-30,000, for all of the request. The event's own deadline holds besides: 2 s where a peer waits. */
  readonly timeoutMs?: number;
}

/** What the web service answered, whole; 4xx and 5xx are answers, too. */
export interface FetchAnswer {
  readonly status: number;
  /** By their names in lower case; several of one name with commas between. */
  readonly headers: Readonly<Record<string, string>>;
  /** 200-299. */
  readonly ok: boolean;
  /** The body as a text. */
  text(): string;
  /** The body read as JSON; it is what the author says it is. A SyntaxError when it is none. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- Instead of a cast.
  json<Value = unknown>(): Value;
}
