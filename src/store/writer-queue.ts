import type { Clock } from "../model/clock.ts";
import { GatewayError } from "../model/error.ts";
import type { Answer, Operation, Waiting } from "./operation.ts";

/**
 * Operations of one flush. Large enough that the commit costs little per operation, small enough that
 * those who wait for it get their answers in a few milliseconds.
 */
export const operationsPerFlush = 768;

/**
 * ms. What nobody waits for goes with what somebody waits for, and begins a flush of its own only after so long: at a
 * thousand messages a second there is always company.
 */
const companyMs = 5;

/** What waits for its flush. Two lists, because finishing work goes before accepting more of it. */
export interface WriterQueue {
  /** Refuses it at once when too much is waiting. */
  add(
    operation: Operation,
    resolve: (answer: Answer) => void,
    reject: (error: GatewayError) => void,
  ): void;
  /** Something in it is waited for, or has been alone for `companyMs`. */
  readonly isRipe: boolean;
  /** The operations of the next flush, at most `operationsPerFlush`; a larger claim goes alone. */
  take(): Waiting[];
  /** Back to their places: certainly not applied. */
  putBack(waiting: readonly Waiting[]): void;
  /** This one has its answer. */
  settled(one: Waiting): void;
  /** Rejects what has waited too long, as far as it is in this queue: that is certainly not applied. */
  expire(): void;
  /** Rejects this one if it has waited too long, and says so; it must certainly not be applied. */
  expired(one: Waiting): boolean;
  /** Rejects everything. */
  giveUp(error: GatewayError): void;
  /** Operations that are not under way. */
  readonly standing: number;
  /** Operations that have no answer yet, in this queue or under way. */
  readonly total: number;
}

export function createWriterQueue(limits: {
  readonly clock: Clock;
  readonly operationsMax: number;
  readonly writeTimeoutMs: number;
  /** Called when it becomes ripe, and then with each that is waited for. */
  readonly onRipe: () => void;
}): WriterQueue {
  const { clock, operationsMax, writeTimeoutMs, onRipe } = limits;
  const finishing = createList();
  const accepting = createList();
  let total = 0;
  let added = 0;
  let timer: NodeJS.Timeout | undefined;
  let isRipe = false;
  let company: NodeJS.Timeout | undefined;

  const queue: WriterQueue = {
    add(operation, resolve, reject) {
      const accepts = isAccepting(operation);
      const weight = weightOf(operation);
      // What finishes work cannot be asked again, so it has as much room again behind what accepts.
      if (total + weight > (accepts ? operationsMax : 2 * operationsMax)) {
        const text = `${total} writes wait for the database; writerOperationsMax is ${operationsMax}.`;
        reject(new GatewayError("overloaded", text));
        return;
      }
      total += weight;
      added += 1;
      const deadlineMs = accepts ? clock.tickMs() + writeTimeoutMs : Infinity;
      const one = { operation, number: added, deadlineMs, weight, resolve, reject };
      (accepts ? accepting : finishing).push(one);
      if (accepts) watch();
      if (isWaitedFor(operation)) ripen();
      else if (!isRipe) company ??= setTimeout(ripen, companyMs);
    },
    get isRipe() {
      return isRipe;
    },
    take() {
      const taken: Waiting[] = [];
      let room = operationsPerFlush;
      clearTimeout(company);
      company = undefined;
      for (const list of [finishing, accepting]) {
        for (;;) {
          const next = list.first();
          if (next === undefined || (next.weight > room && taken.length > 0)) break;
          list.shift();
          taken.push(next);
          room -= next.weight;
          if (room <= 0) return taken;
        }
      }
      isRipe = finishing.first() !== undefined || accepting.first() !== undefined;
      return taken;
    },
    putBack(waiting) {
      finishing.putBack(waiting.filter((one) => !isAccepting(one.operation)));
      accepting.putBack(waiting.filter((one) => isAccepting(one.operation)));
      if (accepting.first() !== undefined) watch();
      ripen();
    },
    settled(one) {
      total -= one.weight;
    },
    expire() {
      for (;;) {
        const next = accepting.first();
        if (next === undefined || !queue.expired(next)) return;
        accepting.shift();
      }
    },
    expired(one) {
      if (one.deadlineMs > clock.tickMs()) return false;
      total -= one.weight;
      const text = `The database took no write for ${writeTimeoutMs} ms.`;
      one.reject(new GatewayError("database_unreachable", text));
      return true;
    },
    giveUp(error) {
      clearTimeout(timer);
      clearTimeout(company);
      for (const list of [finishing, accepting]) {
        for (let one = list.shift(); one !== undefined; one = list.shift()) {
          total -= one.weight;
          one.reject(error);
        }
      }
    },
    get standing() {
      return finishing.size() + accepting.size();
    },
    get total() {
      return total;
    },
  };
  return queue;

  function ripen(): void {
    isRipe = true;
    onRipe();
  }

  /** One timer for the first one in the list: all wait equally long, so the first is due first. */
  function watch(): void {
    if (timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      queue.expire();
      if (accepting.first() !== undefined) watch();
    }, nextCheckMs());
    timer.unref();
  }

  function nextCheckMs(): number {
    const first = accepting.first();
    return first === undefined ? writeTimeoutMs : Math.max(1, first.deadlineMs - clock.tickMs());
  }
}

const ACCEPTING: ReadonlySet<Operation["kind"]> = new Set([
  "accept",
  "record",
  "receivePart",
  "trace",
  "move",
  "resend",
  "replace",
]);

/** What may be refused while it is still nobody's but its sender's, or its operator's. */
export function isAccepting({ kind }: Operation): boolean {
  return ACCEPTING.has(kind);
}

/** That a peer has taken a message, and what he called it, is only written down: nothing else begins with it. */
function isWaitedFor(operation: Operation): boolean {
  if (operation.kind !== "finish") return operation.kind !== "part" && operation.kind !== "hooked";
  const { kind, status } = operation.finish;
  return status !== "SENT" && kind !== "report";
}

interface List {
  size(): number;
  first(): Waiting | undefined;
  push(one: Waiting): void;
  shift(): Waiting | undefined;
  putBack(many: readonly Waiting[]): void;
}

/** First in, first out, without moving the rest at each step. */
function createList(): List {
  let items: (Waiting | undefined)[] = [];
  let head = 0;
  return {
    size: () => items.length - head,
    first: () => items[head],
    push: (one) => {
      items.push(one);
    },
    shift() {
      const one = items[head];
      if (one === undefined) return undefined;
      items[head] = undefined;
      head += 1;
      if (head === items.length) {
        items = [];
        head = 0;
      } else if (head > 1_024 && head * 2 > items.length) {
        items = items.slice(head);
        head = 0;
      }
      return one;
    },
    putBack(many) {
      if (many.length === 0) return;
      const rest = items.slice(head).filter((one) => one !== undefined);
      items = [...many, ...rest].sort((one, other) => one.number - other.number);
      head = 0;
    },
  };
}

/** Rows that it stands for, so that a flush is never much larger than another one. */
function weightOf(operation: Operation): number {
  if (operation.kind === "claim") return operation.ids.length;
  // A message to many.
  return operation.kind === "accept" ? Math.max(1, operation.acceptance.forwards.length) : 1;
}
