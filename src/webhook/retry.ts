import type { FetchAnswer } from "../http/fetch.ts";

/** Milliseconds to the second try; it doubles with each one. */
const retryFirstMs = 5_000;

/**
 * Tries in all. 5 s doubled 13 times is 22 h 45 min: long enough for a night and for a day of work, and
 * then nobody waits for it any more.
 */
export const triesMax = 15;

/** So much of a wait is left to chance, so that what failed together does not come back together. */
const jitterShare = 0.2;

/** What a server may ask for by Retry-After at most; it is longer than what people mean by it. */
const retryAfterMsMax = 3_600_000;

/** What became of one call. */
export type CallOutcome =
  | { readonly do: "done" }
  /** `afterMs`: the server itself said when. */
  | { readonly do: "again"; readonly reason: string; readonly afterMs: number | undefined }
  | { readonly do: "giveUp"; readonly reason: string }
  /** 410: its owner wants no more. */
  | { readonly do: "disable"; readonly reason: string };

/** 408 and 425 are about this moment; 429 and 5xx are about the endpoint's. A redirect may be mended. */
const AGAIN: ReadonlySet<number> = new Set([408, 425, 429]);

export function outcomeOfAnswer({
  status,
  headers,
}: Pick<FetchAnswer, "status" | "headers">): CallOutcome {
  if (status >= 200 && status < 300) return { do: "done" };
  const reason = `answered with ${status}`;
  if (status === 410) return { do: "disable", reason };
  if (status >= 400 && status < 500 && !AGAIN.has(status)) return { do: "giveUp", reason };
  return { do: "again", reason, afterMs: retryAfterMs(headers["retry-after"]) };
}

/** How long to wait after so many tries; `chance` is from 0 to 1. */
export function waitMs(tries: number, chance: number, firstMs = retryFirstMs): number {
  return Math.round(firstMs * 2 ** (tries - 1) * (1 - jitterShare / 2 + jitterShare * chance));
}

/** In seconds; a date (RFC 9110 §10.2.3) is rare, and then our own time is as good. */
function retryAfterMs(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,9}$/.test(text)) return undefined;
  return Math.min(Number(text) * 1_000, retryAfterMsMax);
}
