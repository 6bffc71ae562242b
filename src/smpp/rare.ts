import smpp from "smpp";
import { type ErrorCode, GatewayError } from "../model/error.ts";
import type { Tlv } from "../model/message.ts";
import { passwordOctetsMax, shortMessageOctetsMax, systemIdOctetsMax } from "./limits.ts";
import { checkText, copyOf, endOfText, octetAt, putText, textAt } from "./octets.ts";
import { headerOctets, newPdu, putUint32, uint32At } from "./pdu.ts";
import { decodeTlvs, putTlvs, tlvsOctets } from "./tlv.ts";

/**
 * The commands of which there are few: binds, query, cancel, replace, submit_multi, alert. Which
 * fields they have is taken from the npm package `smpp`; its readers and writers are not, since they
 * check no bounds, strip bits and drop TLVs.
 */

/** One of the receivers of a submit_multi (SMPP v3.4 §4.5.1.1). */
export type Destination =
  | { readonly ton: number; readonly npi: number; readonly digits: string }
  | { readonly list: string };

/** A receiver that a submit_multi did not reach (SMPP v3.4 §4.5.2.1). */
export interface Unreached {
  readonly ton: number;
  readonly npi: number;
  readonly digits: string;
  readonly status: number;
}

export type FieldValue = number | string | Buffer | readonly Destination[] | readonly Unreached[];
/** By the specification's names; `short_message` without its length. */
export type Fields = Readonly<Record<string, FieldValue>>;

export interface RareBody {
  readonly fields: Fields;
  readonly tlvs: readonly Tlv[];
}

/**
 * Reads the body of a whole PDU; nothing of the result refers to it. `command` is a name such as
 * `query_sm` or `query_sm_resp`. Throws a `GatewayError` with the status for the answer. A response
 * cannot be refused, so what it lacks at its end is taken as empty.
 */
export function decodeRare(command: string, pdu: Buffer): RareBody {
  const lenient = command.endsWith("_resp");
  const fields: Record<string, FieldValue> = {};
  let at = headerOctets;
  for (const { name, kind } of fieldsOf(command)) {
    if (lenient && at >= pdu.length) {
      fields[name] = emptyOf(kind);
      continue;
    }
    const [value, next] = read(kind, name, pdu, at, lenient);
    fields[name] = value;
    at = next;
  }
  return { fields, tlvs: at >= pdu.length ? [] : decodeTlvs(pdu, at) };
}

/**
 * Writes a whole PDU; a field that is not given is zero or empty. A response with a status and no
 * fields has no body. Throws a `GatewayError` for what the wire cannot carry.
 */
export function encodeRare(
  command: string,
  {
    sequence,
    status = 0,
    fields,
    tlvs = [],
  }: { sequence: number; status?: number; fields?: Fields; tlvs?: readonly Tlv[] },
): Buffer {
  const id = definitionOf(command).id;
  if (status !== 0 && fields === undefined && tlvs.length === 0)
    return newPdu(headerOctets, id, status, sequence);
  const parts = fieldsOf(command).map(({ name, kind }) =>
    write(kind, name, fields?.[name] ?? emptyOf(kind)),
  );
  const body = Buffer.concat(parts);
  const pdu = newPdu(headerOctets + body.length + tlvsOctets(tlvs), id, status, sequence);
  body.copy(pdu, headerOctets);
  putTlvs(pdu, headerOctets + body.length, tlvs);
  return pdu;
}

export function textField(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === "string" ? value : "";
}

export function numberField(fields: Fields, name: string): number {
  const value = fields[name];
  return typeof value === "number" ? value : 0;
}

type Kind = "octet" | "text" | "octets" | "destinations" | "unreached";

interface Field {
  readonly name: string;
  readonly kind: Kind;
}

const KINDS = new Map<unknown, Kind>([
  [smpp.types.int8, "octet"],
  [smpp.types.cstring, "text"],
  [smpp.types.buffer, "octets"],
  [smpp.types.dest_address_array, "destinations"],
  [smpp.types.unsuccess_sme_array, "unreached"],
]);

/** Most octets of a text with its NUL (SMPP v3.4 §4), and the code for one that is longer. */
const TEXTS: Readonly<Record<string, readonly [octetsMax: number, code: ErrorCode]>> = {
  system_id: [systemIdOctetsMax, "unknown_account"],
  password: [passwordOctetsMax, "bad_password"],
  system_type: [13, "bad_pdu_length"],
  address_range: [41, "bad_pdu_length"],
  service_type: [6, "bad_pdu_length"],
  source_addr: [21, "bad_source"],
  destination_addr: [21, "bad_destination"],
  dl_name: [21, "bad_destination"],
  esme_addr: [65, "bad_destination"],
  message_id: [65, "unknown_message_id"],
  schedule_delivery_time: [17, "bad_schedule"],
  validity_period: [17, "bad_validity"],
  final_date: [17, "bad_pdu_length"],
};

const FIELDS = new Map<string, readonly Field[]>();

