import { numberKey } from "../model/number-key.ts";
import { createPassing } from "../model/passing.ts";

/**
 * Messages that were handed to a provider and whose answer is not stored yet, by their number. A
 * report for that number may be about one of them, so an older message with the same id is not
 * believed meanwhile. Two entries for each message within a window, gone with its answer.
 */
export interface OnItsWay {
  handed(group: string, message: { readonly id: string; readonly to: string }): void;
  /** Its answer is stored, or it is back in the queue; costs nothing for one that is not on its way. */
  landed(id: string): void;
  /** Is any message to one of these numbers on its way to this provider? */
  has(group: string, numbers: readonly string[]): boolean;
}

export function createOnItsWay(): OnItsWay {
  const keyOf = createPassing<string, string>();
  const counts = createPassing<string, number>();
  return {
    handed(group, { id, to }) {
      if (keyOf.has(id)) return;
      const key = `${group} ${numberKey(to)}`;
      keyOf.set(id, key);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    },
    landed(id) {
      const key = keyOf.get(id);
      if (key === undefined) return;
      keyOf.delete(id);
      const left = (counts.get(key) ?? 0) - 1;
      if (left > 0) counts.set(key, left);
      else counts.delete(key);
    },
    has: (group, numbers) =>
      counts.size > 0 && numbers.some((number) => counts.has(`${group} ${numberKey(number)}`)),
  };
}
