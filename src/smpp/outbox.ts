import type { Socket } from "node:net";

/**
 * Joins what is written in one turn of the event loop into one write: a write per PDU is half of a
 * session's cost. It goes out at the end of the turn, so nothing waits for a timer. A microtask was
 * as fast when all is answered at once, and joins less when answers come from many promises.
 */
export interface Outbox {
  /** Octets that have not left the process, those that the socket holds included. */
  readonly octets: number;
  push(pdu: Buffer): void;
  /** Writes now. */
  flush(): void;
}

export function createOutbox(socket: Socket, counted: { writes: number }): Outbox {
  let waiting: Buffer[] = [];
  let waitingOctets = 0;
  let scheduled = false;

  return {
    get octets() {
      return waitingOctets + socket.writableLength;
    },
    push(pdu) {
      waiting.push(pdu);
      waitingOctets += pdu.length;
      if (scheduled) return;
      scheduled = true;
      setImmediate(flush);
    },
    flush,
  };

  function flush(): void {
    scheduled = false;
    const [first] = waiting;
    if (first === undefined) return;
    const octets = waiting.length === 1 ? first : Buffer.concat(waiting, waitingOctets);
    waiting = [];
    waitingOctets = 0;
    if (!socket.writable) return;
    counted.writes += 1;
    socket.write(octets);
  }
}
