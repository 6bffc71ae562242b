import { setTimeout as pause } from "node:timers/promises";
import { type Esme, connectEsme } from "../../src/simulator/esme.ts";

/** A customer who always has messages under way, and binds again whenever he is cut off. */
export interface Load extends AsyncDisposable {
  /** The text of each message that was accepted, and its id. */
  readonly accepted: ReadonlyMap<string, string>;
  /** How often each id was reported as final. */
  readonly reported: ReadonlyMap<string, number>;
  /** How often each command_status came that was no acceptance. */
  readonly refused: ReadonlyMap<number, number>;
  /** Resolves when so many more have been accepted; rejects after `patienceMs`. */
  more(count: number): Promise<void>;
  /** Resolves when a message is accepted that is sent only now or later; rejects after `patienceMs`. */
  again(): Promise<void>;
  /** Sends no more and waits for the answers; stays bound, so that reports go on coming. */
  quiet(): Promise<void>;
}

export interface LoadOptions {
  readonly port: number;
  /** Test1, with the example's password. */
  readonly systemId?: "Test1" | "Test2";
  /** Requests under way; 50. */
  readonly windowRequests?: number;
  /** Messages a second at most; as many as go through when it is left out. */
  readonly rate?: number;
  readonly patienceMs: number;
}

/** ms. Between two tries to bind while nobody is there. */
const bindAgainMs = 20;

export function startLoad(options: LoadOptions): Load {
  const { port, systemId = "Test1", windowRequests = 50, patienceMs } = options;
  const password = systemId === "Test1" ? "Pwd1" : "Pwd2";
  const accepted = new Map<string, string>();
  const reported = new Map<string, number>();
  const refused = new Map<number, number>();
  const waiting = new Set<{ readonly isMet: (number: number) => boolean; resolve(): void }>();
  const ending = Promise.withResolvers<void>();
  let sending = true;
  let ended = false;
  let next = 0;
  let busy = 0;
  let onIdle: (() => void) | undefined;
  const startedMs = performance.now();

  async function connected(): Promise<Esme | undefined> {
    try {
      const esme = await connectEsme({
        host: "127.0.0.1",
        port,
        systemId,
        password,
        windowRequests,
        responseTimeoutMs: 20_000,
        watch({ receipt }) {
          if (receipt === undefined) return;
          reported.set(receipt.messageId, (reported.get(receipt.messageId) ?? 0) + 1);
        },
      });
      return esme.bindStatus === 0 ? esme : undefined;
    } catch {
      return undefined; // Nobody is there yet.
    }
  }

  async function run(): Promise<void> {
    while (!ended) {
      const esme = await connected();
      if (esme === undefined) {
        await pause(bindAgainMs);
        continue;
      }
      const lanes = Array.from({ length: windowRequests }, () => submitUntilGone(esme));
      // A submit may still wait for its answer after the test has seen enough.
      await Promise.race([Promise.all([...lanes, esme.closed]), ending.promise]);
      if (ended) await esme.unbind();
    }
  }

  async function submitUntilGone(esme: Esme): Promise<void> {
    while (sending) {
      await dueAt(next);
      if (!sending) return;
      const number = (next += 1);
      const text = `${systemId} ${number}`;
      busy += 1;
      const answer = await esme.submit({
        from: "+31201234567",
        to: "+31612345678",
        text,
        registeredDelivery: 1,
      });
      busy -= 1;
      if (busy === 0) onIdle?.();
      if (answer.status === undefined) return;
      if (answer.status === 0) accept(number, text, answer.messageId);
      else refused.set(answer.status, (refused.get(answer.status) ?? 0) + 1);
    }
  }

  /** When the message of this number is to be sent, at the pace that was asked for. */
  async function dueAt(number: number): Promise<void> {
    if (options.rate === undefined) return;
    const waitMs = startedMs + (number * 1_000) / options.rate - performance.now();
    if (waitMs > 0) await pause(waitMs);
  }

  function accept(number: number, text: string, id: string): void {
    accepted.set(text, id);
    for (const one of waiting) if (one.isMet(number)) one.resolve();
  }

  function until(isMet: (number: number) => boolean, what: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const one = { isMet, resolve };
    waiting.add(one);
    const vain = (): void => reject(new Error(`${what} in ${patienceMs} ms`));
    const limit = setTimeout(vain, patienceMs);
    return promise.finally(() => {
      clearTimeout(limit);
      waiting.delete(one);
    });
  }

  const running = run();
  return {
    accepted,
    reported,
    refused,
    more(count) {
      const wanted = accepted.size + count;
      return until(() => accepted.size >= wanted, `not ${count} more accepted`);
    },
    again() {
      const sent = next;
      return until((number) => number > sent, "nothing accepted again");
    },
    async quiet() {
      sending = false;
      if (busy > 0) await new Promise<void>((resolve) => (onIdle = resolve));
    },
    async [Symbol.asyncDispose]() {
      sending = false;
      ended = true;
      ending.resolve();
      await running;
    },
  };
}
