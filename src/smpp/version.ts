import { commandStatusOf } from "../model/error.ts";
import { COMMAND_STATUS } from "./command-status.ts";
import { shortMessageOctetsMax } from "./limits.ts";

/** interface_version (SMPP v3.4 §5.2.4, v5.0 §4.7.13); everything below 0x34 is as 3.3. */
export const version34 = 0x34;
export const version50 = 0x50;

/** What both keep to, of a peer that binds with a version of the future. */
export function knownVersion(version: number): number {
  return Math.min(version, version50);
}

/** What a peer that bound with this version is told that we know (sc_interface_version). */
export function ownVersionFor(version: number): number {
  return version >= version50 ? version50 : version34;
}

/** Octets of short_message: sm_length is at most 254 (v3.4 §5.2.21), 255 since v5.0 (§4.7.28). */
export function shortOctetsMax(version: number): number {
  return version >= version50 ? shortMessageOctetsMax + 1 : shortMessageOctetsMax;
}

/** The first and the last command_status that v5.0 (§4.7.6) brought. */
const first50 = COMMAND_STATUS.ESME_RSERTYPUNAUTH;
const last50 = COMMAND_STATUS.ESME_RINVBCASTCHANIND;

/** What says the same to a peer that does not know the status; the rest failed for good. */
const BEFORE_50: ReadonlyMap<number, number> = new Map<number, number>([
  [COMMAND_STATUS.ESME_RSERTYPUNAUTH, COMMAND_STATUS.ESME_RINVSERTYP],
  [COMMAND_STATUS.ESME_RSERTYPUNAVAIL, COMMAND_STATUS.ESME_RINVSERTYP],
  [COMMAND_STATUS.ESME_RSERTYPDENIED, COMMAND_STATUS.ESME_RINVSERTYP],
  [COMMAND_STATUS.ESME_RINVSRCADDRSUBUNIT, COMMAND_STATUS.ESME_RINVTLVVAL],
  [COMMAND_STATUS.ESME_RINVDSTADDRSUBUNIT, COMMAND_STATUS.ESME_RINVTLVVAL],
]);

/**
 * The status as a peer of this version knows it: those of v5.0 are reserved before, and a peer may
 * take an unknown one for an outage. A vendor's own go as they are. Asked for with each answer.
 */
export function statusFor(status: number, version: number): number {
  if (status < first50 || status > last50 || version >= version50) return status;
  return BEFORE_50.get(status) ?? commandStatusOf("refused_by_rule");
}

/**
 * congestion_state (v5.0 §4.8.4.18): 0 idle to 100 congested, by the share of the requests that a peer
 * may have without an answer.
 */
export function congestionOf(unanswered: number, most: number): number {
  return Math.max(0, Math.min(100, Math.floor((unanswered * 100) / most)));
}
