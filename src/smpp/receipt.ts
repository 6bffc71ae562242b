import { bareSms } from "../model/bare-sms.ts";
import type { Sms, Tlv } from "../model/message.ts";
import type { Report } from "../model/report.ts";
import { isReservedTpStatus } from "../model/delivery-error.ts";
import { readStatus, type ReceiptReading, usualReading } from "./receipt-reading.ts";
import {
  isKnown,
  isMessageState,
  isStandard,
  STATE_OF,
  STATES,
  type StateFacts,
  stateOf,
} from "./receipt-state.ts";
import { type ReceiptForm, receiptOctets, standardForm, threeDigits } from "./receipt-template.ts";
import { fieldsOf, isReceiptText } from "./receipt-text.ts";
import { timeOf } from "./receipt-time.ts";
import { TAG, tlvOf } from "./tlv.ts";
import { latin1Of } from "../model/octets-text.ts";

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

/** esm_class, bits 5-2: what kind of message it is; and a header in its octets. */
const typeBits = 0x3c;
const userDataHeader = 0x40;

/**
 * Has this message no flag, and yet nothing but the whole form of a receipt as its text, or the TLVs
 * that only a receipt has? Some providers forget the flag; asked only where a channel says so, since
 * a person may write such a text, too.
 */
export function looksLikeReceipt(sms: Sms): boolean {
  if ((sms.esmClass & (typeBits | userDataHeader)) !== 0) return false;
  const named = idIn(tlvOf(sms.tlvs, TAG.receipted_message_id)) !== "";
  if (named && tlvOf(sms.tlvs, TAG.message_state)?.length === 1) return true;
  return isReceiptText(sms, isKnown);
}

/** Is it an intermediate notification (SMPP v3.4 §5.2.12), of which more will follow? */
export function isIntermediate({ esmClass }: Sms): boolean {
  return (esmClass & receiptBit) === 0 && (esmClass & intermediateBit) !== 0;
}

/** Type 3 of network_error_code (SMPP v3.4 §5.3.2.31). */
const gsm = 3;

/**
 * Reads a receipt: TLVs first, then the text, in any order and case. Never throws; what is not there
 * is empty or undefined, and `unread` says what was there and could not be read. A word that nobody
 * knows is NOREPORT: networks send one receipt as a rule, so to wait for another one would leave the
 * customer without any outcome for days, and NOREPORT is the one final status that a later report may
 * still correct. An intermediate notification is never final. Called once per report.
 */
export function reportFrom(sms: Sms, reading: ReceiptReading = usualReading): Report {
  const fields = fieldsOf(sms);
  const messageState = tlvOf(sms.tlvs, TAG.message_state);
  const number = messageState?.length === 1 ? messageState[0] : undefined;
  const networkOctets = tlvOf(sms.tlvs, TAG.network_error_code);
  const networkError = networkErrorOf(networkOctets);
  const told = stateOf(fields.stat, number);
  const submitted = timeOf(fields["submit date"]);
  const done = timeOf(fields["done date"]);
  const messageId = idOf(idIn(tlvOf(sms.tlvs, TAG.receipted_message_id)), fields.id, reading);

  const unread: string[] = [];
  if (messageId === "") unread.push("no id");
  if (submitted === undefined) noteDate(unread, "submit date", fields["submit date"]);
  if (done === undefined) noteDate(unread, "done date", fields["done date"]);
  if (fields.stat === "" && number === undefined) unread.push("no state");
  else if (!isKnown(told.state)) unread.push(`stat:${told.state.slice(0, shownMax)}`);
  if (messageState !== undefined && (number === undefined || !isMessageState(number)))
    unread.push(`message_state:${shownHex(messageState)}`);
  if (networkOctets !== undefined && networkError === undefined)
    unread.push(`network_error_code:${shownHex(networkOctets)}`);

  return {
    messageId,
    status: isIntermediate(sms) ? "SENT" : readStatus(told, reading),
    state: told.state,
    error: fields.err || (networkError === undefined ? "" : threeDigits(networkError.code)),
    submittedMs: submitted === undefined ? undefined : reading.clock(submitted),
    doneMs: done === undefined ? undefined : reading.clock(done),
    text: fields.text,
    networkError,
    ...(unread.length > 0 && { unread }),
  };
}

/** Characters of a value, and octets of a TLV, that are shown of what could not be read. */
const shownMax = 24;

function noteDate(unread: string[], label: string, digits: string): void {
  // Zeros are how networks write that there is no moment.
  if (digits !== "" && !/^0+$/.test(digits)) unread.push(`${label}:${digits.slice(0, shownMax)}`);
}

function shownHex(octets: Buffer): string {
  return octets.length === 0 ? "empty" : octets.toString("hex", 0, shownMax);
}

function idOf(inTlv: string, inText: string, { idFrom }: ReceiptReading): string {
  switch (idFrom) {
    case "tlv":
      return inTlv || inText;
    case "text":
      return inText || inTlv;
    case "tlvOnly":
      return inTlv;
    case "textOnly":
      return inText;
  }
}

/**
 * The message that tells a customer what became of his own. `way` is whose report goes to whom: from
 * the phone that he wrote to, to the sender that he gave. Called once per receipt.
 *
 * Only failures get a network_error_code, since no code says success: the network's own, else the
 * TP-Status that says the same as the state, so that never a reserved one is sent.
 */
export function receiptSms(
  report: Report,
  way: Pick<Sms, "from" | "to" | "serviceType">,
  form: ReceiptForm = standardForm,
): Sms {
  const usual = STATE_OF[report.status];
  const state = /^[A-Z]{1,7}$/.test(report.state) ? report.state : usual;
  const facts = STATES[isStandard(state) ? state : usual];
  const delivered = facts.status === "DELIVERED";
  return {
    ...bareSms(way.from, way.to),
    serviceType: way.serviceType,
    esmClass: report.status === "SENT" ? intermediateBit : receiptBit,
    octets: receiptOctets({ report, state, delivered, way }, form),
    tlvs: form.tlvs ? receiptTlvs(report, facts) : [],
  };
}

function receiptTlvs({ messageId, networkError }: Report, facts: StateFacts): Tlv[] {
  const tlvs: Tlv[] = [
    { tag: TAG.receipted_message_id, octets: Buffer.from(`${messageId}\0`, "latin1") },
    { tag: TAG.message_state, octets: Buffer.of(facts.number) },
  ];
  const reserved = networkError?.type === gsm && isReservedTpStatus(networkError.code);
  const own = reserved ? undefined : networkError;
  const { type, code } = own ?? { type: gsm, code: facts.tpStatus };
  if (code !== undefined)
    tlvs.push({ tag: TAG.network_error_code, octets: Buffer.of(type, code >>> 8, code & 0xff) });
  return tlvs;
}

/** Some leave out the NUL that ends it. */
function idIn(octets: Buffer | undefined): string {
  if (octets === undefined) return "";
  let end = 0;
  while (end < octets.length && octets[end] !== 0) end += 1;
  return latin1Of(octets, 0, end).trim();
}

/** Some send three ASCII digits instead of a type and a number of two octets. */
function networkErrorOf(octets: Buffer | undefined): Report["networkError"] {
  if (octets === undefined || octets.length !== 3) return undefined;
  const digits = octets.toString("latin1");
  if (/^\d{3}$/.test(digits)) return { type: gsm, code: Number(digits) };
  return { type: octets[0] ?? 0, code: octets.readUInt16BE(1) };
}
