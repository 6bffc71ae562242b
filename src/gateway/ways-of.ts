import type { Way, Ways } from "../model/failure-policy.ts";
import type { ForwardToOne } from "./many.ts";
import type { QueueFor } from "./queue-for.ts";

/** The other ways of a forward, to be kept with it; undefined where there are none. */
export function waysOf(
  { candidates = [] }: Pick<ForwardToOne, "candidates">,
  queueFor: QueueFor,
): Ways | undefined {
  const left: Way[] = [];
  for (const way of candidates) {
    const found = queueFor(way);
    // One that is full now is left out: it would be chosen while it has no room to spare.
    if ("code" in found) continue;
    const { queue } = found;
    left.push(way.price === undefined ? { queue } : { queue, price: way.price });
  }
  return left.length === 0 ? undefined : { left, since: 0, failures: {} };
}
