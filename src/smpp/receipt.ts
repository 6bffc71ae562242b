import type { Sms, Tlv } from "../model/message.ts";
import type { Report } from "../model/report.ts";
import { toGsm7 } from "../sms/gsm7.ts";
import { isStandard, STATE_OF, STATES, stateOf } from "./receipt-state.ts";
import { fieldsOf, timeOf } from "./receipt-text.ts";
import { TAG, tlvOf } from "./tlv.ts";

/**
 * Delivery receipts: what an SMSC tells of a message, as a deliver_sm whose text has the form of
 * SMPP v3.4 appendix B and whose TLVs say the same again. Networks write that text in many ways,
 * so it is read as liberally as can be and written in exactly one form.
 */

/** esm_class, bits 5-2 (SMPP v3.4 §5.2.12): a receipt of the SMSC, and one that is not final. */
const receiptBit = 0x04;
const intermediateBit = 0x20;

/** Does this message tell what became of another one, so that it is a report and no SMS? */
export function isReceipt({ esmClass }: Sms): boolean {
  return (esmClass & (receiptBit | intermediateBit)) !== 0;
}

/** Characters of the message that a receipt repeats (SMPP v3.4 appendix B). */
export const quotedCharactersMax = 20;

/** Type 3 of network_error_code (SMPP v3.4 §5.3.2.31). */
const gsm = 3;

/**
 * Reads a receipt: TLVs first, then the text, in any order and case. Never throws; what is not there
 * is empty or undefined. A word that nobody knows is NOREPORT: networks send one receipt as a rule,
 * so to wait for another one would leave the customer without any outcome for days, and NOREPORT is
 * the one final status that a later report may still correct.
 */
export function reportFrom(sms: Sms): Report {
  const fields = fieldsOf(sms);
  const networkError = networkErrorOf(tlvOf(sms.tlvs, TAG.network_error_code));
  const { state, status } = stateOf(fields.stat, tlvOf(sms.tlvs, TAG.message_state)?.[0]);
  const isFinal = (sms.esmClass & receiptBit) !== 0;
  return {
    messageId: idIn(tlvOf(sms.tlvs, TAG.receipted_message_id)) || fields.id,
    status: isFinal ? status : "SENT",
    state,
    error: fields.err || (networkError === undefined ? "" : three(networkError.code)),
    submittedMs: timeOf(fields["submit date"]),
    doneMs: timeOf(fields["done date"]),
    text: fields.text,
    networkError,
  };
}

/**
 * The deliver_sm that tells a customer what became of his message. `way` is whose report goes to
 * whom: from the phone that he wrote to, to the sender that he gave. Called once per report.
 *
 * Only failures get a network_error_code, since no code says success: the network's own, else the
 * TP-Status that says the same as the state, so that never a reserved one is sent.
 */
export function receiptSms(report: Report, way: Pick<Sms, "from" | "to" | "serviceType">): Sms {
  const { messageId } = report;
  const usual = STATE_OF[report.status];
  const state = /^[A-Z]{1,7}$/.test(report.state) ? report.state : usual;
  const { status, number, tpStatus } = STATES[isStandard(state) ? state : usual];
  const head =
    `id:${messageId} sub:001 dlvrd:${status === "DELIVERED" ? "001" : "000"} ` +
    `submit date:${minute(report.submittedMs)} done date:${minute(report.doneMs)} ` +
    `stat:${state} err:${three(report.error)} text:`;
  const tlvs: Tlv[] = [
    { tag: TAG.receipted_message_id, octets: Buffer.from(`${messageId}\0`, "latin1") },
    { tag: TAG.message_state, octets: Buffer.of(number) },
  ];
  const { type, code } = report.networkError ?? { type: gsm, code: tpStatus };
  if (code !== undefined)
    tlvs.push({ tag: TAG.network_error_code, octets: Buffer.of(type, code >>> 8, code & 0xff) });
  return {
    from: way.from,
    to: way.to,
    serviceType: way.serviceType,
    esmClass: receiptBit,
    protocolId: 0,
    priority: 0,
    scheduleTime: "",
    validityPeriod: "",
    registeredDelivery: 0,
    replaceIfPresent: 0,
    dataCoding: 0,
    octets: Buffer.concat([Buffer.from(head, "latin1"), quoted(report.text)]),
    text: undefined,
    tlvs,
  };
}

/** Some leave out the NUL that ends it. */
function idIn(octets: Buffer | undefined): string {
  return octets?.toString("latin1").split("\0", 1)[0]?.trim() ?? "";
}

/** Some send three ASCII digits instead of a type and a number of two octets. */
function networkErrorOf(octets: Buffer | undefined): Report["networkError"] {
  if (octets === undefined || octets.length !== 3) return undefined;
  const digits = octets.toString("latin1");
  if (/^\d{3}$/.test(digits)) return { type: gsm, code: Number(digits) };
  return { type: octets[0] ?? 0, code: octets.readUInt16BE(1) };
}

/** YYMMDDhhmm in UTC; zeros for a moment that nobody knows. */
function minute(ms: number | undefined): string {
  if (ms === undefined) return "0000000000";
  return new Date(ms).toISOString().replaceAll(/[-T:]/g, "").slice(2, 12);
}

/** Three digits, or what else the network calls it. */
function three(error: string | number): string {
  return String(error).replaceAll(/\W/g, "").padStart(3, "0");
}

/** The quote in the receipt's own alphabet; a text that it cannot hold would be read wrongly. */
function quoted(text: string): Buffer {
  return toGsm7(text.slice(0, quotedCharactersMax)) ?? Buffer.alloc(0);
}
