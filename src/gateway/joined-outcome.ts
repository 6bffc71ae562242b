import type { ErrorCode } from "../model/error.ts";
import type { Status } from "../model/status.ts";

/** What a message has become by what was told of all its parts. */
export interface JoinedOutcome {
  readonly status: "DELIVERED" | "NOTDELIVERED" | "NOREPORT";
  readonly error: ErrorCode | undefined;
}

/**
 * One outcome of all parts; undefined while anything may still be told of one of them, which is so,
 * too, while it is not known to be taken. A text arrives whole or not: a part that failed decides,
 * and one that nobody told of leaves it open whether all of it came. Where only `failures` are told,
 * the others are not waited for once there is one.
 */
export function joinedOutcome(
  parts: readonly (Status | undefined)[],
  told: "all" | "failures" = "all",
): JoinedOutcome | undefined {
  const count = (status: Status): number => parts.filter((one) => one === status).length;
  const delivered = count("DELIVERED");
  const failed = count("NOTDELIVERED");
  const silent = count("NOREPORT");
  if (told === "failures" && failed > 0 && failed < parts.length)
    return { status: "NOTDELIVERED", error: "partial" };
  if (parts.length === 0 || delivered + failed + silent < parts.length) return undefined;
  if (failed === parts.length) return { status: "NOTDELIVERED", error: "multipart_failed" };
  if (failed > 0) return { status: "NOTDELIVERED", error: "partial" };
  if (silent > 0) return { status: "NOREPORT", error: "no_report" };
  return { status: "DELIVERED", error: undefined };
}
