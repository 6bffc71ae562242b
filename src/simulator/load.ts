import { systemClock } from "../model/clock.ts";
import { GatewayError } from "../model/error.ts";
import { commandStatusName } from "../smpp/command-status.ts";
import { createAwaitedReceipts, type ReceiptFacts } from "./awaited-receipts.ts";
import { connectEsme, type Esme, type EsmeOptions } from "./esme.ts";
import { createLatencies, type LatencySummary } from "./latencies.ts";
import { messageAt, type Mix } from "./mix.ts";

export interface LoadOptions {
  /** Who binds where; its window is that of each bind. */
  readonly bind: Omit<EsmeOptions, "watch" | "answer" | "deliveriesMax">;
  /** Sessions, each on a connection of its own. */
  readonly binds: number;
  readonly mix: Mix;
  /**
   * Messages a second over all binds. Each has its time: one that finds no room is sent as soon as there
   * is some, and its latency counts from when it was due, so that a peer that stands still is seen in it.
   * Without it every window is always full, and the latency counts from the write.
   */
  readonly rate: number | undefined;
  readonly durationMs: number;
  /** How long reports are waited for after the last answer. */
  readonly receiptWaitMs: number;
}

/** A load that runs. */
export interface Load {
  facts(): LoadFacts;
  /** Sends no more, waits for the answers, not for reports. */
  stop(): void;
  /** Resolves when all is over; rejects with `connection_lost` or `bad_request` when no first bind came about. */
  readonly ended: Promise<LoadFacts>;
}

/** What a load has come to; all numbers may still grow while it runs. */
export interface LoadFacts {
  /** From the first message that was due, up to the last answer. */
  readonly ms: number;
  readonly sent: number;
  readonly accepted: number;
  /** How often each command_status came, by name. */
  readonly answers: Readonly<Record<string, number>>;
  /** Without an answer, by reason; also what could not be written. */
  readonly unanswered: Readonly<Record<string, number>>;
  /** Due at the rate, and not sent until the end: the peer was slower than asked for. */
  readonly unsent: number;
  readonly latencyMs: LatencySummary | undefined;
  readonly receipts: ReceiptFacts;
  /** Messages that came in and were no receipts. */
  readonly received: number;
  /** Sessions that are bound now, and those that ended before the load did. */
  readonly bound: number;
  readonly sessionsLost: number;
  /** It was stopped before its time. */
  readonly stopped: boolean;
}

/** Sessions. More than any account is allowed, and far below the ports of one machine. */
export const bindsMax = 1_000;

/** Binds under way at once: each may cost the peer a slow check of the password. */
const bindsAtOnce = 10;

/** ms. Between the end of a session and the next try to bind. */
const rebindMs = 1_000;

/** ms. How exactly the time of a message is kept. */
const tickMs = 2;

/** ms. For what was due in time and found no room until then. */
const lateMs = 10_000;

/** ms. The longest that a timer of Node can wait. */
const timerMsMax = 2_147_483_647;

/** Statuses that are told apart; a peer may answer what it likes, and the rest is one sum. */
const namesMax = 64;

