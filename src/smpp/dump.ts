import { withoutPassword } from "./bind.ts";
import { COMMAND, commandName, commandOf, isResponse } from "./command.ts";
import { headerOctets, headerOf } from "./pdu.ts";
import { decodeShortMessage } from "./short-message.ts";
import { uint16At } from "./tlv.ts";

/** Octets of a PDU that are shown; what is behind them is the middle of a long text. */
export const dumpOctetsMax = 1_024;

/** What stands for an octet that is not to be seen. */
const mask = "*";

/** TLVs (SMPP v3.4 §5.3.2) that hold numbers and ids; all others may hold what somebody wrote. */
const SHOWN_TLVS: ReadonlySet<number> = new Set([
  0x0005, 0x0006, 0x0007, 0x0008, 0x000d, 0x000e, 0x000f, 0x0010, 0x0017, 0x0019, 0x001e, 0x0030,
  0x0201, 0x0204, 0x0205, 0x020a, 0x020b, 0x020c, 0x020d, 0x020e, 0x020f, 0x0210, 0x0304, 0x0420,
  0x0421, 0x0422, 0x0423, 0x0425, 0x0426, 0x0427, 0x0501, 0x1201, 0x1203, 0x1204, 0x130c, 0x1380,
  0x1383,
]);

/** A PDU as the log tells it. */
export interface PduDump {
  /** `submit_sm`, `submit_sm_resp`, or the number of an unknown one. */
  readonly command: string;
  readonly sequence: number;
  /** command_status, as `0x00000000`. */
  readonly status: string;
  /** Of the whole PDU. */
  readonly length: number;
  /** Two digits an octet; a masked octet is `2a`, which is a star. At most 1,024 octets. */
  readonly hex: string;
}

/**
 * Tells a PDU without the password, and without the text of a message unless `showText`. What cannot
 * be read as what it says it is shows nothing but its header.
 */
export function dumpOf(pdu: Buffer, { showText }: { readonly showText: boolean }): PduDump {
  const { id, status, sequence } = headerOf(pdu);
  const shown = showText ? withoutPassword(pdu) : masked(pdu, id);
  return {
    command: commandName(id),
    sequence,
    status: `0x${status.toString(16).padStart(8, "0")}`,
    length: pdu.length,
    hex: shown.toString("hex", 0, dumpOctetsMax),
  };
}

function masked(pdu: Buffer, id: number): Buffer {
  if (pdu.length === headerOctets) return pdu;
  if (isResponse(id)) return commandOf(id - 0x8000_0000) === undefined ? headerOnly(pdu) : pdu;
  switch (commandOf(id)) {
    case "submit_sm":
    case "deliver_sm":
    case "data_sm":
      return withoutText(pdu, id);
    case "bind_receiver":
    case "bind_transmitter":
    case "bind_transceiver":
    case "outbind":
      return withoutPassword(pdu);
    case "query_sm":
    case "cancel_sm":
    case "alert_notification":
    case "enquire_link":
    case "unbind":
      return pdu;
    case "replace_sm":
    case "submit_multi":
    case "broadcast_sm":
    case "query_broadcast_sm":
    case "cancel_broadcast_sm":
    case undefined:
      return headerOnly(pdu);
  }
}

function headerOnly(pdu: Buffer): Buffer {
  return Buffer.from(pdu).fill(mask, headerOctets);
}

/** SMPP v3.4 §4.4.1, §4.6.1, §4.7.1. */
function withoutText(pdu: Buffer, id: number): Buffer {
  const isData = id === COMMAND.data_sm;
  try {
    // Whatever a broken one holds may be text, so it must be sound to be shown.
    decodeShortMessage(isData ? "data_sm" : "submit_sm", pdu);
  } catch {
    return headerOnly(pdu);
  }
  const copy = Buffer.from(pdu);
  const behindText = (at: number): number => copy.indexOf(0, at) + 1;
  // service_type, then each address behind its TON and NPI, then esm_class.
  let at = behindText(headerOctets);
  at = behindText(at + 2);
  at = behindText(at + 2) + 1;
  // protocol_id, priority_flag, two times.
  if (!isData) at = behindText(behindText(at + 2));
  // registered_delivery and data_coding, and between them replace_if_present_flag.
  at += isData ? 2 : 3;
  if (!isData) {
    const length = copy[at + 1] ?? 0;
    at += 2;
    copy.fill(mask, at, at + length);
    at += length;
  }
  while (at + 4 <= copy.length) {
    const end = at + 4 + uint16At(copy, at + 2);
    if (!SHOWN_TLVS.has(uint16At(copy, at))) copy.fill(mask, at + 4, end);
    at = end;
  }
  return copy;
}
