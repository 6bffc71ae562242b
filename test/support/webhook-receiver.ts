import { createHmac, timingSafeEqual } from "node:crypto";
import { type IncomingHttpHeaders, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** A call as a customer's server got it. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly atMs: number;
}

/** What is told, read as JSON. */
export interface Told {
  readonly id: string;
  readonly type: string;
  readonly created_at: string;
  readonly api_version: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Of a call; 0 answers nothing until the receiver is closed. With headers where they matter. */
export type Answer = number | { readonly status: number; readonly headers: Record<string, string> };

export interface Receiver extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly calls: readonly Call[];
  /** Those that were answered with 2xx, in their order. */
  readonly taken: readonly Call[];
  /** Resolves when this is true of what has come. */
  until(holds: (calls: readonly Call[]) => boolean): Promise<void>;
  /** What comes from now on is answered so. */
  answer(how: (call: Call) => Answer | Promise<Answer>): void;
}

/** A customer's HTTP server on 127.0.0.1; it answers 200 until it is told otherwise. */
export async function startReceiver(port = 0): Promise<Receiver> {
  const calls: Call[] = [];
  const taken: Call[] = [];
  const looks = new Set<() => void>();
  let how: (call: Call) => Answer | Promise<Answer> = () => 200;
  const server = createServer((request, response) => {
    void text(request).then(async (body) => {
      const { method = "", url: path = "", headers } = request;
      const call = { method, path, headers, body, atMs: Date.now() };
      calls.push(call);
      for (const look of looks) look();
      const answer = await how(call);
      const { status, headers: more } =
        typeof answer === "number" ? { status: answer, headers: {} } : answer;
      if (status === 0) return;
      if (status >= 200 && status < 300) taken.push(call);
      response.writeHead(status, more).end("answered");
      for (const look of looks) look();
    });
  });
  await new Promise<void>((resolve) => server.listen({ host: "127.0.0.1", port }, resolve));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- It listens on TCP.
  const bound = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${bound.port}`,
    port: bound.port,
    calls,
    taken,
    until: (holds) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!holds(calls)) return;
          looks.delete(look);
          resolve();
        };
        looks.add(look);
        look();
      }),
    answer(next) {
      how = next;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- The test says what it expects.
export const toldBy = (call: Call | undefined): Told => JSON.parse(call?.body ?? "") as Told;

/** Seconds by which the clocks of both ends may differ (Standard Webhooks 1.0, "Verifying"). */
const toleranceS = 300;

/**
 * What docs/webhooks.md shows to customers, and independent of what signs: the specification of Standard
 * Webhooks 1.0 read anew. Throws what is wrong.
 */
export function verify(
  secret: string,
  { headers, body }: Pick<Call, "headers" | "body">,
  nowS = Date.now() / 1_000,
): unknown {
  const {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": signatures,
  } = headers;
  if (typeof id !== "string" || typeof timestamp !== "string" || typeof signatures !== "string")
    throw new Error("not signed");
  if (!(Math.abs(nowS - Number(timestamp)) <= toleranceS)) throw new Error("too old or too new");
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const expected = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest();
  const fits = signatures.split(" ").some((one) => {
    const [version, given = ""] = one.split(",");
    const octets = Buffer.from(given, "base64");
    return (
      version === "v1" && octets.length === expected.length && timingSafeEqual(octets, expected)
    );
  });
  if (!fits) throw new Error("the signature does not fit");
  return JSON.parse(body);
}
