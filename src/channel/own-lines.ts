import type { Socket } from "node:net";
import type { Session } from "../smpp/session.ts";

/**
 * Connections whose both ends are ours: a client channel that is bound to a server channel of the same
 * gateway. A number of ours at one end is the peer's at the other, and so is the sequence number of a
 * request, so what comes in there is known to be what we sent, without a word more on the wire.
 *
 * One for all channels of a gateway. While no such connection is bound, what is asked for each message
 * is one comparison.
 */
export interface OwnLines {
  /** A channel has connected. */
  called(session: Session, socket: Socket): void;
  /** A peer has bound; perhaps it is one of those. */
  bound(session: Session): void;
  ended(session: Session): void;
  /** A message with so many hops has been sent as this request. */
  sent(session: Session, sequence: number | undefined, hops: number): void;
  /** The hops of what has come in as this request, before it came; undefined for what is not ours. */
  hopsBefore(session: Session, sequence: number): number | undefined;
}

/** Requests that are remembered for each end: more than any window holds. */
const sentMax = 20_000;

interface End {
  /** The hops of what it has sent, by sequence number; the oldest first. */
  readonly sent: Map<number, number>;
  other: End | undefined;
}

export function createOwnLines(): OwnLines {
  /** Of connections that we have made, by our own address and port. */
  const calls = new Map<string, Session>();
  const ends = new Map<Session, End>();

  return {
    called(session, { localAddress = "", localPort = 0 }) {
      calls.set(placeOf(localAddress, localPort), session);
    },
    bound(session) {
      const caller = calls.get(session.remote);
      if (caller === undefined || caller === session) return;
      const one: End = { sent: new Map(), other: undefined };
      ends.set(session, one);
      ends.set(caller, (one.other = { sent: new Map(), other: one }));
    },
    ended(session) {
      ends.delete(session);
      for (const [place, one] of calls) if (one === session) calls.delete(place);
    },
    sent(session, sequence, hops) {
      if (ends.size === 0 || sequence === undefined) return;
      const sent = ends.get(session)?.sent;
      if (sent === undefined) return;
      sent.delete(sequence);
      sent.set(sequence, hops);
      const [oldest] = sent.keys();
      if (sent.size > sentMax && oldest !== undefined) sent.delete(oldest);
    },
    hopsBefore(session, sequence) {
      if (ends.size === 0) return undefined;
      return ends.get(session)?.other?.sent.get(sequence);
    },
  };
}

/** As `Session.remote` writes it. */
function placeOf(address: string, port: number): string {
  return `${address.includes(":") ? `[${address}]` : address}:${port}`;
}
