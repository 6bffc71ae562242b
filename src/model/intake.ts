/**
 * Whose turn it is to have new messages taken up. Under load more come in than are stored, and each that has been taken
 * up keeps eight kilobytes until it is: so what has come waits as the octets it came in, and is invited as the
 * database gets on. With little to do nobody ever waits.
 */
export interface Intake {
  /** Calls `take` when it is its turn: at once if nobody waits and there is room, else later, and once. */
  enter(take: Take): void;
}

/**
 * ms. Who has waited for his turn for so long is told to come again later. It is less than what an answer may take by default
 * (3 s), so that a decision that is begun is not dropped; at 5,000 messages a second 12,000 stand before one who waits so long.
 */
export const turnMsMax = 2_500;

/**
 * Takes up at most so many messages and gives how many it took; 0 when there are none any more. Who took as many as
 * he might is called again when the others have had their turn. Must not throw.
 */
export type Take = (most: number) => number;
