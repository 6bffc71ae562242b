import { dumpOf } from "../smpp/dump.ts";
import type { SessionOwner } from "../smpp/session.ts";
import type { ChannelHost } from "./channel.ts";

/** The same owner, with each PDU as one line of the log for as long as somebody wants that. */
export function withPduLog(
  { log, pdus }: ChannelHost,
  owner: Omit<SessionOwner, "dump">,
): SessionOwner {
  if (pdus === undefined) return owner;
  const { showText, wanted } = pdus;
  const dump: SessionOwner["dump"] = (direction, pdu, session) =>
    log.debug({ session: session.id, direction, ...dumpOf(pdu, { showText }) }, `pdu ${direction}`);
  return {
    ...owner,
    get dump() {
      return wanted() ? dump : undefined;
    },
  };
}
