/** Times as a person is told them, in milliseconds; undefined when nothing was measured. */
export interface LatencySummary {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** Exact. */
  readonly max: number;
}

/** Times of any number of events in memory that does not grow. */
export interface Latencies {
  add(ms: number): void;
  readonly count: number;
  summary(): LatencySummary | undefined;
}

/** ms. What is quicker counts as this. */
const leastMs = 0.01;

/** Each bucket reaches so much further than the one before: no percentile is told more than 2 % too high. */
const step = 1.02;

/** Buckets. They reach from `leastMs` to a little over an hour, which no answer is waited for. */
const buckets = 1_000;

/** A histogram with buckets that grow; 8 KiB, a logarithm for each time. */
export function createLatencies(): Latencies {
  const counts = new Float64Array(buckets);
  let count = 0;
  let max = 0;

  function at(share: number): number {
    const wanted = Math.ceil(count * share);
    let below = 0;
    for (let bucket = 0; bucket < buckets; bucket++) {
      below += counts[bucket] ?? 0;
      // The upper end of the bucket, but nothing that never was.
      if (below >= wanted) return Math.min(max, leastMs * step ** bucket);
    }
    return max;
  }

  return {
    get count() {
      return count;
    },
    add(ms) {
      const bucket = ms <= leastMs ? 0 : Math.ceil(Math.log(ms / leastMs) / Math.log(step));
      const placed = Math.min(bucket, buckets - 1);
      counts[placed] = (counts[placed] ?? 0) + 1;
      count += 1;
      if (ms > max) max = ms;
    },
    summary: () => (count === 0 ? undefined : { p50: at(0.5), p95: at(0.95), p99: at(0.99), max }),
  };
}
