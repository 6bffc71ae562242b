import { deliveryError, errText } from "../../model/delivery-error.ts";
import type { Report } from "../../model/report.ts";
import { isKnown, STATE_OF } from "../../smpp/receipt-state.ts";
import { type CodeTable, codeKey } from "./table.ts";

/** Type 3 of network_error_code (SMPP v3.4 §5.3.2.31). */
const gsm = 3;

/**
 * The report in our own codes: what `err:` means by the channel's table, else what network_error_code
 * means, else what the table says of all others. What the provider wrote stays in `raw`. The state
 * decides about the outcome; only where it says nothing (UNKNOWN, none, a word that nobody knows) does
 * the code decide, unless the report is `intermediate`. A code that contradicts the state is left as it
 * came. Called once per report.
 */
export function inOurCodes(report: Report, table: CodeTable, intermediate: boolean): Report {
  const { error, networkError } = report;
  const network = networkError === undefined ? "" : `${networkError.type}:${networkError.code}`;
  const known = table.errors.get(codeKey(error)) ?? table.networkErrors.get(network);
  const code = known ?? (report.status === "NOTDELIVERED" ? table.otherwise : undefined);
  const meant = deliveryError(code);
  if (code === undefined || meant === undefined) return report;

  const silent = report.state === "UNKNOWN" || !isKnown(report.state);
  const decides = silent && known !== undefined && !intermediate;
  const status = decides ? meant.status : report.status;
  if (!fits(status, meant.status)) return report;
  const state =
    status === report.status && !decides ? report.state : (meant.state ?? STATE_OF[status]);
  const seen = { ...report, status, state, code };
  if (table.err === "asReceived") return seen;
  const raw = [error, network].filter((part) => part !== "").join(" ");
  const failed = status === "NOTDELIVERED" && meant.tpStatus !== undefined;
  return {
    ...seen,
    error: table.customer.get(code) ?? errText(code),
    networkError: failed ? { type: gsm, code: meant.tpStatus } : undefined,
    ...(raw !== "" && { raw }),
  };
}

/** May a report of this status have a code that means this? What is under way may name any trouble. */
function fits(status: Report["status"], meant: Report["status"]): boolean {
  return (
    status === meant || status === "SENT" || (status === "NOTDELIVERED" && meant === "NOREPORT")
  );
}
