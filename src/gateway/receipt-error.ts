import { ERRORS, type ErrorCode } from "../model/error.ts";
import type { Status } from "../model/status.ts";

/**
 * `err:` of a receipt for what ended without a report, three digits. `error` is what the status was
 * stored with: a code of the catalogue, which words may follow behind a colon, or the name of the
 * command_status with which a provider refused. What says nothing more is told as the status is.
 */
export function receiptError(status: Status, error: string | undefined): string {
  const word = error?.split(":", 1)[0] ?? "";
  const code = isCode(word) ? word : REFUSALS[word];
  // Why it was refused the last time is not why it has ended.
  const said = status === "EXPIRED" && !isCode(word) ? undefined : code && ERRORS[code].receipt;
  return String(said ?? USUAL[status] ?? ERRORS.refused_by_provider.receipt).padStart(3, "0");
}

const USUAL: Readonly<Partial<Record<Status, number>>> = {
  DELIVERED: 0,
  NOREPORT: ERRORS.no_report.receipt,
  EXPIRED: ERRORS.expired_here.receipt,
};

/** What a provider's refusal says about the message itself (SMPP v3.4 §5.1.3). */
const REFUSALS: Readonly<Record<string, ErrorCode>> = {
  ESME_RINVMSGLEN: "message_too_long",
  ESME_RINVSRCADR: "bad_source",
  ESME_RINVSRCTON: "bad_source",
  ESME_RINVSRCNPI: "bad_source",
  ESME_RINVDSTADR: "bad_destination",
  ESME_RINVDSTTON: "bad_destination",
  ESME_RINVDSTNPI: "bad_destination",
  ESME_RINVEXPIRY: "bad_validity",
};

function isCode(word: string): word is ErrorCode {
  return Object.hasOwn(ERRORS, word);
}
