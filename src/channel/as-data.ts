import type { Sms, Tlv } from "../model/message.ts";
import type { ShortMessageCommand } from "../smpp/command.ts";
import { timeFrom } from "../smpp/time.ts";
import { TAG, tlvOf } from "../smpp/tlv.ts";
import { version34 } from "../smpp/version.ts";

/** Seconds of qos_time_to_live, 4 octets (SMPP v3.4 §5.3.2.9). */
const timeToLiveMax = 0xffff_ffff;

/**
 * A message as data_sm (SMPP v3.4 §4.7.1), for a provider that wants it so. That has no fields for
 * priority and schedule, which are left out; a validity goes as qos_time_to_live. A peer of 3.3 knows
 * no data_sm.
 */
export function asData(
  sms: Sms,
  { version, nowMs }: { readonly version: number; readonly nowMs: number },
): { readonly command: ShortMessageCommand; readonly sms: Sms } {
  if (version < version34) return { command: "submit_sm", sms };
  const untilMs = timeFrom(sms.validityPeriod, nowMs);
  if (untilMs === undefined || tlvOf(sms.tlvs, TAG.qos_time_to_live) !== undefined)
    return { command: "data_sm", sms };
  const seconds = Math.min(timeToLiveMax, Math.max(1, Math.ceil((untilMs - nowMs) / 1_000)));
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(seconds);
  const life: Tlv = { tag: TAG.qos_time_to_live, octets };
  return { command: "data_sm", sms: { ...sms, tlvs: [...sms.tlvs, life] } };
}
