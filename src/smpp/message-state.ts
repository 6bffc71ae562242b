import type { Status } from "../model/status.ts";
import { STATES, isStandard } from "./receipt-state.ts";
import { version50 } from "./version.ts";

/** SMPP v3.4 §5.2.28; 0 and 9 since v5.0 §4.7.15. */
export type MessageState = number;

const scheduled = 0;

const OF: Readonly<Record<Status, MessageState>> = {
  CREATED: STATES.ENROUTE.number,
  SCHEDULED: scheduled,
  QUEUED: STATES.ENROUTE.number,
  SENDING: STATES.ENROUTE.number,
  SENT: STATES.ENROUTE.number,
  DELIVERED: STATES.DELIVRD.number,
  NOTDELIVERED: STATES.UNDELIV.number,
  NOREPORT: STATES.UNKNOWN.number,
  FAILED: STATES.REJECTD.number,
  EXPIRED: STATES.EXPIRED.number,
  CANCELLED: STATES.DELETED.number,
  RECEIVING: STATES.ACCEPTD.number,
  RECEIVED: STATES.ACCEPTD.number,
};

/**
 * message_state of a query's answer. `word` is the network's own, such as `EXPIRED`, if it told one.
 * Before v5.0 there is none for what is scheduled: it is on its way.
 */
export function messageStateOf(
  status: Status,
  word: string | undefined,
  version: number,
): MessageState {
  if (status === "SCHEDULED" && version < version50) return STATES.ENROUTE.number;
  if (status === "NOTDELIVERED" && word !== undefined && isStandard(word))
    return STATES[word].number;
  return OF[status];
}
