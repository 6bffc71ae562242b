import type { Sms, Tlv } from "../model/message.ts";

/** message_state (SMPP v3.4 §5.2.28) by the words that stand for it in a receipt's text. */
const STATES = {
  ENROUTE: 1,
  DELIVRD: 2,
  EXPIRED: 3,
  DELETED: 4,
  UNDELIV: 5,
  ACCEPTD: 6,
  UNKNOWN: 7,
  REJECTD: 8,
} as const;

export type ReceiptState = keyof typeof STATES;

export const receiptStates: readonly string[] = Object.keys(STATES);

/** What a delivery receipt says. */
export interface Receipt {
  readonly id: string;
  readonly state: ReceiptState;
  /** Three digits as a rule; empty when it says none. */
  readonly error: string;
}

/** esm_class of a receipt, SMPP v3.4 §5.2.12. */
const esmClassReceipt = 0x04;
const messageTypeBits = 0x3c;

const receiptedMessageId = 0x001e;
const messageState = 0x0427;

/** Receipts quote this many octets of the text, as networks do. */
const quotedOctetsMax = 20;

/**
 * The deliver_sm that reports a message: the text of SMPP v3.4 appendix B, and the same again as
 * receipted_message_id and message_state. It goes back the way the message came.
 */
export function receiptSms(options: {
  readonly original: Sms;
  readonly receipt: Receipt;
  readonly submittedMs: number;
  readonly doneMs: number;
}): Sms {
  const { original, receipt, submittedMs, doneMs } = options;
  const { id, state, error } = receipt;
  const delivered = state === "DELIVRD" ? "001" : "000";
  const head =
    `id:${id} sub:001 dlvrd:${delivered} submit date:${minute(submittedMs)} ` +
    `done date:${minute(doneMs)} stat:${state} err:${error} text:`;
  return {
    from: original.to,
    to: original.from,
    serviceType: original.serviceType,
    esmClass: esmClassReceipt,
    protocolId: 0,
    priority: 0,
    scheduleTime: "",
    validityPeriod: "",
    registeredDelivery: 0,
    replaceIfPresent: 0,
    dataCoding: 0,
    octets: Buffer.concat([Buffer.from(head, "latin1"), quoted(original)]),
    text: undefined,
    tlvs: [
      { tag: receiptedMessageId, octets: Buffer.from(`${id}\0`, "latin1") },
      { tag: messageState, octets: Buffer.of(STATES[state]) },
    ],
  };
}

/** Reads a receipt, from the TLVs where they are there, else from the text; undefined if it is none. */
export function receiptOf(sms: Sms): Receipt | undefined {
  if ((sms.esmClass & messageTypeBits) !== esmClassReceipt) return undefined;
  const text = sms.octets.toString("latin1");
  const id = tlv(sms, receiptedMessageId)?.octets.toString("latin1").replace(/\0.*$/s, "");
  const number = tlv(sms, messageState)?.octets[0];
  const word = number === undefined ? /\bstat:(\w+)/i.exec(text)?.[1]?.toUpperCase() : undefined;
  return {
    id: id ?? /\bid:(\S+)/i.exec(text)?.[1] ?? "",
    state: stateNames.find((name) => STATES[name] === number || name === word) ?? "UNKNOWN",
    error: /\berr:(\w+)/i.exec(text)?.[1] ?? "",
  };
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.keys loses the keys' type.
const stateNames = Object.keys(STATES) as ReceiptState[];

function tlv(sms: Sms, tag: number): Tlv | undefined {
  return sms.tlvs.find((one) => one.tag === tag);
}

/** Text in a coding other than the receipt's own would be read wrongly, so it is left out. */
function quoted(original: Sms): Buffer {
  const plain = original.dataCoding === 0 && (original.esmClass & 0x40) === 0;
  return plain ? original.octets.subarray(0, quotedOctetsMax) : Buffer.alloc(0);
}

/** YYMMDDhhmm in UTC. */
function minute(ms: number): string {
  return new Date(ms).toISOString().replaceAll(/[-T:]/g, "").slice(2, 12);
}
