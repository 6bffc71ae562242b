/** A provider that can be taken. */
export interface Way {
  readonly line: number;
  /** NaN: not known, which comes after all that are. */
  readonly price: number;
  readonly weight: number;
  readonly name: string;
}

/**
 * The cheapest first. Those that cost the same share by weight, each number always the same way, so
 * that parts of one text stay together and `route explain` tells what will happen: by rendezvous
 * hashing (Thaler, Ravishankar 1998, with weights), so that another weight moves only as many as it must.
 */
export function inOrder(ways: readonly Way[], number: string): readonly Way[] {
  if (ways.length < 2) return ways;
  // The most frequent by far: all cost something else, so nothing has to be drawn.
  const cheapest = ways.toSorted((one, other) => comparePrices(one.price, other.price));
  if (!cheapest.some((way, nth) => nth > 0 && same(way, cheapest[nth - 1]))) return cheapest;
  return ways
    .map((way) => ({ way, turn: turnOf(way, number) }))
    .toSorted((one, other) => comparePrices(one.way.price, other.way.price) || compare(one, other))
    .map(({ way }) => way);
}

interface Drawn {
  readonly way: Way;
  readonly turn: number;
}

function same({ price }: Way, other: Way | undefined): boolean {
  return other !== undefined && comparePrices(price, other.price) === 0;
}

function comparePrices(one: number, other: number): number {
  if (Number.isNaN(one)) return Number.isNaN(other) ? 0 : 1;
  return Number.isNaN(other) ? -1 : one - other;
}

function compare(one: Drawn, other: Drawn): number {
  if (one.turn !== other.turn) return one.turn < other.turn ? -1 : 1;
  return one.way.line - other.way.line;
}

/** The least is first. Exponential with the weight as its rate, so the share is the weight's. */
function turnOf({ name, weight }: Way, number: string): number {
  if (weight === 0) return Infinity;
  return -Math.log((hashOf(number, name) + 1) / 4_294_967_297) / weight;
}

/** 32 bits, evenly spread: FNV-1a, then the last mix of MurmurHash3. */
function hashOf(number: string, name: string): number {
  let hash = 0x81_1c_9d_c5;
  for (let at = 0; at < number.length; at++)
    hash = Math.imul(hash ^ number.charCodeAt(at), 0x01_00_01_93);
  hash = Math.imul(hash ^ 0x2f, 0x01_00_01_93);
  for (let at = 0; at < name.length; at++)
    hash = Math.imul(hash ^ name.charCodeAt(at), 0x01_00_01_93);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85_eb_ca_6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2_b2_ae_35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
