import type { AskedQuery, AskedWeb, TestTools, WebAnswer } from "../sdk-test.ts";
import type { ChannelSettings } from "../sdk-channels.ts";
import { kvInMemory } from "./test-kv.ts";
import type { AskedByTrigger } from "./test-run.ts";

/** What the triggers of a test find outside of their sandbox: all of it made up by the test. */
export interface World {
  readonly tools: Pick<
    TestTools,
    "accounts" | "channels" | "db" | "http" | "kv" | "secrets" | "answers"
  >;
  /** Who asked to bind with which password, by the event's id. */
  readonly binds: Map<string, { readonly systemId: string; readonly password: string }>;
  answer(call: AskedByTrigger): Promise<Answered>;
}

export type Answered = { readonly value: unknown } | { readonly error: string };

interface Account {
  readonly id: string;
  readonly password?: string;
  readonly numbers?: readonly string[];
}

/** What a channel is set to that a test says nothing of. */
const plainChannel: ChannelSettings = {
  dialogs: false,
  dialogMs: 24 * 3_600_000,
  recipient: undefined,
  default: false,
};

/** `digest` computes a hash outside, where there is code for it. */
export function madeUpWorld(
  nowMs: () => number,
  digest: (args: readonly unknown[]) => Promise<string>,
): World {
  const accounts = new Map<string, Account>();
  const binds: World["binds"] = new Map();
  const channels = new Map<string, Partial<ChannelSettings>>();
  const secrets = new Map<string, string>();
  const own = new Map<string, unknown>();
  const queries: AskedQuery[] = [];
  const requests: AskedWeb[] = [];
  const optOuts = new Set<string>();
  const kv = kvInMemory(nowMs);
  let rows: Parameters<TestTools["db"]["answers"]>[0] | undefined;
  let web: Parameters<TestTools["http"]["answers"]>[0] | undefined;
  let randomIds = 0;

  function query([source, sql, values]: readonly unknown[]): readonly unknown[] {
    const asked = { source: String(source), sql: String(sql), values: listOf(values) };
    queries.push(asked);
    if (rows === undefined) throw new Error("the test has no db.answers");
    return typeof rows === "function" ? rows(asked) : rows;
  }

  function verify(event: string): unknown {
    const bind = binds.get(event);
    const found = accounts.get(bind?.systemId ?? "");
    if (found === undefined) return { ok: false, reason: "unknown_account" };
    if (found.password !== undefined && found.password !== bind?.password)
      return { ok: false, reason: "bad_password" };
    return { ok: true, account: found.id };
  }

  /** Of a test the first field of the row is the password as it is, and no hash. */
  function verifyWith(event: string, asked: readonly unknown[]): unknown {
    const bind = binds.get(event);
    const [row] = query(asked);
    if (typeof row !== "object" || row === null) return { ok: false, reason: "unknown_account" };
    if (Object.values(row)[0] !== bind?.password) return { ok: false, reason: "bad_password" };
    return { ok: true, account: bind?.systemId };
  }

  function byNumber(number: unknown): unknown {
    for (const { id, numbers = [] } of accounts.values())
      if (numbers.some((one) => one === number)) return { id };
    return null;
  }

  function isOptedOut(number: unknown, account: unknown): boolean {
    return optOuts.has(listed(number, account));
  }

  function fetched([url, method, headers, body, , user]: readonly unknown[]): unknown {
    const pairs = listOf(headers).map((pair) => {
      const [name, value] = listOf(pair);
      return [String(name).toLowerCase(), revealed(value)];
    });
    const [name, password] = listOf(user);
    const asked: AskedWeb = {
      url: String(url),
      method: String(method),
      headers: Object.fromEntries(pairs),
      body: body === null ? undefined : revealed(body),
      basic: user === null ? undefined : { user: String(name), password: revealed(password) },
    };
    requests.push(asked);
    if (web === undefined) throw new Error("the test has no http.answers");
    return webAnswer(typeof web === "function" ? web(asked) : web);
  }

  /** A text as it left the isolate of a trigger: `script/crossing.ts`. */
  function revealed(value: unknown): string {
    if (Array.isArray(value)) return String(value[0]);
    if (typeof value !== "object" || value === null) return String(value);
    const parts: unknown = Reflect.get(value, "parts");
    return listOf(parts)
      .map((part) => {
        if (!Array.isArray(part)) return String(part);
        const name = String(part[0]);
        const secret = secrets.get(name);
        if (secret === undefined) throw new Error(`the test has no secrets.set("${name}", …)`);
        return secret;
      })
      .join("");
  }

  const calls: Readonly<Record<string, (args: readonly unknown[], event: string) => unknown>> = {
    ...kv.calls,
    "accounts.verify": (_args, event) => verify(event),
    "accounts.verifyWith": ([, ...asked], event) => verifyWith(event, asked),
    "accounts.byNumber": ([number]) => byNumber(number),
    "channels.default": () => [...channels].find(([, one]) => one.default === true)?.[0],
    "optOuts.has": ([number, account]) => isOptedOut(number, null) || isOptedOut(number, account),
    "optOuts.add": ([number, account]) => {
      const isNew = !isOptedOut(number, account);
      optOuts.add(listed(number, account));
      return isNew;
    },
    "optOuts.remove": ([number, account]) => optOuts.delete(listed(number, account)),
    "channels.settings": ([name]) => ({ ...plainChannel, ...channels.get(String(name)) }),
    "db.query": query,
    "http.fetch": fetched,
    "crypto.hash": ([algorithm, encoding, data]) => digest([algorithm, encoding, null, data]),
    "crypto.hmac": ([algorithm, encoding, key, data]) =>
      digest([algorithm, encoding, Array.isArray(key) ? key : revealed(key), data]),
    "crypto.randomId": () => (++randomIds).toString(16).padStart(32, "0"),
  };

  return {
    binds,
    tools: {
      accounts: { add: (account) => void accounts.set(account.id, account) },
      channels: { set: (name, settings) => void channels.set(name, settings) },
      db: {
        answers: (answers) => (rows = answers),
        get queries() {
          return [...queries];
        },
      },
      http: {
        answers: (answers) => (web = answers),
        get requests() {
          return [...requests];
        },
      },
      kv: kv.tools,
      secrets: { set: (name, value) => void secrets.set(name, value) },
      answers: (call, answer) => void own.set(call, answer),
    },
    async answer({ name, args, event }) {
      try {
        if (own.has(name)) {
          const answer = own.get(name);
          const value: unknown = typeof answer === "function" ? await answer(...args) : answer;
          return { value };
        }
        const call = Object.hasOwn(calls, name) ? calls[name] : undefined;
        if (call === undefined) return { error: `the test has no answers("${name}", …)` };
        return { value: await call(args, event) };
      } catch (error) {
        return { error: error instanceof Error ? error.message : String(error) };
      }
    },
  };
}

/** With its + or without. */
function listed(number: unknown, account: unknown): string {
  return `${String(number).replace(/^\+/, "")} ${typeof account === "string" ? account : ""}`;
}

function webAnswer({ status = 200, headers = {}, body = "" }: WebAnswer): unknown {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { status, headers, text };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
