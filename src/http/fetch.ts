import { lookup } from "node:dns/promises";
import { isIP, type LookupFunction } from "node:net";
import { callbackify } from "node:util";
import { Agent, buildConnector, type Dispatcher, request } from "undici";
import { GatewayError } from "../model/error.ts";
import { bodyOf, headersOf } from "./fetch-answer.ts";
import { type HostList, hostListFrom } from "./host-list.ts";
import { type AddressGuard, createAddressGuard } from "./private-address.ts";

/** What bounds requests that somebody else has asked for: a script, a customer. */
export interface FetchSettings {
  /** See `hostListFrom`; undefined: any, by https and http, at any port. */
  readonly hosts: readonly string[] | undefined;
  /** Networks that are not public and may be asked all the same; see `createAddressGuard`. */
  readonly allowPrivate: readonly string[];
  /** For all of a request that does not say: name, connection, redirects, answer. */
  readonly timeoutMs: number;
  /** Of a body, out and in. */
  readonly octetsMax: number;
  /** Requests under way; above it more are refused. */
  readonly requestsMax: number;
}

export interface FetchRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string | Buffer | undefined;
  /** undefined: as the settings say. */
  readonly timeoutMs: number | undefined;
  /** Only the status counts: it leads nowhere else, and what stands behind it is not read. */
  readonly statusOnly?: true;
  /** The same when the same thing is asked for again, so that it is done once. */
  readonly idempotencyKey: string;
}

export interface FetchAnswer {
  readonly status: number;
  /** By their names in lower case; several of one name with commas between. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/**
 * Asks a web service. Rejects with `fetch_refused` for what is not allowed (never a matter of trying
 * again), with `fetch_failed` when there was no answer in time, or one that is too large, and with
 * `overloaded`. Any status is an answer.
 */
export interface Fetcher {
  fetch(asked: FetchRequest): Promise<FetchAnswer>;
  /** Ends what is under way. */
  close(): Promise<void>;
}

/** What a name has become; given by tests that play a name server. */
export type ResolveName = (name: string) => Promise<readonly Resolved[]>;

interface Resolved {
  readonly address: string;
  readonly family: number;
}

const redirectsMax = 3;
/** Of an answer that nobody reads: with less of it the connection can be used again. */
const dumpedOctets = 16_384;
/** Octets of an address, and of all headers of a request or of an answer, as most servers have it. */
const urlOctetsMax = 8_192;
const headerOctetsMax = 16_384;
/** Milliseconds that a connection is kept for the next request. */
const keepAliveMs = 4_000;
/** A connection that nobody waits for any more is given up then. */
const connectTimeoutMs = 10_000;

const METHODS: ReadonlySet<string> = new Set("GET HEAD POST PUT PATCH DELETE OPTIONS".split(" "));

/** What belongs to the connection and not to the request (RFC 9110 §7.6.1), or says where it goes. */
const OWN_HEADERS: ReadonlySet<string> = new Set(
  "host content-length transfer-encoding connection keep-alive upgrade te trailer expect proxy-authorization proxy-connection".split(
    " ",
  ),
);

export function createFetch(settings: FetchSettings, resolve: ResolveName = resolveName): Fetcher {
  const hosts = settings.hosts === undefined ? undefined : hostListFrom(settings.hosts);
  const guard = createAddressGuard(settings.allowPrivate);
  const agent = new Agent({
    connect: guardedConnector(guard, resolve),
    connections: settings.requestsMax,
    pipelining: 1,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
    maxHeaderSize: headerOctetsMax,
    allowH2: false,
  });
  let underWay = 0;

  async function fetchOnce(asked: FetchRequest): Promise<FetchAnswer> {
    const timeoutMs = asked.timeoutMs ?? settings.timeoutMs;
    const signal = AbortSignal.timeout(timeoutMs);
    let { method, body } = asked;
    let url = urlOf(asked.url, { hosts, guard });
    const headers = headersFor(asked, settings.octetsMax);
    try {
      for (let redirects = 0; ; redirects += 1) {
        const answer = await request(url, {
          method,
          headers,
          body: body ?? null,
          signal,
          dispatcher: agent,
          headersTimeout: timeoutMs,
          bodyTimeout: timeoutMs,
        });
        if (asked.statusOnly === true) {
          // However the rest of it ends, it was answered.
          await answer.body.dump({ limit: dumpedOctets, signal }).catch(() => undefined);
          return { status: answer.statusCode, headers: headersOf(answer.headers), text: "" };
        }
        const place = placeOf(answer);
        if (place === undefined) {
          const text = await bodyOf(answer, { url, octetsMax: settings.octetsMax });
          return { status: answer.statusCode, headers: headersOf(answer.headers), text };
        }
        await answer.body.dump({ limit: settings.octetsMax, signal });
        if (redirects === redirectsMax)
          throw refused(url, `it leads on more than ${redirectsMax} times`);
        url = nextOf(url, place, { hosts, guard });
        // RFC 9110 §15.4: 307 and 308 keep what was asked; after the others it is asked for by GET.
        if (answer.statusCode < 307 && method !== "HEAD") {
          method = "GET";
          body = undefined;
        }
      }
    } catch (cause) {
      throw told(cause, url, timeoutMs);
    }
  }

  return {
    async fetch(asked) {
      if (underWay >= settings.requestsMax)
        throw new GatewayError("overloaded", `${underWay} requests are under way already`);
      underWay += 1;
      try {
        return await fetchOnce(asked);
      } finally {
        underWay -= 1;
      }
    },
    close: () => agent.destroy(),
  };
}

interface Bounds {
  readonly hosts: HostList | undefined;
  readonly guard: AddressGuard;
}

/** What is asked, if it may be. An address in figures never passes the name server, so it is looked at here. */
function urlOf(text: string, { hosts, guard }: Bounds): URL {
  if (!URL.canParse(text) || text.length > urlOctetsMax) throw refused(text, "it is no address");
  const url = new URL(text);
  if (url.username !== "" || url.password !== "")
    throw refused(url, "a password has no place in an address; use `basic`");
  if (url.protocol !== "https:" && url.protocol !== "http:")
    throw refused(url, `${url.protocol} is not spoken`);
  const why = hosts?.refusal(url);
  if (why !== undefined) throw refused(url, why);
  const bare = url.hostname.replace(/^\[|\]$/g, "");
  if (isIP(bare) !== 0 && !guard(bare)) throw refused(url, notPublic(bare));
  url.hash = "";
  return url;
}

function nextOf(url: URL, place: string, bounds: Bounds): URL {
  if (!URL.canParse(place, url.href)) throw refused(url, "it leads on to what is no address");
  const next = urlOf(new URL(place, url).href, bounds);
  if (next.hostname !== url.hostname)
    throw refused(url, `it leads on to ${next.hostname}, which is another host`);
  if (url.protocol === "https:" && next.protocol === "http:")
    throw refused(url, "it leads on to one that is not encrypted");
  return next;
}

/** Where an answer leads on to; undefined for one that is the answer. */
function placeOf({ statusCode, headers }: Dispatcher.ResponseData<unknown>): string | undefined {
  if (![301, 302, 303, 307, 308].includes(statusCode)) return undefined;
  return Array.isArray(headers.location) ? headers.location[0] : headers.location;
}

function headersFor(asked: FetchRequest, octetsMax: number): string[] {
  const { url, method, body, idempotencyKey } = asked;
  if (!METHODS.has(method)) throw refused(url, `${method} is no method that can be used`);
  if (body !== undefined && Buffer.byteLength(body) > octetsMax)
    throw refused(url, `its body is larger than ${octetsMax} octets`);
  const headers = new Map([
    ["user-agent", "signalbox"],
    ["accept", "*/*"],
    ["idempotency-key", idempotencyKey],
  ]);
  let octets = 0;
  for (const [written, value] of asked.headers) {
    const name = written.toLowerCase();
    // RFC 9110 §5.1 and §5.5; the value may be a secret, so it is not told.
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name) || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
      throw refused(url, `the header ${JSON.stringify(written.slice(0, 100))} cannot be written`);
    if (OWN_HEADERS.has(name)) throw refused(url, `the header ${name} is not for a script to set`);
    octets += name.length + value.length;
    headers.set(name, value);
  }
  if (octets > headerOctetsMax)
    throw refused(url, `its headers are larger than ${headerOctetsMax} octets`);
  return [...headers].flat();
}

