import { bareSms } from "../model/bare-sms.ts";
import { addressOf } from "../model/address.ts";
import type { Sms } from "../model/message.ts";
import type { BindType } from "../model/event.ts";
import { encodeBind } from "../smpp/bind.ts";
import type { Command } from "../smpp/command.ts";
import { headerOctets, newPdu } from "../smpp/pdu.ts";
import { type Fields, encodeRare } from "../smpp/rare.ts";
import { encodeShortMessage } from "../smpp/short-message.ts";
import { BIND_TYPE } from "../smpp/states.ts";
import type { Probe } from "./check.ts";

/** The PDUs that checks send; those that must be sound. */

export function bindPdu(
  sequence: number,
  { systemId, password, systemType }: Pick<Probe, "systemId" | "password" | "systemType">,
  bindType: BindType,
  version = 0x34,
): Buffer {
  const fields = { bindType, systemId, password, systemType, version };
  return encodeBind({ ...fields, addressRange: "", addressTon: 0, addressNpi: 0 }, sequence);
}

/** A plain message from and to the probe's numbers, with what a check wants otherwise. */
export function messagePdu(
  command: "submit_sm" | "deliver_sm" | "data_sm",
  sequence: number,
  { from, to }: Pick<Probe, "from" | "to">,
  changes: Partial<Sms> = {},
): Buffer {
  const octets = Buffer.from("Conformance", "latin1");
  const sms: Sms = { ...bareSms(addressOf(from), addressOf(to)), octets, ...changes };
  return encodeShortMessage(command, sms, { sequence, tlvs: true, pduOctetsMax: 65_536 });
}

/** Any request with a body that can be read, for a state in which it should not even be looked at. */
export function plausible(command: Command, sequence: number, probe: Probe): Buffer {
  if (command === "submit_sm" || command === "deliver_sm" || command === "data_sm")
    return messagePdu(command, sequence, probe);
  const bindType = BIND_TYPES[command];
  if (bindType !== undefined) return bindPdu(sequence, probe, bindType);
  return encodeRare(command, { sequence, fields: FIELDS[command] ?? {} });
}

const BIND_TYPES: Readonly<Partial<Record<Command, BindType>>> = BIND_TYPE;

const number = "15550100001";
const FIELDS: Readonly<Partial<Record<Command, Fields>>> = {
  query_sm: { message_id: "1" },
  cancel_sm: { message_id: "1" },
  replace_sm: { message_id: "1", short_message: Buffer.from("A", "latin1") },
  submit_multi: {
    dest_address: [{ ton: 1, npi: 1, digits: number }],
    short_message: Buffer.from("A", "latin1"),
  },
  alert_notification: { source_addr: number, esme_addr: number },
  outbind: { system_id: "signalbox", password: "" },
};

/** A PDU of these octets behind a sound header. */
export function withBody(id: number, sequence: number, body: string | Buffer): Buffer {
  const octets = typeof body === "string" ? octetsOf(body) : body;
  const pdu = newPdu(headerOctets + octets.length, id, 0, sequence);
  octets.copy(pdu, headerOctets);
  return pdu;
}

/** Octets from hex digits, among which blanks may stand. */
export function octetsOf(hexDigits: string): Buffer {
  return Buffer.from(hexDigits.replace(/\s/g, ""), "hex");
}

/** The same PDU with other octets at its end, and its length made right. */
export function appended(pdu: Buffer, hexDigits: string): Buffer {
  const octets = Buffer.concat([pdu, octetsOf(hexDigits)]);
  octets.writeUInt32BE(octets.length, 0);
  return octets;
}

/** The same PDU without its last octets, and its length made right. */
export function cut(pdu: Buffer, octets: number): Buffer {
  const shorter = Buffer.from(pdu.subarray(0, pdu.length - octets));
  shorter.writeUInt32BE(shorter.length, 0);
  return shorter;
}
