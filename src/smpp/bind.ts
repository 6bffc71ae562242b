import type { BindType } from "../model/event.ts";
import { type BindCommand, COMMAND, GENERIC_NACK, nackStatus } from "./command.ts";
import { headerOctets, headerOf, uint32At } from "./pdu.ts";
import { decodeRare, encodeRare, numberField, textField } from "./rare.ts";
import { BIND_COMMAND, BIND_TYPE } from "./states.ts";
import { TAG, tlvOf } from "./tlv.ts";
import { ownVersionFor, version34 } from "./version.ts";

/** What a bind says (SMPP v3.4 §4.1.1). */
export interface BindFields {
  readonly bindType: BindType;
  /** At most 16 characters. */
  readonly systemId: string;
  /** At most 64 characters, in clear. */
  readonly password: string;
  readonly systemType: string;
  /** interface_version: 0x33, 0x34, 0x50. */
  readonly version: number;
  readonly addressRange: string;
  readonly addressTon: number;
  readonly addressNpi: number;
}

/** A peer that asks to bind. */
export interface BindRequest extends BindFields {
  readonly sequence: number;
}

export interface BindResult {
  /** command_status; 0 is bound. */
  readonly status: number;
  readonly systemId: string;
  /** sc_interface_version; undefined when the peer does not tell it. */
  readonly version: number | undefined;
}

/** Throws a `GatewayError` with the status for the answer. */
export function decodeBind(command: BindCommand, pdu: Buffer): BindRequest {
  const { fields } = decodeRare(command, pdu);
  return {
    sequence: headerOf(pdu).sequence,
    bindType: BIND_TYPE[command],
    systemId: textField(fields, "system_id"),
    password: textField(fields, "password"),
    systemType: textField(fields, "system_type"),
    version: numberField(fields, "interface_version"),
    addressRange: textField(fields, "address_range"),
    addressTon: numberField(fields, "addr_ton"),
    addressNpi: numberField(fields, "addr_npi"),
  };
}

export function encodeBind(bind: BindFields, sequence: number): Buffer {
  const fields = {
    system_id: bind.systemId,
    password: bind.password,
    system_type: bind.systemType,
    interface_version: bind.version,
    addr_ton: bind.addressTon,
    addr_npi: bind.addressNpi,
    address_range: bind.addressRange,
  };
  return encodeRare(BIND_COMMAND[bind.bindType], { sequence, fields });
}

/**
 * A refusal has no body (SMPP v3.4 §4.1.2). sc_interface_version goes only to peers that know TLVs:
 * older ones may choke on it.
 */
export function encodeBindAnswer(
  request: BindRequest,
  { status, systemId }: { status: number; systemId: string },
): Buffer {
  const command = `${BIND_COMMAND[request.bindType]}_resp`;
  const { sequence } = request;
  if (status !== 0) return encodeRare(command, { sequence, status });
  const octets = Buffer.of(ownVersionFor(request.version));
  const version = { tag: TAG.sc_interface_version, octets };
  const tlvs = request.version >= version34 ? [version] : [];
  return encodeRare(command, { sequence, fields: { system_id: systemId }, tlvs });
}

/** Reads a bind's answer as liberally as can be: the status is what counts. Never throws. */
export function decodeBindAnswer(bindType: BindType, pdu: Buffer): BindResult {
  const { id, status } = headerOf(pdu);
  if (id === GENERIC_NACK) return { status: nackStatus(status), systemId: "", version: undefined };
  try {
    const { fields, tlvs } = decodeRare(`${BIND_COMMAND[bindType]}_resp`, pdu);
    const version = tlvOf(tlvs, TAG.sc_interface_version)?.[0];
    return { status, systemId: textField(fields, "system_id"), version };
  } catch {
    // A name that is too long or a broken TLV changes nothing about being bound.
    return { status, systemId: "", version: undefined };
  }
}

/** A copy of a bind that may be shown: the password's octets are stars. Other PDUs as they are. */
export function withoutPassword(pdu: Buffer): Buffer {
  const id = uint32At(pdu, 4);
  const isBind =
    id === COMMAND.bind_receiver ||
    id === COMMAND.bind_transmitter ||
    id === COMMAND.bind_transceiver ||
    id === COMMAND.outbind;
  if (!isBind) return pdu;
  const copy = Buffer.from(pdu);
  const start = copy.indexOf(0, headerOctets) + 1;
  const nul = copy.indexOf(0, start);
  copy.fill("*", start === 0 ? headerOctets : start, nul === -1 ? copy.length : nul);
  return copy;
}
