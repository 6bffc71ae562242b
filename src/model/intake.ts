/**
 * Whose turn it is to have new messages taken up. Under load more come in than are stored, and each that has been taken
 * up keeps eight kilobytes until it is: so what has come waits as the octets it came in, and is invited as the
 * database gets on. With little to do nobody ever waits.
 */
export interface Intake {
  /**
   * Calls `take` when it is its turn: at once if nobody waits and there is room, else later, and once. Called for each message
   * that comes by itself, and once for all that wait in a session. Who enters bounds how many do.
   */
  enter(take: Take): void;
}

/**
 * Takes up at most so many messages and gives how many it took; 0 when there are none any more. Who took as many as
 * he might is called again when the others have had their turn. Must not throw.
 */
export type Take = (most: number) => number;