function fieldsOf(command: string): readonly Field[] {
  const known = FIELDS.get(command);
  if (known !== undefined) return known;
  const fields = Object.entries(definitionOf(command).params ?? {}).map(([name, { type }]) => {
    const kind = KINDS.get(type);
    if (kind === undefined) throw new Error(`field ${name} of ${command} has an unknown type`);
    return { name, kind };
  });
  FIELDS.set(command, fields);
  return fields;
}

function definitionOf(command: string) {
  const definition = smpp.commands[command];
  if (definition === undefined) throw new Error(`no command ${command}`);
  return definition;
}

function emptyOf(kind: Kind): FieldValue {
  if (kind === "octet") return 0;
  if (kind === "text") return "";
  return kind === "octets" ? Buffer.alloc(0) : [];
}

function read(
  kind: Kind,
  name: string,
  pdu: Buffer,
  at: number,
  lenient: boolean,
): [value: FieldValue, next: number] {
  switch (kind) {
    case "octet":
      return [octetAt(pdu, at), at + 1];
    case "text":
      return readText(name, pdu, at, lenient);
    case "octets": {
      const start = at + 1;
      const end = start + octetAt(pdu, at);
      if (end > pdu.length) throw new GatewayError("bad_pdu_length", `${name} is cut short`);
      if (end - start > shortMessageOctetsMax) throw new GatewayError("message_too_long");
      return [copyOf(pdu, start, end), end];
    }
    case "destinations":
      return readList(pdu, at, readDestination);
    case "unreached":
    default:
      return readList(pdu, at, readUnreached);
  }
}

function readText(name: string, pdu: Buffer, at: number, lenient: boolean): [string, number] {
  const [octetsMax, code] = TEXTS[name] ?? [65, "bad_pdu_length"];
  if (lenient && pdu.indexOf(0, at) === -1) return [textAt(pdu, at, pdu.length), pdu.length];
  const end = endOfText(pdu, at, octetsMax, code);
  return [textAt(pdu, at, end), end + 1];
}

function readList<T>(
  pdu: Buffer,
  at: number,
  item: (pdu: Buffer, at: number) => [T, number],
): [T[], number] {
  const items: T[] = [];
  let next = at + 1;
  for (let left = octetAt(pdu, at); left > 0; left -= 1) {
    const [value, behind] = item(pdu, next);
    items.push(value);
    next = behind;
  }
  return [items, next];
}

function readDestination(pdu: Buffer, at: number): [Destination, number] {
  const flag = octetAt(pdu, at);
  if (flag === listFlag) {
    const [list, next] = readText("dl_name", pdu, at + 1, false);
    return [{ list }, next];
  }
  if (flag !== addressFlag) throw new GatewayError("bad_destination_flag", `dest_flag is ${flag}`);
  const [digits, next] = readText("destination_addr", pdu, at + 3, false);
  return [{ ton: octetAt(pdu, at + 1), npi: octetAt(pdu, at + 2), digits }, next];
}

function readUnreached(pdu: Buffer, at: number): [Unreached, number] {
  const [digits, next] = readText("destination_addr", pdu, at + 2, false);
  octetAt(pdu, next + 3);
  const status = uint32At(pdu, next);
  return [{ ton: octetAt(pdu, at), npi: octetAt(pdu, at + 1), digits, status }, next + 4];
}

/** dest_flag (SMPP v3.4 §5.2.25). */
const addressFlag = 1;
const listFlag = 2;

function write(kind: Kind, name: string, value: FieldValue): Buffer {
  if (kind === "octet" && typeof value === "number") return Buffer.of(value);
  if (kind === "text" && typeof value === "string") return writeText(name, value);
  if (kind === "octets" && Buffer.isBuffer(value)) {
    if (value.length > shortMessageOctetsMax) throw new GatewayError("message_too_long");
    return Buffer.concat([Buffer.of(value.length), value]);
  }
  if ((kind === "destinations" || kind === "unreached") && Array.isArray(value)) {
    if (value.length > 254) throw new GatewayError("bad_request", `${name} has over 254 entries`);
    return Buffer.concat([Buffer.of(value.length), ...value.map(writeItem)]);
  }
  throw new Error(`field ${name} is given a value that is not ${kind}`);
}

function writeItem(item: Destination | Unreached): Buffer {
  if ("list" in item) return Buffer.concat([Buffer.of(listFlag), writeText("dl_name", item.list)]);
  const digits = writeText("destination_addr", item.digits);
  if (!("status" in item))
    return Buffer.concat([Buffer.of(addressFlag, item.ton, item.npi), digits]);
  const status = Buffer.alloc(4);
  putUint32(status, 0, item.status);
  return Buffer.concat([Buffer.of(item.ton, item.npi), digits, status]);
}

function writeText(name: string, text: string): Buffer {
  const [octetsMax, code] = TEXTS[name] ?? [65, "bad_pdu_length"];
  checkText(text, octetsMax, code);
  const octets = Buffer.allocUnsafe(text.length + 1);
  putText(octets, 0, text);
  return octets;
}
