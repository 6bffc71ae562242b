/** What a message can be. The names are the same in the database, the CLI, events and webhooks. */
export type Status =
  | "CREATED"
  | "SCHEDULED"
  | "QUEUED"
  | "SENDING"
  | "SENT"
  | "DELIVERED"
  | "NOTDELIVERED"
  | "NOREPORT"
  | "FAILED"
  | "EXPIRED"
  | "CANCELLED"
  | "RECEIVING"
  | "RECEIVED";

/**
 * What may follow what; never a step back. The one correction is a late final report after
 * NOREPORT, which is flagged; besides, an operator may send a message once more that has ended, and
 * its life is then QUEUED again (`Writer.resend`). SENDING goes to DELIVERED when the peer is a customer: his answer to
 * deliver_sm is the delivery.
 */
export const FOLLOWERS = {
  CREATED: ["SCHEDULED", "QUEUED", "FAILED"],
  SCHEDULED: ["QUEUED", "CANCELLED", "EXPIRED"],
  QUEUED: ["SENDING", "EXPIRED", "CANCELLED", "FAILED"],
  SENDING: ["SENT", "QUEUED", "FAILED", "EXPIRED", "DELIVERED"],
  SENT: ["DELIVERED", "NOTDELIVERED", "NOREPORT"],
  DELIVERED: [],
  NOTDELIVERED: [],
  NOREPORT: ["DELIVERED", "NOTDELIVERED"],
  FAILED: [],
  EXPIRED: [],
  CANCELLED: [],
  RECEIVING: ["RECEIVED", "FAILED", "EXPIRED", "CANCELLED"],
  RECEIVED: ["QUEUED", "FAILED"],
} as const satisfies Record<Status, readonly Status[]>;

/**
 * The statuses from which this one may be reached, for the `where` of an update. SENDING lives in
 * `pending` (a row with an owner), not in `state`: so what may follow SENDING may follow QUEUED there.
 */
export function predecessors(status: Status): Status[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.keys loses the keys' type.
  const direct = (Object.keys(FOLLOWERS) as Status[]).filter((from) =>
    (FOLLOWERS[from] as readonly Status[]).includes(status),
  );
  return direct.includes("SENDING") && !direct.includes("QUEUED") ? [...direct, "QUEUED"] : direct;
}
