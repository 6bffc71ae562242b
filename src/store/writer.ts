import { amountMax, amountText } from "../model/amount.ts";
import { GatewayError } from "../model/error.ts";
import type { Hook } from "../model/webhook.ts";
import { stepsOf } from "./flush.ts";
import {
  committedBefore,
  followsUndone,
  idsIn,
  isServerUnwell,
  isUndoneForOthers,
  numbersIn,
} from "./flush-outcome.ts";
import { createFullDisk, diskFullCode } from "./full-disk.ts";
import { boundsOf } from "./moves.ts";
import { type Answer, type Operation, type Waiting, hooksOf } from "./operation.ts";
import type { Pipeline, RunOutcome } from "./pipeline.ts";
import type { LowBalance, Writer, WriterParts } from "./writer-contract.ts";
import { uuidArray } from "./binary-array.ts";
import { createIntake } from "./intake.ts";
import { createWriterQueue } from "./writer-queue.ts";

export type { LowBalance, Writer } from "./writer-contract.ts";
export type {
  Acceptance,
  Again,
  Burial,
  Charge,
  Conclusion,
  Finish,
  Forward,
  HookRetry,
  Later,
  Made,
  PartAttempt,
  PartReport,
  Postponement,
  ReceivedPart,
  Resend,
  Transfer,
} from "./operation.ts";

/**
 * Flushes under way at once. While the server works on one, the next is being made and stands in its
 * socket already: this was the largest gain of all; a third one gained nothing.
 */
const flushesInFlight = 2;

/**
 * Operations that are worth a second flush. The server works on one after another, so a small one gains nothing by
 * standing behind another and costs as much as a large one: at 1,000 messages a second that was a third more flushes,
 * and a fifth more of the server's processor. At full load more than these always wait.
 */
export const secondFlushMin = 8;

/** First pause after a connection could not be had; it doubles up to the second number. */
const retryFirstMs = 50;
const retryMostMs = 2_000;

/** A deadlock undoes one side for no fault of its own; more often in a row is a fault of ours. */
const sameFlushTriesMax = 5;

/** Operations that are one transaction. Its id is written with it, so that it is never done twice. */
interface Flush {
  readonly batch: string;
  readonly waiting: readonly Waiting[];
  readonly tries: number;
}

