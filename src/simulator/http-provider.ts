import { createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { systemClock } from "../model/clock.ts";
import { GatewayError } from "../model/error.ts";
import type { ReceiptState } from "../smpp/receipt-state.ts";
import { httpShapes, type HttpShape, type ShapeName, type Submitted } from "./http-shapes.ts";
import { allDelivered, type OutcomeOf } from "./rules.ts";
import { createTally } from "./tally.ts";
import { smsOf } from "./written.ts";

/** How the simulated provider behaves; what is left out is as the comment says. */
export interface HttpProviderRules {
  /** What happens to each message; all are taken and delivered. */
  readonly outcome?: OutcomeOf;
  /** Before a message is answered; 0, at once. */
  readonly answerDelayMs?: number;
  /** Between answer and report; 0. */
  readonly reportDelayMs?: number;
  /** Before a callback that was not taken comes again; 1,000. */
  readonly retryDelayMs?: number;
  /** How often it comes before it is given up; 8. */
  readonly tries?: number;
  /** Only who gives this one may send; everybody. */
  readonly password?: string;
  /** With which callbacks are signed. */
  readonly secret?: string;
  /** Where callbacks go, without what a message says; nowhere. */
  readonly callbackUrl?: string;
}

/** A message that it got, with what it did with it. */
export interface HttpTaken extends Submitted {
  readonly shape: ShapeName;
  readonly answer: number | "silent";
  /** Empty when it was refused. */
  readonly messageId: string;
  /** What it reports, when that was asked for. */
  readonly outcome: ReceiptState | "none";
}

export type HttpProviderEvent =
  | { readonly what: "message"; readonly taken: HttpTaken }
  | { readonly what: "delivered"; readonly kind: "report" | "message"; readonly status: number }
  | { readonly what: "given up"; readonly kind: "report" | "message"; readonly why: string };

export type HttpProviderCount = "received" | "reported" | "delivered";

/** A provider over HTTP to try and test with; it speaks all shapes of `http-shapes.ts`. */
export interface HttpProvider extends AsyncDisposable {
  readonly port: number;
  /** `http://127.0.0.1:2786` */
  readonly url: string;
  readonly counts: Readonly<Record<HttpProviderCount, number>>;
  /** The last messages, oldest first. */
  readonly messages: readonly HttpTaken[];
  until(count: HttpProviderCount, n: number): Promise<void>;
  received(n: number): Promise<readonly HttpTaken[]>;
  /** Calls back with a message from a phone; resolves with the status of the last answer. */
  inject(
    message: { readonly from: string; readonly to: string; readonly text: string },
    shape?: ShapeName,
  ): Promise<number>;
  readonly close: () => Promise<void>;
}

/** Messages; older ones are forgotten so that it can run for weeks. */
const rememberedMax = 10_000;

/** Octets of a request's body; more are cut off. */
const bodyOctetsMax = 1_048_576;

/** ms that one callback may take. */
const callbackTimeoutMs = 10_000;

/** Rejects with `port_taken` when it cannot listen there. */
export async function startHttpProvider(options: {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly rules?: HttpProviderRules;
  readonly watch?: (event: HttpProviderEvent) => void;
}): Promise<HttpProvider> {
  const { host, rules = {}, watch } = options;
  const { outcome: outcomeOf = allDelivered, answerDelayMs = 0, reportDelayMs = 0 } = rules;
  const { retryDelayMs = 1_000, tries = 8, password, secret = "", callbackUrl } = rules;
  const tally = createTally<HttpProviderCount>({ received: 0, reported: 0, delivered: 0 });
  const closed = new AbortController();
  let messages: HttpTaken[] = [];
  // So that ids of one run do not come again in the next.
  let lastId = systemClock.nowMs() * 1_000;
  let lastCalled = callbackUrl;
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(
        new GatewayError("port_taken", `${host}:${options.port} cannot be listened on`, { cause }),
      ),
    );
    server.listen(options.port, host, resolve);
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- It listens on TCP.
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    if (closed.signal.aborted) return;
    closed.abort();
    tally.close("the simulated provider has closed");
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };

  return {
    port,
    url: `http://${host.includes(":") ? `[${host}]` : host}:${port}`,
    counts: tally.counts,
    get messages() {
      return messages;
    },
    until: tally.until,
    async received(n) {
      await tally.until("received", n);
      return messages;
    },
    async inject(message, name = "rest-json") {
      const id = `in-${(lastId += 1)}`;
      return call(httpShapes[name], "message", (shape) => shape.message({ ...message, id }));
    },
    close,
    [Symbol.asyncDispose]: close,
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request).catch(() => undefined);
    const path = new URL(`http://localhost${request.url ?? "/"}`).pathname;
    const found = Object.values(httpShapes).find((one) => path.endsWith(one.path));
    if (body === undefined || found === undefined) return void response.writeHead(404).end();
    const submitted = found.read({ headers: request.headers, body });
    if (submitted === undefined) return void response.writeHead(400).end("bad request");
    if (password !== undefined && submitted.password !== password)
      return reply(response, found.refused("password"));
    const { from, to, text = "" } = submitted;
    const { answer: status, report } = outcomeOf(smsOf({ from, to, text }));
    const messageId = status === 0 ? found.id((lastId += 1)) : "";
    const { name: shape } = found;
    const taken: HttpTaken = { ...submitted, shape, answer: status, messageId, outcome: report };
    messages.push(taken);
    if (messages.length > rememberedMax) messages = messages.slice(-rememberedMax / 2);
    if (submitted.callback !== "") lastCalled = submitted.callback;
    watch?.({ what: "message", taken });
    tally.add("received");
    if (status === "silent") return;
    await rest(answerDelayMs);
    reply(response, status === 0 ? found.accepted(messageId) : found.refused(status));
    if (status !== 0 || report === "none" || !submitted.report) return;
    await rest(reportDelayMs);
    await call(found, "report", (one) => one.told({ id: messageId, to, state: report }), submitted);
  }

  /** Until it is taken, or given up; gives the status of the last answer, 0 for none. */
  async function call(
    shape: HttpShape,
    kind: "report" | "message",
    write: (shape: HttpShape) => ReturnType<HttpShape["told"]>,
    { callback }: Pick<Submitted, "callback"> = { callback: "" },
  ): Promise<number> {
    const there = callback === "" ? lastCalled : callback;
    let last = 0;
    for (let at = 0; at < tries && there !== undefined && !closed.signal.aborted; at += 1) {
      if (at > 0) await rest(retryDelayMs);
      const { query = "", body, type } = write(shape);
      const timestamp = String(Math.floor(systemClock.nowMs() / 1_000));
      const signed = createHmac("sha256", secret).update(`${timestamp}.${body ?? ""}`);
      const url = kind === "message" ? there.replace(/\/reports$/, shape.messagesPath) : there;
      last = await fetch(`${url}${query}`, {
        method: body === undefined ? "GET" : "POST",
        headers: {
          "content-type": type,
          "x-timestamp": timestamp,
          "x-signature": `sha256=${signed.digest("hex")}`,
          authorization: `Basic ${Buffer.from(`user:${secret}`).toString("base64")}`,
        },
        ...(body !== undefined && { body }),
        signal: AbortSignal.any([closed.signal, AbortSignal.timeout(callbackTimeoutMs)]),
      }).then(
        async (answered) => {
          await answered.text();
          return answered.status;
        },
        () => 0,
      );
      watch?.({ what: "delivered", kind, status: last });
      if (last >= 200 && last < 300) {
        tally.add(kind === "report" ? "reported" : "delivered");
        return last;
      }
    }
    if (!closed.signal.aborted)
      watch?.({
        what: "given up",
        kind,
        why: there === undefined ? "no callback address is known" : `answered ${last}`,
      });
    return last;
  }

  function rest(ms: number): Promise<void> {
    if (ms === 0) return Promise.resolve();
    return new Promise((resolve) => setTimeout(resolve, ms).unref());
  }
}

function reply(response: ServerResponse, answer: ReturnType<HttpShape["accepted"]>): void {
  response.writeHead(answer.status, { "content-type": answer.type, ...answer.headers });
  response.end(answer.body);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  request.setEncoding("utf8");
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > bodyOctetsMax) throw new Error("larger than it may be");
  }
  return text;
}
