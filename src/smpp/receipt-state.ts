import type { Report } from "../model/report.ts";

/** The eight words of SMPP v3.4 appendix B. */
export type ReceiptState =
  | "DELIVRD"
  | "EXPIRED"
  | "DELETED"
  | "UNDELIV"
  | "REJECTD"
  | "ENROUTE"
  | "ACCEPTD"
  | "UNKNOWN";

export interface StateFacts {
  readonly status: Report["status"];
  /** message_state (SMPP v3.4 §5.2.28). */
  readonly number: number;
  /** TP-Status (3GPP TS 23.040 §9.2.3.15) that says the same; only of failures, and no reserved one. */
  readonly tpStatus?: number;
}

export const STATES: Readonly<Record<ReceiptState, StateFacts>> = {
  ENROUTE: { status: "SENT", number: 1 },
  DELIVRD: { status: "DELIVERED", number: 2 },
  // 0x46 validity period expired, 0x48 deleted by SC administration.
  EXPIRED: { status: "NOTDELIVERED", number: 3, tpStatus: 0x46 },
  DELETED: { status: "NOTDELIVERED", number: 4, tpStatus: 0x48 },
  // 0x43 not obtainable, 0x42 connection rejected.
  UNDELIV: { status: "NOTDELIVERED", number: 5, tpStatus: 0x43 },
  ACCEPTD: { status: "SENT", number: 6 },
  UNKNOWN: { status: "NOREPORT", number: 7 },
  REJECTD: { status: "NOTDELIVERED", number: 8, tpStatus: 0x42 },
};

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.keys loses the keys' type.
export const receiptStates = Object.keys(STATES) as readonly ReceiptState[];

/** Words outside the specification that networks use, and misspelt ones. */
const OTHER_STATES: ReadonlyMap<string, Report["status"]> = new Map(
  Object.entries({
    SENT:
      "ACKED ACKD ACCEPTED ACCEPT ACCPTD BUFFRED BUFFERD BUFFERED BUFERED " +
      "ENROUT EN_ROUTE ENROUTED PENDING QUEUED RETRYING SCHEDULED SENT SUBMITTED SUBMITD TEMPFAIL",
    DELIVERED: "DELIVERED DELIVERD DELIVRED DELIVER DELVRD DELIVD DELIVERY DELIVERED_HANDSET",
    NOTDELIVERED:
      "UNDELIVERED UNDELIVERABLE UNDELIVRD UNDELIVERD UNDELIVE UNDELIVR UNDELVD UNDELIVERA " +
      "NOTDELIVERED NOT_DELIVERED NODELIV REJECTED REJECT REJCTD REJECD FAILED FAIL FAILURE " +
      "EXPIRE EXPIRD EXPIRES DELETE DELETD SKIPPED BLOCKED CANCELLED CANCELED",
    NOREPORT: "UNKNWON UNKNOW UNKNWN UNKNOWN_STATE",
  } satisfies Record<Report["status"], string>).flatMap(([status, words]) =>
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.entries loses the keys' type.
    words.split(" ").map((word) => [word, status as Report["status"]] as const),
  ),
);

/** The standard word for a status whose own word is none. */
export const STATE_OF: Readonly<Record<Report["status"], ReceiptState>> = {
  SENT: "ENROUTE",
  DELIVERED: "DELIVRD",
  NOTDELIVERED: "UNDELIV",
  NOREPORT: "UNKNOWN",
};

/** The words by message_state; the first and the last are of SMPP v5.0 §4.7.15. */
const WORDS: ReadonlyMap<number | undefined, string> = new Map([
  [0, "SCHEDULED"],
  ...receiptStates.map((word) => [STATES[word].number, word] as const),
  [9, "SKIPPED"],
]);

/** What the upper case word of a receipt means. */
export function statusOf(word: string): Report["status"] {
  return isStandard(word) ? STATES[word].status : (OTHER_STATES.get(word) ?? "NOREPORT");
}

/** Does the upper case word stand in any of our tables? */
export function isKnown(word: string): boolean {
  return isStandard(word) || OTHER_STATES.has(word);
}

/**
 * What a receipt says, by the word of its text and its message_state, either of which may be
 * missing. The number decides; a word outside the specification that means the same says more. Some
 * write the number where the word belongs.
 */
export function stateOf(
  text: string,
  number: number | undefined,
): Pick<Report, "state" | "status"> {
  const word = (/^\d$/.test(text) ? WORDS.get(Number(text)) : undefined) ?? text.toUpperCase();
  const status = statusOf(word);
  const told = WORDS.get(number);
  if (told === undefined) return { state: word || "UNKNOWN", status };
  const meant = statusOf(told);
  const saysMore = word !== "" && !isStandard(word) && status === meant;
  return { state: saysMore ? word : told, status: meant };
}

/** Is this number one of message_state? */
export function isMessageState(number: number): boolean {
  return WORDS.has(number);
}

export function isStandard(word: string): word is ReceiptState {
  return Object.hasOwn(STATES, word);
}
