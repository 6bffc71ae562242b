import type { Report } from "./report.ts";

/** One reason for which a message has ended as it has, or why it goes on. */
export interface DeliveryError {
  /** A word for traces and scripts. */
  readonly name: string;
  /** What the customer's manual says. */
  readonly text: string;
  /** What a report with this code says of the message; SENT is not final. */
  readonly status: Report["status"];
  /** The state of the receipt; the usual one of the status when left out. */
  readonly state?: "EXPIRED" | "REJECTD";
  /** Who has to act: the one who sent it, the phone, the network, we; undefined when all is well. */
  readonly fault: "sender" | "receiver" | "network" | "us" | undefined;
  /** Does it help to send the same again? */
  readonly retry: "later" | "never";
  /**
   * TP-Status (3GPP TS 23.040 §9.2.3.15) that says the same, for network_error_code; of failures
   * only, and never a reserved one.
   */
  readonly tpStatus?: number;
}

/**
 * The codes that `err:` of a receipt and a report's `code` may have, by number. Tables of channels
 * (`channel/report-codes`) translate what a provider says into these; a number is never used for
 * something else.
 */
export const DELIVERY_ERRORS = {
  2: ended("delivered_to_network", "Delivered to Network (final)"),
  3: underWay("delivered_to_network_so_far", "Delivered to Network (Intermediate)"),
  4: underWay("retrying", "Operator is Retrying Message"),
  5: ended("delivered", "Delivered to Phone"),
  // 0x43 not obtainable.
  6: failed("failed_at_operator", "Failed @ operator", "network", "never", 0x43),
  // 0x41 incompatible destination.
  10: failed("too_long", "Formatting Error SMS too long", "sender", "never", 0x41),
  11: failed("unknown_subscriber", "Unknown Subscriber", "sender", "never", 0x43),
  // 0x42 connection rejected.
  12: failed("insufficient_credit", "Insufficient Credit", "sender", "never", 0x42),
  13: failed("subscriber_barred", "Subscriber Barred", "receiver", "never", 0x42),
  14: failed("incorrect_billing", "Incorrect Billing C2", "sender", "never", 0x42),
  15: failed("invalid_originator", "Invalid Originator", "sender", "never", 0x42),
  // 0x46 validity period expired.
  16: expired("expired_at_gateway", "Message Expired @ Gateway", "us"),
  17: failed("invalid_expiry", "Invalid Expiry Value", "sender", "never", 0x46),
  // 0x48 deleted by the service centre's administration.
  18: failed("duplicate", "Duplicate Message", "sender", "never", 0x48),
  // 0x63 service rejected, temporary.
  19: failed(
    "billing_busy",
    "Out of Credit. Billing system busy or prepay message already in pipe",
    "sender",
    "later",
    0x63,
  ),
  20: failed("zero_length", "Zero length data", "sender", "never", 0x41),
  21: failed("binary_too_long", "Binary too long", "sender", "never", 0x41),
  22: failed("binary_format", "Binary incorrect format", "sender", "never", 0x41),
  // 0x65 error in the phone, 0x62 no response from the phone, both temporary.
  23: failed("sim_full", "Sim full", "receiver", "later", 0x65),
  24: failed("absent_subscriber", "Absent subscriber", "receiver", "later", 0x62),
  // 0x40 remote procedure error.
  25: failed("route_error", "Error in delivery to operator", "network", "later", 0x40),
  26: expired("expired_at_operator", "Message expired @ operator", "network"),
  27: silent("not_defined", "Not defined - status unknown"),
  99: silent("no_report", "SMS delivery receipt timeout"),
  101: failed(
    "partial",
    "Multipart delivered to Network - Partial success",
    "network",
    "later",
    0x43,
  ),
  102: failed(
    "multipart_failed",
    "Multipart Delivered to Network - Total Failure",
    "network",
    "later",
    0x43,
  ),
} as const satisfies Readonly<Record<number, DeliveryError>>;

export type DeliveryErrorCode = keyof typeof DELIVERY_ERRORS;

export const deliveryErrorCodes = Object.keys(DELIVERY_ERRORS).map(
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.keys loses the keys' type.
  (code) => Number(code) as DeliveryErrorCode,
);

/** Of a number that may be none of ours. */
export function deliveryError(code: number | undefined): DeliveryError | undefined {
  const known: Readonly<Record<number, DeliveryError>> = DELIVERY_ERRORS;
  return code === undefined ? undefined : known[code];
}

/** `err:` of a receipt for this code: three digits. */
export function errText(code: number): string {
  return String(code).padStart(3, "0");
}

/** 3GPP TS 23.040 §9.2.3.15: values that the specification keeps for later. */
export function isReservedTpStatus(value: number): boolean {
  if (value > 0x7f) return true;
  const group = value >> 5;
  const low = value & 0x1f;
  // In each group the upper half is the service centre's own.
  if (low >= 0x10) return false;
  return low > (LAST_ASSIGNED[group] ?? -1);
}

/** The last assigned value of the groups 0x00, 0x20, 0x40 and 0x60. */
const LAST_ASSIGNED = [0x02, 0x05, 0x09, 0x05] as const;

function ended(name: string, text: string): DeliveryError {
  return { name, text, status: "DELIVERED", fault: undefined, retry: "never" };
}

function underWay(name: string, text: string): DeliveryError {
  return { name, text, status: "SENT", fault: undefined, retry: "never" };
}

function failed(
  name: string,
  text: string,
  fault: "sender" | "receiver" | "network",
  retry: DeliveryError["retry"],
  tpStatus: number,
): DeliveryError {
  return { name, text, status: "NOTDELIVERED", fault, retry, tpStatus };
}

function expired(name: string, text: string, fault: "us" | "network"): DeliveryError {
  const status = "NOTDELIVERED";
  return { name, text, status, state: "EXPIRED", fault, retry: "never", tpStatus: 0x46 };
}

function silent(name: string, text: string): DeliveryError {
  return { name, text, status: "NOREPORT", fault: "network", retry: "later" };
}
