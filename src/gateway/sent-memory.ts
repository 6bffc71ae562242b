import type { Sent } from "../model/message.ts";
import { canonicalProviderId, providerIdForms } from "../model/provider-id.ts";

/**
 * Messages that wait for their report, in memory. With providers that report within seconds nearly
 * all are found here; the rest is in the database. About 1 kB each.
 */
export const sentRemembered = 20_000;

/** A message that a provider has taken. */
export interface Remembered {
  readonly sent: Sent;
  /** A report is being applied or has been: another one for it is a repetition. */
  reported: boolean;
}

/** Knows by which id a provider group has taken which of the last messages. */
export interface SentMemory {
  /**
   * Called synchronously in the handler that read the provider's answer: a report may stand right
   * behind it in the same octets. An id that comes again after a wrap is the newer message's.
   */
  put(group: string, providerId: string, sent: Sent): void;
  find(group: string, messageId: string): Remembered | undefined;
}

export function createSentMemory(): SentMemory {
  const byKey = new Map<string, Remembered>();
  return {
    put(group, providerId, sent) {
      if (providerId === "") return;
      const key = `${group} ${canonicalProviderId(providerId)}`;
      // Put in anew, so that the order of the map is that of the answers.
      byKey.delete(key);
      byKey.set(key, { sent, reported: false });
      if (byKey.size <= sentRemembered) return;
      const oldest = byKey.keys().next();
      if (oldest.done !== true) byKey.delete(oldest.value);
    },
    find(group, messageId) {
      if (messageId === "") return undefined;
      // Nearly always the first form is the right one, so the others are made only on a miss.
      const found = byKey.get(`${group} ${canonicalProviderId(messageId)}`);
      if (found !== undefined) return found;
      for (const form of providerIdForms(messageId).slice(1)) {
        const other = byKey.get(`${group} ${form}`);
        if (other !== undefined) return other;
      }
      return undefined;
    },
  };
}
