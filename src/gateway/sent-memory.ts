import type { Sent } from "../model/message.ts";
import { createPassing } from "../model/passing.ts";
import { canonicalProviderId } from "../model/provider-id.ts";

/**
 * Messages that wait for their report, in memory. With providers that report within seconds nearly
 * all are found here; the rest is in the database. About 2 kB each.
 */
export const sentRemembered = 20_000;

/** A message that a provider has taken. */
export interface Remembered {
  /** As the provider gave it. */
  readonly providerId: string;
  /** Without their traces, which nobody needs here and which are most of their size. */
  readonly sent: Sent;
}

/** Knows by which id a provider group has taken which of the last messages. */
export interface SentMemory {
  /**
   * Called synchronously in the handler that read the provider's answer: a report may stand right
   * behind it in the same octets. An id that comes again after a wrap is the newer message's.
   */
  put(group: string, providerId: string, sent: Sent): void;
  /**
   * By a canonical id. undefined also where there were two whose ids are the same but for zeros: the
   * database knows both.
   */
  find(group: string, key: string): Remembered | undefined;
  /**
   * The final report of the message with this id of ours is committed: whoever asks for it again
   * finds it in the database. A newer message with the same id of the provider's stays.
   */
  settled(group: string, providerId: string, id: string): void;
  /** These lives are looked up in the database from now on. Looks at each message. */
  forget(roots: ReadonlySet<string>): void;
}

export function createSentMemory(): SentMemory {
  const byKey = createPassing<string, Remembered & { readonly isAlone: boolean }>();
  return {
    put(group, providerId, sent) {
      if (providerId === "") return;
      const key = `${group} ${canonicalProviderId(providerId)}`;
      const before = byKey.get(key);
      const isAlone =
        before === undefined || before.providerId.toLowerCase() === providerId.toLowerCase();
      // Put in anew, so that the order of the map is that of the answers.
      byKey.delete(key);
      byKey.set(key, { providerId, sent: withoutLog(sent), isAlone });
      if (byKey.size <= sentRemembered) return;
      for (const [oldest] of byKey.entries()) {
        byKey.delete(oldest);
        break;
      }
    },
    find(group, key) {
      const found = byKey.get(`${group} ${key}`);
      return found?.isAlone === true ? found : undefined;
    },
    settled(group, providerId, id) {
      const key = `${group} ${canonicalProviderId(providerId)}`;
      if (byKey.get(key)?.sent.message.id === id) byKey.delete(key);
    },
    forget(roots) {
      for (const [key, { sent }] of byKey.entries())
        if (roots.has(sent.original.id)) byKey.delete(key);
    },
  };
}

function withoutLog(sent: Sent): Sent {
  const { message, original } = sent;
  return { ...sent, message: { ...message, log: [] }, original: { ...original, log: [] } };
}
