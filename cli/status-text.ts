import type { Status } from "../src/model/status.ts";
import { type Paint, paint } from "./print.ts";

/** A status in the colour of its meaning: well, on its way, or not well. */
export function statusText(status: Status): string {
  return paint(PAINTS[status], status);
}

const PAINTS = {
  CREATED: "cyan",
  SCHEDULED: "cyan",
  QUEUED: "cyan",
  SENDING: "cyan",
  SENT: "cyan",
  RECEIVING: "cyan",
  RECEIVED: "cyan",
  DELIVERED: "green",
  NOREPORT: "yellow",
  NOTDELIVERED: "red",
  FAILED: "red",
  EXPIRED: "red",
  CANCELLED: "red",
} as const satisfies Record<Status, Paint>;
