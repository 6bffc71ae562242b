import type { Session, SessionCounters, SessionOptions } from "./contract.ts";
import type { SessionState } from "./states.ts";
import type { Timers } from "./timers.ts";

/** What the halves of a session share: the peer's requests, ours, and the connection under both. */
export interface Link extends SessionOptions {
  readonly session: Session;
  readonly timers: Timers;
  readonly counters: SessionCounters;
  state: SessionState;
  version: number;
  /** No new request of ours: the session is on its way to its end. */
  ending: boolean;
  /** Octets that wait for the peer to read. */
  waitingOctets(): number;
  /** Sends a PDU at the end of this turn; after the end of the session nothing. */
  write(pdu: Buffer): void;
  /** A request of either side was settled, so what waits for that may go on. */
  settled(): void;
  /** The peer asks to unbind. */
  unbindAsked(sequence: number): void;
  fault(error: unknown): void;
}
