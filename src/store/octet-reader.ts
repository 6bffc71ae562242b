/** Takes exact numbers of octets out of chunks of any size. One caller at a time. */
export interface OctetReader {
  /** The next octets; undefined when there are fewer. */
  take(octets: number): Promise<Buffer | undefined>;
  /** Is there one more? */
  hasMore(): Promise<boolean>;
  /** Octets that were taken, and those of a take that failed. */
  position(): number;
  /** Lets go of the chunks that were not asked for. */
  close(): Promise<void>;
}

/** Holds what one `take` asks for, and one chunk beyond it. */
export function octetReader(chunks: AsyncIterable<Buffer>): OctetReader {
  const iterator = chunks[Symbol.asyncIterator]();
  let held: Buffer[] = [];
  let heldOctets = 0;
  let taken = 0;

  async function fill(octets: number): Promise<boolean> {
    while (heldOctets < octets) {
      const next = await iterator.next();
      if (next.done === true) return false;
      held.push(next.value);
      heldOctets += next.value.length;
    }
    return true;
  }

  return {
    async take(octets) {
      if (!(await fill(octets))) {
        taken += heldOctets;
        return undefined;
      }
      const all = held.length === 1 && held[0] !== undefined ? held[0] : Buffer.concat(held);
      held = octets < all.length ? [all.subarray(octets)] : [];
      heldOctets -= octets;
      taken += octets;
      return all.subarray(0, octets);
    },
    hasMore: () => fill(1),
    position: () => taken,
    async close() {
      await iterator.return?.();
    },
  };
}