/**
 * Connects to exactly the addresses that were looked at: the name is resolved once, here, and what it has
 * become goes straight to the socket, so that a name server that answers otherwise the next time is of
 * no use.
 */
function guardedConnector(guard: AddressGuard, resolve: ResolveName): buildConnector.connector {
  const openAddresses = callbackify(async (name: string) => {
    const found = await resolve(name);
    const open = found.filter(({ address }) => guard(address));
    if (open.length > 0) return open;
    const all = found.map(({ address }) => address).join(", ");
    throw new NotPublic(`${name} is ${notPublic(all || "nowhere")}`);
  });
  const guarded: LookupFunction = (name, options, done) =>
    openAddresses(name, (error: Error | null, open: readonly Resolved[] | undefined) => {
      const [first = { address: "", family: 4 }] = open ?? [];
      if (error !== null || options.all !== true) done(error, first.address, first.family);
      else done(null, [...(open ?? [])]);
    });
  const connect = buildConnector({ lookup: guarded, timeout: connectTimeoutMs, allowH2: false });
  return (options, done) => {
    const bare = options.hostname.replace(/^\[|\]$/g, "");
    if (isIP(bare) === 0 || guard(bare)) connect(options, done);
    else done(new NotPublic(notPublic(bare)), null);
  };
}

async function resolveName(name: string): Promise<readonly Resolved[]> {
  return lookup(name, { all: true });
}

/** What a name has become may not be asked. */
class NotPublic extends Error {}

function notPublic(address: string): string {
  return `${address}, which is no public address`;
}

function refused(url: URL | string, why: string): GatewayError {
  return new GatewayError("fetch_refused", `${shown(url)}: ${why}`);
}

/** Host and path only: what stands behind the question mark may be anybody's. */
function shown(url: URL | string): string {
  if (typeof url === "string" && !URL.canParse(url)) return url.slice(0, 200);
  const { origin, pathname } = new URL(url);
  return (origin + pathname).slice(0, 200);
}

/** In words, whatever it was. */
function told(cause: unknown, url: URL, timeoutMs: number): GatewayError {
  if (cause instanceof GatewayError) return cause;
  if (cause instanceof NotPublic) return refused(url, cause.message);
  const name = cause instanceof Error ? cause.name : "";
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const why =
    name === "TimeoutError" || code.endsWith("_TIMEOUT")
      ? `no answer within ${timeoutMs} ms`
      : (WORDS[code] ?? `${code} ${cause instanceof Error ? cause.message : String(cause)}`.trim());
  return new GatewayError("fetch_failed", `${shown(url)}: ${why}`, { cause });
}

const WORDS: Readonly<Record<string, string>> = {
  ENOTFOUND: "there is no host of that name",
  EAI_AGAIN: "the name server does not answer",
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection was broken",
  EHOSTUNREACH: "the host cannot be reached",
  ENETUNREACH: "the network cannot be reached",
  UND_ERR_SOCKET: "the connection was broken",
  UND_ERR_HEADERS_OVERFLOW: `the headers of the answer are larger than ${headerOctetsMax} octets`,
};
