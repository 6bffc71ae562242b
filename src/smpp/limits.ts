/** Everything in a session that could grow or wait. The defaults are `sessionLimits`. */
export interface SessionLimits {
  /**
   * Requests. Ours without an answer; `room()` counts down from it. 10 is what providers usually
   * grant; at the limit `send` throws `overloaded`.
   */
  readonly windowRequestsMax: number;
  /**
   * Requests. The peer's without our answer. A thousand at 2,000 messages/s are half a second of
   * work. At the limit the session refuses a message by itself (0x58 to a customer, 0x64 to a
   * provider).
   */
  readonly peerRequestsMax: number;
  /**
   * Requests. query_sm, cancel_sm and replace_sm of the peer without our answer. Who polls does it in
   * turns, so a few are enough; at the limit they are refused as messages are, and messages go on.
   */
  readonly peerQuestionsMax: number;
  /**
   * Octets of one PDU. 64 KiB holds the largest message_payload but for the header. A longer one
   * ends the connection, since what follows could not be found.
   */
  readonly pduOctetsMax: number;
  /**
   * Octets that wait for the peer to read. 1 MiB are some 30,000 answers. Our own requests are held
   * back at the limit (`room()` is 0); when answers pass it, the connection is closed.
   */
  readonly writeBufferOctetsMax: number;
  /** ms. Then a request of ours is settled as unanswered; 60 s is what most providers assume. */
  readonly responseTimeoutMs: number;
  /**
   * ms. After this long without anything read the peer is asked whether it lives. Half a minute is
   * below the idle times of common firewalls.
   */
  readonly enquireLinkMs: number;
  /** ms. Without any message in either direction the session is closed; 0 is never. */
  readonly inactivityMs: number;
  /** ms. A connection on which nobody asks to bind for so long is closed. */
  readonly sessionInitMs: number;
  /**
   * ms. How long each step of an end may take: answers to what we sent, unbind_resp, and our own
   * answers to a peer that unbinds.
   */
  readonly unbindMs: number;
  /**
   * Sequence numbers of requests that timed out and must not be used again until their late answer
   * comes. The oldest is forgotten at the limit; by then the count has moved on by as many.
   */
  readonly lateAnswersMax: number;
}

export const sessionLimits: SessionLimits = {
  windowRequestsMax: 10,
  peerRequestsMax: 1_000,
  peerQuestionsMax: 50,
  pduOctetsMax: 65_536,
  writeBufferOctetsMax: 1_048_576,
  responseTimeoutMs: 60_000,
  enquireLinkMs: 30_000,
  inactivityMs: 0,
  sessionInitMs: 5_000,
  unbindMs: 5_000,
  lateAnswersMax: 10_000,
};

/**
 * Requests above `peerRequestsMax` at which reading stops. Messages are refused before, and so are
 * queries; it is a last resort, since a paused peer's enquire_link waits too.
 */
export const pauseAboveRequests = 100;

/**
 * ms. A closed connection may still write out what is left, such as the refusal of a bind, and the
 * peer may read it; then it is cut off.
 */
export const lingerMs = 1_000;

/** Octets with their NUL. The tables say 16 and 9, but many peers send more than 8 as a password. */
export const systemIdOctetsMax = 17;
export const passwordOctetsMax = 65;

/** Octets of short_message (SMPP v3.4 §5.2.21); longer user data goes as message_payload. */
export const shortMessageOctetsMax = 254;
