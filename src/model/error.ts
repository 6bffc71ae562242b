/** Who has to act: the one who sent or scripted it, the network behind us, or we. */
export type Fault = "user" | "provider" | "us";

export interface ErrorEntry {
  readonly fault: Fault;
  /** May the sender try the same again? */
  readonly retry: "later" | "never";
  /** command_status for SMPP peers (SMPP v3.4 §5.1.3); undefined where it is never sent. */
  readonly smpp: number | undefined;
  /** HTTP status; undefined where it is never sent. */
  readonly http: number | undefined;
  /** `err:` of a delivery receipt; undefined where a receipt never carries it. */
  readonly receipt: number | undefined;
  /** One sentence: what it means and what to do next. */
  readonly advice: string;
}

/**
 * The one catalogue of errors. A code is never reused for something else. `docs/errors.md` is made
 * from this table and a test holds it.
 */
export const ERRORS = {
  message_too_long: {
    fault: "user",
    retry: "never",
    smpp: 0x01,
    http: 400,
    receipt: 10,
    advice: "The text is longer than the channel takes; send it in parts or as message_payload.",
  },
  bad_pdu_length: {
    fault: "user",
    retry: "never",
    smpp: 0x02,
    http: 400,
    receipt: undefined,
    advice: "The length of the PDU does not fit its content; mend the peer's encoder.",
  },
  unsupported_command: {
    fault: "user",
    retry: "never",
    smpp: 0x03,
    http: 404,
    receipt: undefined,
    advice: "This operation is not offered here; see docs/promises.md for what is.",
  },
  wrong_bind_state: {
    fault: "user",
    retry: "never",
    smpp: 0x04,
    http: 403,
    receipt: undefined,
    advice:
      "The operation is not allowed in this session's state; bind first, with a type that fits.",
  },
  already_bound: {
    fault: "user",
    retry: "never",
    smpp: 0x05,
    http: 409,
    receipt: undefined,
    advice: "The session is bound already; open another connection for another bind.",
  },
  too_many_binds: {
    fault: "user",
    retry: "later",
    smpp: 0x05,
    http: 409,
    receipt: undefined,
    advice: "The account has as many sessions as it may; close one or raise its limit.",
  },
  bad_priority: {
    fault: "user",
    retry: "never",
    smpp: 0x06,
    http: 400,
    receipt: undefined,
    advice: "priority_flag must be 0, 1, 2 or 3.",
  },
  bad_registered_delivery: {
    fault: "user",
    retry: "never",
    smpp: 0x07,
    http: 400,
    receipt: undefined,
    advice:
      "registered_delivery carries reserved bits; use 0, 1 or 2, with 0x10 for intermediate reports.",
  },
  channel_drained: {
    fault: "us",
    retry: "later",
    smpp: 0x08,
    http: 503,
    receipt: undefined,
    advice: "An operator has drained the channel, so nobody may bind to it now; try again later.",
  },
  internal: {
    fault: "us",
    retry: "later",
    smpp: 0x08,
    http: 500,
    receipt: 27,
    advice:
      "Something failed on our side and nothing was applied; try again, and look at the trace and the log.",
  },
  trigger_failed: {
    fault: "user",
    retry: "later",
    smpp: 0x08,
    http: 500,
    receipt: undefined,
    advice:
      "A trigger threw or overran, so nothing was applied; `signalbox trigger list` names it.",
  },
  trigger_unavailable: {
    fault: "user",
    retry: "later",
    smpp: 0x08,
    http: 503,
    receipt: undefined,
    advice:
      "A trigger for this event is quarantined or failed to load; mend its file, it is loaded at once.",
  },
  answered_twice: {
    fault: "user",
    retry: "later",
    smpp: 0x08,
    http: 500,
    receipt: undefined,
    advice:
      "Triggers gave two answers that contradict each other; only one trigger should answer an event.",
  },
  decision_timeout: {
    fault: "user",
    retry: "later",
    smpp: 0x08,
    http: 503,
    receipt: undefined,
    advice:
      "The triggers took longer than eventDeadlineMs, so nothing was applied; make the slow call faster or raise the limit.",
  },
  unanswered: {
    fault: "user",
    retry: "later",
    smpp: 0x08,
    http: 503,
    receipt: undefined,
    advice:
      "No trigger answered; add one that accepts, or see `signalbox trigger list` for what runs.",
  },
  bad_source: {
    fault: "user",
    retry: "never",
    smpp: 0x0a,
    http: 400,
    receipt: 15,
    advice: "The sender's address is not valid or not allowed for this account.",
  },
  bad_destination: {
    fault: "user",
    retry: "never",
    smpp: 0x0b,
    http: 400,
    receipt: 11,
    advice: "The destination is not a number that can be sent to.",
  },
  no_route: {
    fault: "user",
    retry: "never",
    smpp: 0x0b,
    http: 422,
    receipt: 11,
    advice: "No route leads to this number.",
  },
  unknown_channel: {
    fault: "user",
    retry: "never",
    smpp: 0x0b,
    http: 422,
    receipt: 11,
    advice: "No channel of that name; see `signalbox channel list`.",
  },
  unknown_message_id: {
    fault: "user",
    retry: "never",
    smpp: 0x0c,
    http: 404,
    receipt: undefined,
    advice: "No message of this account has that id.",
  },
  bind_refused: {
    fault: "user",
    retry: "never",
    smpp: 0x0d,
    http: 403,
    receipt: undefined,
    advice: "The bind was refused by a rule, or no trigger answered it.",
  },
  bad_password: {
    fault: "user",
    retry: "never",
    smpp: 0x0e,
    http: 401,
    receipt: undefined,
    advice: "The password does not fit the account; `signalbox account password` sets a new one.",
  },
  unknown_account: {
    fault: "user",
    retry: "never",
    smpp: 0x0f,
    http: 401,
    receipt: undefined,
    advice: "No account of that name; see `signalbox account list`.",
  },
  cancel_too_late: {
    fault: "user",
    retry: "never",
    smpp: 0x11,
    http: 409,
    receipt: undefined,
    advice: "The message has left already and cannot be cancelled.",
  },
  queue_full: {
    fault: "us",
    retry: "later",
    smpp: 0x14,
    http: 503,
    receipt: undefined,
    advice: "The queue is at its limit; send again later.",
  },
  bad_esm_class: {
    fault: "user",
    retry: "never",
    smpp: 0x43,
    http: 400,
    receipt: undefined,
    advice: "esm_class is not one that a customer may send.",
  },
  refused_by_rule: {
    fault: "user",
    retry: "never",
    smpp: 0x45,
    http: 403,
    receipt: 12,
    advice: "A trigger refused the message; its reason is in the trace.",
  },
  no_credit: {
    fault: "user",
    retry: "never",
    smpp: 0x45,
    http: 402,
    receipt: 12,
    advice: "The account has too few credits; `signalbox account credit` adds some.",
  },
  duplicate: {
    fault: "user",
    retry: "never",
    smpp: 0x45,
    http: 409,
    receipt: 18,
    advice: "The same message was sent just before.",
  },
  throttled: {
    fault: "user",
    retry: "later",
    smpp: 0x58,
    http: 429,
    receipt: undefined,
    advice: "More messages than the account may send in that time; send slower.",
  },
  overloaded: {
    fault: "us",
    retry: "later",
    smpp: 0x58,
    http: 503,
    receipt: undefined,
    advice: "More is under way than this limit allows; wait for answers before sending more.",
  },
  bad_schedule: {
    fault: "user",
    retry: "never",
    smpp: 0x61,
    http: 400,
    receipt: undefined,
    advice: "schedule_delivery_time must be empty or 16 characters as in SMPP v3.4 §7.1.1.",
  },
  bad_validity: {
    fault: "user",
    retry: "never",
    smpp: 0x62,
    http: 400,
    receipt: 17,
    advice: "validity_period must be empty or 16 characters as in SMPP v3.4 §7.1.1.",
  },
  try_later: {
    fault: "us",
    retry: "later",
    smpp: 0x64,
    http: 503,
    receipt: undefined,
    advice: "Not taken now; send it again later.",
  },
  rejected_by_receiver: {
    fault: "user",
    retry: "never",
    smpp: 0x66,
    http: undefined,
    receipt: undefined,
    advice: "The receiver does not want this message.",
  },
  query_failed: {
    fault: "user",
    retry: "later",
    smpp: 0x67,
    http: 404,
    receipt: undefined,
    advice: "The message could not be looked up.",
  },
  tlv_stream: {
    fault: "user",
    retry: "never",
    smpp: 0xc0,
    http: 400,
    receipt: undefined,
    advice: "The optional part of the PDU is cut short; mend the peer's encoder.",
  },
  tlv_length: {
    fault: "user",
    retry: "never",
    smpp: 0xc2,
    http: 400,
    receipt: undefined,
    advice: "An optional parameter has a length that its tag does not allow.",
  },
  delivery_failure: {
    fault: "provider",
    retry: "later",
    smpp: 0xfe,
    http: 502,
    receipt: 6,
    advice: "The message could not be handed on.",
  },
  unknown: {
    fault: "provider",
    retry: "later",
    smpp: 0xff,
    http: 500,
    receipt: 27,
    advice: "The other side failed without saying why.",
  },
  refused_by_provider: {
    fault: "provider",
    retry: "never",
    smpp: undefined,
    http: undefined,
    receipt: 6,
    advice: "The provider refused the message; its command_status is in the trace.",
  },
  loop: {
    fault: "user",
    retry: "never",
    smpp: undefined,
    http: undefined,
    receipt: 27,
    advice: "The message came back to us three times; mend the forwarding triggers.",
  },
  expired_here: {
    fault: "us",
    retry: "never",
    smpp: undefined,
    http: undefined,
    receipt: 16,
    advice: "The message's validity ended in our queue.",
  },
  expired_there: {
    fault: "provider",
    retry: "never",
    smpp: undefined,
    http: undefined,
    receipt: 26,
    advice: "The message's validity ended at the provider.",
  },
  no_report: {
    fault: "provider",
    retry: "never",
    smpp: undefined,
    http: undefined,
    receipt: 99,
    advice: "The provider never told what became of the message.",
  },
  parts_missing: {
    fault: "user",
    retry: "never",
    smpp: undefined,
    http: undefined,
    receipt: 16,
    advice: "Other parts of the text did not come in time (joinWaitMs); send all of it again.",
  },
  partial: {
    fault: "provider",
    retry: "never",
    smpp: undefined,
    http: undefined,
    receipt: 101,
    advice: "Some parts of the message were delivered, others not.",
  },
  multipart_failed: {
    fault: "provider",
    retry: "never",
    smpp: undefined,
    http: undefined,
    receipt: 102,
    advice: "No part of the message was delivered.",
  },
  response_timeout: {
    fault: "provider",
    retry: "later",
    smpp: undefined,
    http: 504,
    receipt: undefined,
    advice: "The peer did not answer in responseTimeoutMs; whether it has the message is unknown.",
  },
  connection_lost: {
    fault: "provider",
    retry: "later",
    smpp: undefined,
    http: 502,
    receipt: undefined,
    advice: "The connection ended before an answer came.",
  },
  bad_configuration: {
    fault: "user",
    retry: "never",
    smpp: undefined,
    http: undefined,
    receipt: undefined,
    advice: "Mend the named lines; `signalbox config check` tells all faults without starting.",
  },
  bad_request: {
    fault: "user",
    retry: "never",
    smpp: undefined,
    http: 400,
    receipt: undefined,
    advice: "The request is not of the form that is asked for.",
  },
  port_taken: {
    fault: "user",
    retry: "never",
    smpp: undefined,
    http: undefined,
    receipt: undefined,
    advice: "Another program listens there; stop it or choose another port in signalbox.yaml.",
  },
  database_unreachable: {
    fault: "user",
    retry: "later",
    smpp: undefined,
    http: 503,
    receipt: undefined,
    advice: "Check DATABASE_URL and that PostgreSQL runs.",
  },
  database_foreign: {
    fault: "user",
    retry: "never",
    smpp: undefined,
    http: undefined,
    receipt: undefined,
    advice: "The database holds tables that are not ours or of a newer version; name another one.",
  },
  database_taken: {
    fault: "user",
    retry: "never",
    smpp: undefined,
    http: undefined,
    receipt: undefined,
    advice: "Another gateway works on this database; stop it first.",
  },
  data_directory: {
    fault: "user",
    retry: "never",
    smpp: undefined,
    http: undefined,
    receipt: undefined,
    advice: "The data directory cannot be used; name another one or mend its rights.",
  },
  not_running: {
    fault: "user",
    retry: "later",
    smpp: undefined,
    http: undefined,
    receipt: undefined,
    advice: "No gateway answers there; start one with `npx signalbox start`.",
  },
  bad_token: {
    fault: "user",
    retry: "never",
    smpp: undefined,
    http: 401,
    receipt: undefined,
    advice: "The admin port wants `Authorization: Bearer` with a token of `signalbox admin token`.",
  },
  wrong_host: {
    fault: "user",
    retry: "never",
    smpp: undefined,
    http: 421,
    receipt: undefined,
    advice: "The admin port does not answer to that name; list it in admin.hosts.",
  },
  not_ready: {
    fault: "us",
    retry: "later",
    smpp: undefined,
    http: 503,
    receipt: undefined,
    advice: "The gateway is starting or stopping; ask again in a moment.",
  },
  message_in_flight: {
    fault: "us",
    retry: "later",
    smpp: undefined,
    http: 409,
    receipt: undefined,
    advice: "The message is with the peer at this moment; look again when it has answered.",
  },
  not_resendable: {
    fault: "user",
    retry: "never",
    smpp: undefined,
    http: 409,
    receipt: undefined,
    advice: "Only a message that has ended, or that the peer may have, can be sent once more.",
  },
  cancelled: {
    fault: "us",
    retry: "never",
    smpp: undefined,
    http: undefined,
    receipt: 6,
    advice: "An operator took the message out of the queue before it was sent.",
  },
  unknown_queue: {
    fault: "user",
    retry: "never",
    smpp: undefined,
    http: 404,
    receipt: undefined,
    advice: "No queue of that name; see `signalbox queue list`.",
  },
  wrong_queue: {
    fault: "user",
    retry: "never",
    smpp: undefined,
    http: 409,
    receipt: undefined,
    advice: "What waits in this queue cannot go out by that one; name another one.",
  },
  unknown_session: {
    fault: "user",
    retry: "never",
    smpp: undefined,
    http: 404,
    receipt: undefined,
    advice: "No session has that id; see `signalbox session list`.",
  },
  unknown_report: {
    fault: "user",
    retry: "never",
    smpp: undefined,
    http: 404,
    receipt: undefined,
    advice: "No unmatched report of that id; see `signalbox report unmatched`.",
  },
  unknown_dead_letter: {
    fault: "user",
    retry: "never",
    smpp: undefined,
    http: 404,
    receipt: undefined,
    advice: "No dead letter has that id; see `signalbox deadletter list`.",
  },
  backup_running: {
    fault: "user",
    retry: "later",
    smpp: undefined,
    http: 409,
    receipt: undefined,
    advice: "One backup is made at a time; wait until that one is done.",
  },
  backup_broken: {
    fault: "user",
    retry: "never",
    smpp: undefined,
    http: undefined,
    receipt: undefined,
    advice: "The backup cannot be used and nothing was changed; take another file.",
  },
  backup_file: {
    fault: "user",
    retry: "never",
    smpp: undefined,
    http: undefined,
    receipt: undefined,
    advice: "The file cannot be read or written; name another one, mend its rights or make room.",
  },
  backup_version: {
    fault: "user",
    retry: "never",
    smpp: undefined,
    http: undefined,
    receipt: undefined,
    advice:
      "The backup is of another version of Signalbox; restore it with that version or a later one.",
  },
  backup_stalled: {
    fault: "user",
    retry: "later",
    smpp: undefined,
    http: undefined,
    receipt: undefined,
    advice: "The backup was given up, because it was no longer read; begin it again.",
  },
  database_not_empty: {
    fault: "user",
    retry: "never",
    smpp: undefined,
    http: undefined,
    receipt: undefined,
    advice:
      "Nothing was changed; name an empty database, or replace what is there with `--replace`.",
  },
  restore_failed: {
    fault: "user",
    retry: "later",
    smpp: undefined,
    http: undefined,
    receipt: undefined,
    advice:
      "PostgreSQL could not take all of it, so nothing was changed; do what it says and begin again.",
  },
  account_exists: {
    fault: "user",
    retry: "never",
    smpp: undefined,
    http: 409,
    receipt: undefined,
    advice: "There is an account of that name; see `signalbox account list`.",
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

/** An expected refusal. Anything else that is thrown is a fault of ours. */
export class GatewayError extends Error {
  override readonly name = "GatewayError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message?: string, options?: ErrorOptions) {
    super(message ?? ERRORS[code].advice, options);
    this.code = code;
  }

  get entry(): ErrorEntry {
    return ERRORS[this.code];
  }
}

/** command_status for a code that a peer is refused with; a code that has none is told as 0x08. */
export function commandStatusOf(code: ErrorCode | number): number {
  return typeof code === "number" ? code : (ERRORS[code].smpp ?? 0x08);
}

/** Statuses after which the same message is tried again, towards provider and customer alike. */
export const RETRIED_STATUSES: ReadonlySet<number> = new Set([0x08, 0x14, 0x58, 0x64, 0xfe, 0xff]);
