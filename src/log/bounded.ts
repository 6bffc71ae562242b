/** What stands for all values beyond the limit. */
export const otherValue = "other";

/**
 * Keeps the number of time series finite: the first `max` different values are themselves, all that
 * come after are `other`; those of `from` always are themselves. A peer can make up values faster than a memory can hold them.
 */
export function bounded(max: number, from: Iterable<string> = []): (value: string) => string {
  const known = new Set(from);
  return (value) => {
    if (known.has(value)) return value;
    if (known.size >= max) return otherValue;
    known.add(value);
    return value;
  };
}
