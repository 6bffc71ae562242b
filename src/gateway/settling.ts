/** A change that somebody is to be told of, because it has lasted as long as he waits. */
export interface Settled<Value> {
  /** Milliseconds that he waits. */
  readonly waitMs: number;
  /** What he was told before; undefined when it is the first time. */
  readonly before: Value | undefined;
}

/**
 * One thing that changes, such as whether a channel is up, for listeners who wait for different
 * times until a change counts. Each is told of what has lasted that long and differs from what he was
 * told before: of what is over sooner he hears neither the beginning nor the end. Time is handed in;
 * any clock will do that does not go back.
 */
export interface Settling<Value> {
  readonly value: Value | undefined;
  /** The same value again changes nothing. Gives whether it was another one. */
  set(value: Value, nowMs: number): boolean;
  /** What has lasted until now is forgotten: it must last anew to be told. */
  restart(nowMs: number): void;
  /**
   * Who is to be told now, of those that wait for one of these times; each is given once. `nextMs`:
   * when to ask again if nothing changes; undefined for never.
   */
  due(
    waitsMs: Iterable<number>,
    nowMs: number,
  ): { readonly settled: readonly Settled<Value>[]; readonly nextMs: number | undefined };
}

/**
 * `told`: what everybody is taken to know at the beginning. `usualMs`: a listener who is new, because
 * a trigger has just been saved, is taken to know what one who waits this long was told.
 */
export function createSettling<Value>(usualMs: number, told: Value | undefined): Settling<Value> {
  let value = told;
  let sinceMs = 0;
  const known = new Map<number, Value | undefined>([[usualMs, told]]);
  return {
    get value() {
      return value;
    },
    set(next, nowMs) {
      if (next === value) return false;
      value = next;
      sinceMs = nowMs;
      return true;
    },
    restart(nowMs) {
      sinceMs = nowMs;
    },
    due(waitsMs, nowMs) {
      const settled: Settled<Value>[] = [];
      let nextMs: number | undefined;
      const waits = new Set([usualMs, ...waitsMs]);
      // All before one is told: who is new knows what was usual until now.
      for (const waitMs of waits) if (!known.has(waitMs)) known.set(waitMs, known.get(usualMs));
      for (const waitMs of waits) {
        const before = known.get(waitMs);
        if (value === undefined || value === before) continue;
        const atMs = sinceMs + waitMs;
        if (atMs <= nowMs) {
          known.set(waitMs, value);
          settled.push({ waitMs, before });
        } else nextMs = Math.min(nextMs ?? atMs, atMs);
      }
      return { settled, nextMs };
    },
  };
}
