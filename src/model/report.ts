import type { NamedTlv } from "./tlv.ts";

/**
 * What became of a message, as a network tells it. The fact; its wire form is a receipt. The same
 * shape is used for what a provider tells us and for what we tell a customer.
 */
export interface Report {
  /** The id by which whoever gets the report knows the message; empty when none was given. */
  readonly messageId: string;
  /** SENT: not final, it is still on its way. NOREPORT: the network itself does not know. */
  readonly status: "SENT" | "DELIVERED" | "NOTDELIVERED" | "NOREPORT";
  /** The network's own word, upper case: DELIVRD, UNDELIV, EXPIRED, DELETED, REJECTD, ... */
  readonly state: string;
  /** As received; three digits in the standard form, letters occur. */
  readonly error: string;
  /** Milliseconds since 1970 UTC; undefined when they were not given or cannot be read. */
  readonly submittedMs: number | undefined;
  readonly doneMs: number | undefined;
  /** The beginning of the message's text, if the report repeats it. */
  readonly text: string;
  /** Type and code of network_error_code (SMPP v3.4 §5.3.2.31), if given. */
  readonly networkError: { readonly type: number; readonly code: number } | undefined;
  /** Of the catalogue (`delivery-error.ts`), if the channel's table of codes knows it. */
  readonly code?: number;
  /** What the provider itself said, where the table has made another `error` of it. */
  readonly raw?: string;
  /** What could not be read, as `done date:170100940` or `no id`, for the trace; at most 8. */
  readonly unread?: readonly string[];
  /** What a provider said in optional parameters besides all that; left out when nothing. */
  readonly tlvs?: readonly NamedTlv[];
}
