import type { SendResult } from "../channel/channel.ts";
import { RETRIED_STATUSES } from "../model/error.ts";
import type { Status } from "../model/status.ts";

/** Milliseconds to the first retry; it doubles with each try up to the second number. */
const retryFirstMs = 1_000;
const retryMostMs = 60_000;

/** What follows from a peer's answer, or from none. */
export type Outcome =
  | {
      readonly do: "finish";
      readonly status: Status;
      readonly error: string | undefined;
      readonly providerId: string | undefined;
    }
  | {
      readonly do: "again";
      readonly waitMs: number;
      readonly error: string;
      /** The peer may have it already. */
      readonly uncertain: boolean;
    };

export function outcomeOf(
  result: SendResult,
  given: {
    /** Tries before this one. */
    readonly tries: number;
    readonly expiresMs: number;
    readonly nowMs: number;
    /** What a message becomes that the peer has taken. */
    readonly taken: Status;
    /** It is not tried again, whatever the answer; it is when left out. */
    readonly once?: boolean;
  },
): Outcome {
  switch (result.kind) {
    case "taken":
      return finish(given.taken, undefined, result.providerId);
    case "impossible":
      return finish("FAILED", `${result.code}: ${result.text}`);
    case "refused":
      if (!RETRIED_STATUSES.has(result.status)) return finish("FAILED", result.text);
      return again(result.text, false);
    case "uncertain":
      return again(result.why, true);
  }

  function again(error: string, uncertain: boolean): Outcome {
    if (given.once === true) return finish("FAILED", error);
    const waitMs = Math.min(retryFirstMs * 2 ** given.tries, retryMostMs);
    // Not again before the validity ends, so it ends now, with this as its reason.
    if (given.nowMs + waitMs >= given.expiresMs) return finish("EXPIRED", error);
    return { do: "again", waitMs, error, uncertain };
  }
}

function finish(status: Status, error: string | undefined, providerId?: string): Outcome {
  return { do: "finish", status, error, providerId };
}
