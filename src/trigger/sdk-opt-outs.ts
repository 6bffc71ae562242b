/** Who wants no messages. Part of "signalbox". */

/**
 * The opt-out lists: one for each account, and one for everybody's messages. What a customer sends to a
 * number on his list, or on the one for all, is refused as `opted_out`; what triggers forward or send to it
 * is FAILED with the same code. Who writes STOP or START is put there and taken off by the gateway itself
 * (`optOut` in signalbox.yaml).
 *
 * What has been awaited is committed. It is not undone when the event is rejected. Without an account it is
 * the list for everybody's messages.
 *
 * ```ts
 * export const WEB = onMessage({ channels: ["SMPP1"] }, async (message, { optOuts }) => {
 *   if (message.text === "weg") await optOuts.add(message.from, { account: "Test1" });
 * });
 * ```
 */
export interface OptOuts {
  /** Is it on this account's list, or on the one for all? From memory: as quick as a call can be. */
  has(number: string, of?: OptOutList): Promise<boolean>;
  /** false: it was there. An error for what is no number, and when the lists are full. */
  add(number: string, to?: OptOutList): Promise<boolean>;
  /** false: it was not there. */
  remove(number: string, from?: OptOutList): Promise<boolean>;
}

/** Which list. */
export interface OptOutList {
  /** The account's; the one for everybody's messages when left out. */
  readonly account?: string | undefined;
}
