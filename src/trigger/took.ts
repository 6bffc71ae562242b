/** How long runs took, in a bounded histogram: whatever happens it is 128 numbers. */
export interface Took {
  /** A run of so many microseconds. Called for each run of each trigger; allocates nothing. */
  add(us: number): void;
  /** Microseconds within which 99 of 100 runs ended, 19 % too many at most; 0 without any run. */
  p99(): number;
}

/** Buckets for each doubling; the next one begins a fifth further on. */
const perDoubling = 4;

/** Up to 2^32 microseconds, which is above an hour. */
const buckets = 32 * perDoubling;

export function createTook(): Took {
  const counts = new Uint32Array(buckets);
  let runs = 0;
  return {
    add(us) {
      counts[bucketOf(us)]! += 1;
      runs += 1;
    },
    p99() {
      // How many may be slower.
      let slower = Math.floor(runs / 100);
      for (let at = buckets - 1; at >= 0; at--) {
        const count = counts[at] ?? 0;
        if (count > slower) return endOf(at);
        slower -= count;
      }
      return 0;
    },
  };
}

function bucketOf(us: number): number {
  if (us < 1) return 0;
  return Math.min(buckets - 1, Math.floor(Math.log2(us) * perDoubling));
}

/** Where a bucket ends, in whole microseconds. */
function endOf(bucket: number): number {
  return Math.ceil(2 ** ((bucket + 1) / perDoubling));
}
