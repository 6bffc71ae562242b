import type { Message } from "./message.ts";

/** How a customer wants his message to be handled (SMPP v3.4 §2.10, esm_class bits 1-0). */
export type Mode =
  /** One attempt, at once or not at all; forgotten by a restart. */
  | "datagram"
  /** His answer is the outcome. */
  | "transaction"
  /** Store and forward: it is answered when it is stored, and tried until its validity ends. */
  | "stored";

const modeMask = 0x03;

/** 0 is the default of the SMSC, which here is to store and forward, as is 3. */
export function modeOf(esmClass: number): Mode {
  const bits = esmClass & modeMask;
  return bits === 1 ? "datagram" : bits === 2 ? "transaction" : "stored";
}

/**
 * Is it to be tried once only? Asked for with each row that is sent, so it looks at the bits. Of what
 * a provider brings they mean nothing, and it has come over no listener of ours.
 */
export function isDatagram({
  sms,
  hops,
  joined,
  destinations,
}: Pick<Message, "sms" | "hops" | "joined" | "destinations">): boolean {
  if (sms === undefined || (sms.esmClass & modeMask) !== 1) return false;
  return hops > 0 && joined === undefined && destinations === undefined;
}