export function createWriter(parts: WriterParts, first: Pipeline): Writer {
  const { startId, newId, clock, log, meter, onLow = () => {} } = parts;
  const queue = createWriterQueue({ ...parts, onRipe: plan });
  /** Flushes to do before anything from the queue: halves of a failed one, those of unknown outcome. */
  const again: Flush[] = [];
  const unknown: Flush[] = [];
  let pipeline: Pipeline | undefined;
  let inFlight = 0;
  let lastSent: string | undefined;
  let planned = false;
  let closing = false;
  let tellHooks: ((hooks: readonly Hook[]) => void) | undefined;
  let idle: (() => void) | undefined;
  /** The last commit, or the moment at which something began to wait for one. */
  let movedMs = 0;
  const fullDisk = createFullDisk(log, plan);
  const intake = createIntake(() => inFlight > 0 || queue.standing > 0);
  adopt(first);

  return {
    intake,
    accept: (acceptance) => {
      const amount = acceptance.charge?.amount ?? 0n;
      if (amount < 0n || amount > amountMax)
        return Promise.reject(new GatewayError("internal", `a charge of ${amountText(amount)}`));
      return add<"accepted" | "no_credit">({ kind: "accept", acceptance });
    },
    record: (message, status, error) => add<undefined>({ kind: "record", message, status, error }),
    receivePart: (part) => add<undefined>({ kind: "receivePart", part }),
    claim: (ids) =>
      ids.length === 0 ? Promise.resolve([]) : add<readonly string[]>({ kind: "claim", ids }),
    part: (attempt) => add<undefined>({ kind: "part", attempt }),
    finish: (finish) => add<undefined>({ kind: "finish", finish }),
    again: (again) => add<undefined>({ kind: "again", again }),
    conclude: (conclusion) => add<undefined>({ kind: "conclude", conclusion }),
    hold: (later) => add<undefined>({ kind: "hold", later }),
    postpone: (postponement) => add<undefined>({ kind: "postpone", postponement }),
    bury: (burial) => add<undefined>({ kind: "bury", burial }),
    move: (transfer) => add<undefined>({ kind: "move", transfer }),
    resend: (resend) => add<undefined>({ kind: "resend", resend }),
    replace: (replacing) => add<undefined>({ kind: "replace", replacing }),
    trace: (root, lines) => add<undefined>({ kind: "trace", root, lines }),
    hook: (hooks) => add<undefined>({ kind: "hook", hooks }),
    hooked: (id) => add<undefined>({ kind: "hooked", id }),
    hookAgain: (retry) => add<undefined>({ kind: "hookAgain", retry }),
    onHooks(listener) {
      tellHooks = listener;
    },
    get waiting() {
      return queue.total;
    },
    get connected() {
      return pipeline !== undefined;
    },
    get stalledMs() {
      return queue.total === 0 ? 0 : clock.tickMs() - movedMs;
    },
    async close(drainMs) {
      closing = true;
      intake.close();
      if (queue.total > 0) {
        const drained = new Promise<void>((resolve) => (idle = resolve));
        const timer = setTimeout(() => idle?.(), drainMs);
        await drained;
        clearTimeout(timer);
      }
      fullDisk.close();
      const last = pipeline;
      pipeline = undefined;
      await last?.end();
      const stopped = new GatewayError("database_unreachable", "The gateway stops.");
      for (const flush of [...again.splice(0), ...unknown.splice(0)])
        for (const one of flush.waiting) failed(one, stopped);
      queue.giveUp(stopped);
    },
  };

  function add<A extends Answer>(operation: Operation): Promise<A> {
    if (closing) return Promise.reject(new GatewayError("overloaded", "The gateway stops."));
    const refusal = fullDisk.refusal(operation);
    if (refusal !== undefined) return Promise.reject(refusal);
    if (queue.total === 0) movedMs = clock.tickMs();
    return new Promise((resolve, reject) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Each kind has one type of answer.
      queue.add(operation, resolve as (answer: Answer) => void, reject);
    });
  }

  /** Once per turn of the event loop: what this turn's packets brought goes together, with no timer. */
  function plan(): void {
    if (planned) return;
    planned = true;
    setImmediate(() => {
      planned = false;
      pump();
    });
  }

  function pump(): void {
    if (pipeline !== undefined && unknown.length === 0 && !fullDisk.resting) {
      while (inFlight < flushesInFlight) {
        const next =
          again.shift() ??
          (inFlight === 0 || queue.standing >= secondFlushMin ? fresh() : undefined);
        if (next === undefined) break;
        void send(pipeline, next);
      }
    }
    if (inFlight === 0 && queue.standing === 0) intake.open();
    if (queue.total === 0) idle?.();
  }

  function fresh(): Flush | undefined {
    const waiting = queue.isRipe ? queue.take() : [];
    if (waiting.length === 0) return undefined;
    intake.open();
    return { batch: newId(), waiting, tries: 0 };
  }

  async function send(on: Pipeline, flush: Flush): Promise<void> {
    const before = inFlight > 0 ? lastSent : undefined;
    inFlight += 1;
    lastSent = flush.batch;
    const operations = flush.waiting.map((one) => one.operation);
    const given = { batch: flush.batch, before, startId, nowMs: clock.nowMs() };
    const { steps, acceptances, claim } = stepsOf(operations, given);
    const startMs = clock.tickMs();
    const outcome = await on.run(steps);
    inFlight -= 1;
    const endMs = clock.tickMs();
    const count = operations.length;
    meter.flushed({ operations: count, result: outcome.kind, tookMs: endMs - startMs });
    if (outcome.kind === "committed") {
      movedMs = endMs;
      fullDisk.wrote();
    }
    try {
      switch (outcome.kind) {
        case "committed": {
          const refused = numbersIn(outcome.answers[0]);
          tellLow(outcome.answers[0]?.rows[0]?.[1]);
          const missed = claim !== undefined && outcome.answers[claim.at]?.count !== claim.rows;
          const owned = missed ? await claimedOf(on, flush) : undefined;
          for (const one of flush.waiting) {
            const number = acceptances.get(one.operation);
            const paid = number === undefined || !refused.has(number);
            done(one, answer(one.operation, { paid, owned }));
          }
          break;
        }
        case "rolledBack":
          await onRolledBack(on, flush, outcome);
          break;
        case "unknown":
          unknown.push(flush);
          break;
      }
    } catch (cause) {
      // What was committed could not be read back: asked again with the next connection.
      log.warn({ err: cause }, "the outcome of a flush could not be read");
      unknown.push(flush);
      await on.end();
    }
    plan();
  }

  // oxlint-disable-next-line consistent-return -- It does not see that these are all kinds.
  function answer(
    operation: Operation,
    found: { readonly paid: boolean; readonly owned: ReadonlySet<string> | undefined },
  ): Answer {
    switch (operation.kind) {
      case "accept":
        return found.paid ? "accepted" : "no_credit";
      case "claim": {
        const { owned } = found;
        return owned === undefined ? [] : operation.ids.filter((id) => !owned.has(id));
      }
      case "record":
      case "receivePart":
      case "part":
      case "finish":
      case "again":
      case "conclude":
      case "hold":
      case "postpone":
      case "bury":
      case "move":
      case "resend":
      case "replace":
      case "hook":
      case "hooked":
      case "hookAgain":
      case "trace":
        return undefined;
    }
  }

  /** Accounts that this flush has brought below their mark; nearly always none. */
  function tellLow(text: string | null | undefined): void {
    if (text === null || text === undefined) return;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Only begin_flush writes it.
    for (const low of JSON.parse(text) as LowBalance[]) onLow(low);
  }

  async function onRolledBack(
    on: Pipeline,
    flush: Flush,
    { error }: RunOutcome & { kind: "rolledBack" },
  ): Promise<void> {
    const { waiting, tries } = flush;
    const code = error.code ?? "";
    if (code === committedBefore) {
      await answerFromTables(on, flush);
    } else if (code === followsUndone) {
      // The flush before was undone and is done again first; this one may build on it.
      queue.putBack(waiting);
    } else if (isUndoneForOthers(code) && tries < sameFlushTriesMax) {
      again.push({ ...flush, tries: tries + 1 });
    } else if (code === diskFullCode) {
      queue.putBack(fullDisk.met(waiting, failed));
    } else if (isServerUnwell(code)) {
      log.error({ code, err: error }, "the database cannot write now");
      queue.putBack(waiting);
      // Nothing is wrong with the operations: the connection is given up, and had again after a pause.
      await on.end();
    } else if (waiting.length === 1) {
      log.error({ code, err: error, kind: waiting[0]?.operation.kind }, "cannot be stored");
      const fault = new GatewayError("internal", undefined, { cause: error });
      for (const one of waiting) failed(one, fault);
    } else {
      const middle = waiting.length >> 1;
      for (const half of [waiting.slice(0, middle), waiting.slice(middle)])
        again.push({ batch: newId(), waiting: half, tries: 0 });
    }
  }

  /** This flush is committed already, the answer was lost: what it left tells what it did. */
  async function answerFromTables(on: Pipeline, flush: Flush): Promise<void> {
    const ids: string[] = [];
    for (const { operation } of flush.waiting)
      if (operation.kind === "accept") ids.push(operation.acceptance.message.id);
    const stored = ids.length === 0 ? new Set<string>() : await storedOf(on, ids);
    const owned = await claimedOf(on, flush);
    for (const one of flush.waiting) {
      const { operation } = one;
      const paid = operation.kind !== "accept" || stored.has(operation.acceptance.message.id);
      done(one, answer(operation, { paid, owned }));
    }
  }

  async function storedOf(on: Pipeline, ids: readonly string[]): Promise<ReadonlySet<string>> {
    const { lowest, highest } = boundsOf(ids);
    return idsIn(on, { name: "stored", values: [uuidArray(ids), lowest, highest] });
  }

  async function claimedOf(on: Pipeline, flush: Flush): Promise<ReadonlySet<string>> {
    const ids = flush.waiting.flatMap(({ operation }) =>
      operation.kind === "claim" ? operation.ids : [],
    );
    if (ids.length === 0) return new Set();
    return idsIn(on, { name: "claimed", values: [uuidArray(ids), startId] });
  }

  function done(one: Waiting, answer: Answer): void {
    queue.settled(one);
    const hooks = answer === "no_credit" ? [] : hooksOf(one.operation);
    if (hooks.length > 0) tellHooks?.(hooks);
    one.resolve(answer);
  }

  function failed(one: Waiting, error: GatewayError): void {
    queue.settled(one);
    one.reject(error);
  }

  function adopt(opened: Pipeline): void {
    pipeline = opened;
    void opened.closed.then((error) => {
      if (pipeline !== opened) return;
      pipeline = undefined;
      if (closing && queue.total === 0) return;
      log.warn({ err: error }, "the writer lost its connection to the database");
      void reconnect();
    });
    plan();
  }

  async function reconnect(): Promise<void> {
    for (let pauseMs = retryFirstMs; ; pauseMs = Math.min(pauseMs * 2, retryMostMs)) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      queue.expire();
      if (queue.total === 0 && closing) return;
      try {
        const opened = await parts.connect();
        await resolveUnknown(opened);
        log.info({}, "the writer has its connection to the database again");
        adopt(opened);
        return;
      } catch (cause) {
        log.warn({ err: cause, waiting: queue.total }, "the database is still away");
      }
    }
  }

  /**
   * What was in flight when a connection died is done again under its own id: when it had been
   * committed, the id says so. What had not been and whose time is over is dropped before: its sender
   * was told, or has gone, and may have sent it again.
   */
  async function resolveUnknown(on: Pipeline): Promise<void> {
    if (unknown.length === 0) return;
    const batches = uuidArray(unknown.map((flush) => flush.batch));
    const committed = await idsIn(on, { name: "committed", values: [batches] });
    for (const flush of unknown.splice(0)) {
      const waiting = committed.has(flush.batch)
        ? flush.waiting
        : flush.waiting.filter((one) => !queue.expired(one));
      if (waiting.length > 0) again.push({ ...flush, waiting });
    }
  }
}
