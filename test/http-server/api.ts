import { makeKey, type ApiScope } from "../../src/model/api-key.ts";
import { type GatewayOptions, type TestGateway, startGateway } from "../support/gateway.ts";

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- A test says what it expects.
  readonly body: Record<string, any>;
}

export interface AskOptions {
  readonly key?: string;
  /** `user:password`. */
  readonly basic?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TestApi extends AsyncDisposable {
  readonly gateway: TestGateway;
  readonly port: number;
  /** A new key of Test1, or of another. */
  key(of?: {
    readonly account?: string;
    readonly scopes?: readonly ApiScope[];
    readonly allowFrom?: string;
    readonly expiresMs?: number;
  }): Promise<string>;
  ask(method: string, path: string, options?: AskOptions): Promise<ApiAnswer>;
}

const BIND = `import { onBind } from "signalbox";
export const BIND = onBind({}, async (bind, { accounts }) => {
  const found = await accounts.verify(bind);
  if (found.ok) bind.accept({ account: found.account });
  else bind.reject(found.reason);
});`;

const SEND = `import { onMessage, onStatus } from "signalbox";
export const SEND = onMessage({ channels: ["HTTP1", "SMPP_SERVER1"] }, (message) => {
  if (message.text === "no") return message.reject("refused_by_rule", "not today");
  if (message.tags.includes("blocked"))
    return message.reject("refused_by_rule", message.clientReference + " is blocked");
  if (message.tags.includes("routed")) {
    message.accept({ charge: "route" });
    return message.forward();
  }
  message.accept({ charge: message.parts });
  message.forward({ channel: "SMPP1" });
});
export const ENDED = onStatus({ status: ["DELIVERED"] }, (message) =>
  message.trace("ended " + message.root?.clientReference + " " + message.root?.tags.join("+")));`;

const REPORT = `import { onReport } from "signalbox";
export const REPORT = onReport({}, (report) => report.apply());`;

/** A gateway with HTTP1 beside the usual channels. */
export async function startApi(options: GatewayOptions = {}): Promise<TestApi> {
  const gateway = await startGateway({
    triggers: { "bind.ts": BIND, "send.ts": SEND, "report.ts": REPORT },
    ...options,
    channels: {
      HTTP1: {
        type: "http-server",
        address: ["127.0.0.1"],
        port: 0,
        ...options.channels?.["HTTP1"],
      },
      ...Object.fromEntries(
        Object.entries(options.channels ?? {}).filter(([name]) => name !== "HTTP1"),
      ),
    },
  });
  const port = (): number => gateway.running.channels.get("HTTP1")?.ports()[0] ?? 0;
  return {
    gateway,
    get port() {
      return port();
    },
    async key(of = {}) {
      const { account = "Test1", scopes = ["send", "read"], allowFrom = "", expiresMs } = of;
      const { id, text, sha256 } = makeKey();
      const made = {
        id,
        account,
        name: id,
        sha256,
        scopes,
        allowFrom,
        createdMs: 1,
        expiresMs,
        by: "",
      };
      await gateway.running.store.apiKeys.add(made, Date.now());
      return text;
    },
    ask: (method, path, asked = {}) => ask(port(), method, path, asked),
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
}

export async function ask(
  port: number,
  method: string,
  path: string,
  { key, basic, body, headers = {} }: AskOptions = {},
): Promise<ApiAnswer> {
  const authorization =
    key !== undefined
      ? { authorization: `Bearer ${key}` }
      : basic !== undefined
        ? { authorization: `Basic ${Buffer.from(basic).toString("base64")}` }
        : {};
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: {
      ...(body !== undefined && { "content-type": "application/json" }),
      ...authorization,
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- A test says what it expects.
  const parsed = (text === "" ? {} : JSON.parse(text)) as ApiAnswer["body"];
  return { status: answer.status, headers: answer.headers, body: parsed };
}
