import { createPassing } from "../model/passing.ts";
import { sequenceMax } from "./pdu.ts";

/** One request of ours that the peer has not answered. */
export interface Outstanding<T> {
  readonly sequence: number;
  /** command_id of the answer that fits. */
  readonly responseId: number;
  readonly sentMs: number;
  /** Counts for the window; enquire_link, bind and unbind do not. */
  readonly counted: boolean;
  readonly request: T;
}

/** The requests of one session by sequence number (SMPP v3.4 §2.9.2, §5.1.4). */
export interface Window<T> {
  /** Requests that count and are not answered. */
  readonly size: number;
  /** Registers a request and gives the number to send it with. */
  add(responseId: number, request: T, options: { nowMs: number; counted: boolean }): number;
  /** Takes a request back that could not be written; its number is not used. */
  drop(sequence: number): void;
  /**
   * Who waited for this answer. `late` came after its time, `stray` was never asked for or names
   * another command than the request did; then the request goes on waiting.
   */
  settle(sequence: number, responseId: number): Outstanding<T> | "late" | "stray";
  /** Takes out those sent at `sentMs` or before. Their numbers stay reserved for a late answer. */
  expire(sentMs: number): Outstanding<T>[];
  /** Takes out all. */
  drain(): Outstanding<T>[];
}

/** `anyResponse` is the id that settles any command: generic_nack. */
export function createWindow<T>(options: {
  readonly lateAnswersMax: number;
  readonly anyResponse: number;
  readonly firstSequence?: number;
}): Window<T> {
  const { lateAnswersMax, anyResponse, firstSequence = 1 } = options;
  /** In the order of sending, which is the order of expiry. */
  const outstanding = createPassing<number, Outstanding<T>>();
  const late = new Set<number>();
  let nextSequence = firstSequence;
  let size = 0;

  return {
    get size() {
      return size;
    },
    add(responseId, request, { nowMs, counted }) {
      while (outstanding.has(nextSequence) || late.has(nextSequence)) advance();
      const sequence = nextSequence;
      advance();
      outstanding.set(sequence, { sequence, responseId, sentMs: nowMs, counted, request });
      if (counted) size += 1;
      return sequence;
    },
    drop: remove,
    settle(sequence, responseId) {
      const entry = outstanding.get(sequence);
      if (entry === undefined) return late.delete(sequence) ? "late" : "stray";
      if (responseId !== entry.responseId && responseId !== anyResponse) return "stray";
      remove(sequence);
      return entry;
    },
    expire(sentMs) {
      const expired: Outstanding<T>[] = [];
      for (const entry of outstanding.values()) {
        if (entry.sentMs > sentMs) break;
        expired.push(entry);
      }
      for (const { sequence } of expired) {
        remove(sequence);
        late.add(sequence);
      }
      for (const sequence of late) {
        if (late.size <= lateAnswersMax) break;
        late.delete(sequence);
      }
      return expired;
    },
    drain() {
      const all = [...outstanding.values()];
      outstanding.clear();
      size = 0;
      return all;
    },
  };

  function advance(): void {
    nextSequence = nextSequence === sequenceMax ? 1 : nextSequence + 1;
  }

  function remove(sequence: number): void {
    const entry = outstanding.get(sequence);
    if (entry === undefined) return;
    outstanding.delete(sequence);
    if (entry.counted) size -= 1;
  }
}