export function startLoad(options: LoadOptions): Load {
  const { rate, durationMs, mix } = options;
  const clock = systemClock;
  const planned = rate === undefined ? Infinity : Math.floor((rate * durationMs) / 1_000);
  const esmes: Esme[] = [];
  const answers: Record<string, number> = {};
  const unanswered: Record<string, number> = {};
  const latencies = createLatencies();
  const receipts = createAwaitedReceipts();
  const waiting = new Set<() => void>();
  let startMs: number | undefined;
  let lastMs = 0;
  let next = 0;
  let turn = 0;
  let open = 0;
  let accepted = 0;
  let received = 0;
  let sessionsLost = 0;
  let stopped = false;
  /** Nothing is sent any more. */
  let over = false;
  let ending = false;

  async function bound(): Promise<void> {
    const esme = await connectEsme({
      ...options.bind,
      deliveriesMax: 0,
      watch({ receipt }) {
        if (receipt === undefined) received += 1;
        else receipts.came(receipt, clock.tickMs());
        wake();
      },
    });
    if (esme.bindStatus !== 0) {
      await esme.unbind();
      const { systemId, host, port } = options.bind;
      const status = commandStatusName(esme.bindStatus);
      const text = `${host}:${port} refuses ${systemId} with ${status}`;
      throw new GatewayError("bad_request", text);
    }
    // Stopped while it bound.
    if (ending) return esme.unbind();
    esmes.push(esme);
    pump();
    void esme.closed.then(async () => {
      esmes.splice(esmes.indexOf(esme), 1);
      if (ending) return;
      sessionsLost += 1;
      await again();
    });
  }

  /** A session that ended is bound anew, as often as it takes. */
  async function again(): Promise<void> {
    while (!over) {
      await until(() => over, rebindMs);
      if (over) return;
      try {
        return await bound();
      } catch {
        // Nobody there, or refused for now: the load goes on with what it has, and its sums tell.
      }
    }
  }

  /** How many messages are due by now. */
  function due(nowMs: number): number {
    if (over || startMs === undefined) return 0;
    if (rate === undefined) return Infinity;
    return Math.min(planned, Math.floor(((nowMs - startMs) * rate) / 1_000) + 1);
  }

  /** Sends what is due, as far as there is room; without a rate `first` has just got some. */
  function pump(first?: Esme): void {
    let esme = first;
    while (next < due(clock.tickMs())) {
      // In turns, so that the load is the same on each, also after a pause.
      if (esme === undefined || !hasRoom(esme)) esme = withRoom();
      if (esme === undefined) return;
      send(esme, next);
      next += 1;
      esme = undefined;
    }
  }

  function withRoom(): Esme | undefined {
    for (let tries = 0; tries < esmes.length; tries++) {
      turn = (turn + 1) % esmes.length;
      const esme = esmes[turn];
      if (esme !== undefined && hasRoom(esme)) return esme;
    }
    return undefined;
  }

  function send(esme: Esme, number: number): void {
    const sms = messageAt(mix, number);
    const nowMs = clock.tickMs();
    const dueMs = rate === undefined ? nowMs : (startMs ?? 0) + (number * 1_000) / rate;
    open += 1;
    esme
      .submit(sms)
      .then(({ status, why, messageId }) => {
        if (status === undefined) return count(unanswered, why ?? "unwritten");
        lastMs = clock.tickMs();
        latencies.add(lastMs - dueMs);
        count(answers, commandStatusName(status));
        if (status !== 0) return;
        accepted += 1;
        if (sms.registeredDelivery !== 0) receipts.accepted(messageId, lastMs);
      })
      .catch(() => count(unanswered, "unwritten"))
      .finally(() => {
        open -= 1;
        pump(rate === undefined ? esme : undefined);
        wake();
      });
  }

  /** False when the time is over before. */
  function until(holds: () => boolean, ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (held: boolean): void => {
        clearTimeout(timer);
        waiting.delete(look);
        resolve(held);
      };
      const look = (): void => {
        if (holds()) end(true);
      };
      const timer = setTimeout(() => end(holds()), ms);
      waiting.add(look);
      look();
    });
  }

  function wake(): void {
    for (const look of waiting) look();
  }

  async function bindAll(): Promise<void> {
    let left = options.binds;
    const one = async (): Promise<void> => {
      while (left-- > 0 && !stopped) await bound();
    };
    await Promise.all(Array.from({ length: Math.min(bindsAtOnce, options.binds) }, one));
  }

  async function run(): Promise<LoadFacts> {
    let ticking: NodeJS.Timeout | undefined;
    try {
      await bindAll();
      startMs = clock.tickMs();
      lastMs = startMs;
      if (rate !== undefined) ticking = setInterval(() => pump(), tickMs);
      pump();
      const isStopped = (): boolean => stopped;
      await until(() => stopped || next >= planned, durationMs);
      if (rate !== undefined) await until(() => isStopped() || next >= planned, lateMs);
      over = true;
      wake();
      // Each is answered or given up by the session itself.
      await until(() => open === 0, timerMsMax);
      await until(() => isStopped() || receipts.open === 0, options.receiptWaitMs);
      return facts();
    } finally {
      over = true;
      ending = true;
      clearInterval(ticking);
      wake();
      await Promise.all([...esmes].map((esme) => esme.unbind()));
    }
  }

  function facts(): LoadFacts {
    const wanted = rate === undefined || stopped ? next : over ? planned : due(clock.tickMs());
    return {
      ms: startMs === undefined ? 0 : (over ? lastMs : clock.tickMs()) - startMs,
      sent: next,
      accepted,
      answers,
      unanswered,
      unsent: Math.max(0, wanted - next),
      latencyMs: latencies.summary(),
      receipts: receipts.facts(),
      received,
      bound: esmes.length,
      sessionsLost,
      stopped,
    };
  }

  return {
    facts,
    stop() {
      stopped = true;
      over = true;
      wake();
    },
    ended: run(),
  };
}

function hasRoom({ session }: Esme): boolean {
  return session.state !== "closed" && session.state !== "unbound" && session.room() > 0;
}

function count(sums: Record<string, number>, name: string): void {
  const known = name in sums || Object.keys(sums).length < namesMax ? name : "others";
  sums[known] = (sums[known] ?? 0) + 1;
}
