import type { Hook } from "../model/webhook.ts";

/** A call that is to be made. Equal to its row in the table, which stays until it is done. */
export interface Held extends Hook {
  tries: number;
  /** Milliseconds since 1970 UTC. */
  dueMs: number;
  atMs: number;
  underWay: boolean;
}

/** Calls of one endpoint that are held in memory; the rest stays in the table. */
export const heldMax = 1_000;

/**
 * What is to be told at one endpoint, in the order in which it happened, and of one subject one after the
 * other. As long as nothing is left behind in the table (`complete`), nothing is read from it.
 */
export interface Lane {
  /** Committed just now. */
  offer(call: Held): void;
  /** Read from the table; what is held already is passed over. */
  put(calls: readonly Held[]): void;
  /** The next that is due, which is then under way. */
  take(nowMs: number): Held | undefined;
  /** It is in the table no more, or is given up there: the next of its subject may go. */
  ended(call: Held): void;
  /** It is to be tried again when it is due, and so are those behind it. */
  rest(call: Held): void;
  /** These are not to be sent any more, unless they are under way. */
  drop(ids: readonly string[]): void;
  /** All but what is under way is left to the table, where it may have changed. */
  leaveAll(): void;
  readonly complete: boolean;
  /** A reading found that all is held, if nothing was left behind since it began. */
  completeSince(mark: number): void;
  /** Changes with each one that is left behind. */
  readonly mark: number;
  /** Is there anything to read now, and how much of it may be held? */
  room(): number;
  readonly ids: readonly string[];
  readonly size: number;
  /** When the next of those that rest is due; undefined when none does or something is due now. */
  nextDueMs(): number | undefined;
}

/** `shared` is of all lanes together: `mayHold` is asked before one more is held. */
export function createLane(
  complete: boolean,
  shared: { nowMs(): number; mayHold(): boolean; held(change: number): void },
): Lane {
  const held = new Map<string, Held>();
  /** In the order in which they are to be told. */
  const bySubject = new Map<string, Held[]>();
  let ready: Held[] = [];
  const resting = new Set<Held>();
  let mark = 0;

  return {
    offer(call) {
      if (held.has(call.id)) return;
      if (complete && held.size < heldMax && shared.mayHold()) return add(call);
      if (complete) leaveResting();
      complete = false;
      mark += 1;
    },
    put(calls) {
      for (const call of calls) if (!held.has(call.id)) add(call);
    },
    take(nowMs) {
      for (const call of resting) if (call.dueMs <= nowMs) wake(call);
      const call = ready.shift();
      if (call !== undefined) call.underWay = true;
      return call;
    },
    ended(call) {
      remove(call);
      const next = bySubject.get(call.subject)?.[0];
      if (next !== undefined) queue(next);
    },
    rest(call) {
      call.underWay = false;
      if (complete) resting.add(call);
      else leave(call.subject);
    },
    drop(ids) {
      for (const id of ids) {
        const call = held.get(id);
        if (call === undefined || call.underWay) continue;
        const wasFirst = bySubject.get(call.subject)?.[0] === call;
        remove(call);
        const next = bySubject.get(call.subject)?.[0];
        if (wasFirst && next !== undefined) queue(next);
      }
    },
    leaveAll() {
      complete = false;
      for (const [subject, calls] of bySubject)
        if (calls[0]?.underWay === true) for (const call of calls.slice(1)) remove(call);
        else leave(subject);
      mark += 1;
    },
    get complete() {
      return complete;
    },
    completeSince(then) {
      if (then === mark) complete = true;
    },
    get mark() {
      return mark;
    },
    // It is read again when half of it is used up, so that one reading brings many.
    room: () =>
      complete || held.size > heldMax / 2 || !shared.mayHold() ? 0 : heldMax - held.size,
    get ids() {
      return [...held.keys()];
    },
    get size() {
      return held.size;
    },
    nextDueMs() {
      let next: number | undefined;
      for (const { dueMs } of resting) next = Math.min(next ?? dueMs, dueMs);
      return next;
    },
  };

  function add(call: Held): void {
    held.set(call.id, call);
    shared.held(1);
    const calls = bySubject.get(call.subject);
    if (calls === undefined) {
      bySubject.set(call.subject, [call]);
      queue(call);
    } else calls.push(call);
  }

  /** It is the first of its subject. */
  function queue(call: Held): void {
    if (call.dueMs > shared.nowMs()) resting.add(call);
    else ready.push(call);
  }

  function wake(call: Held): void {
    resting.delete(call);
    ready.push(call);
  }

  function remove(call: Held): void {
    if (!held.delete(call.id)) return;
    shared.held(-1);
    resting.delete(call);
    if (!call.underWay) ready = ready.filter((one) => one !== call);
    const calls = bySubject.get(call.subject);
    const rest = calls?.filter((one) => one !== call) ?? [];
    if (rest.length > 0) bySubject.set(call.subject, rest);
    else bySubject.delete(call.subject);
  }

  function leave(subject: string): void {
    mark += 1;
    for (const call of bySubject.get(subject) ?? []) remove(call);
  }

  /** They will be read again when they are due. */
  function leaveResting(): void {
    for (const { subject } of resting) leave(subject);
  }
}
