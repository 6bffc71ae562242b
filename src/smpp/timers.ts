import type { SessionLimits } from "./limits.ts";

/** Moments of a session, in milliseconds of `clock.tickMs()`. */
export interface Timers {
  /** Since when a bind is awaited: the opening or a refused one; undefined when one was asked for. */
  unboundMs: number | undefined;
  /** Anything at all was read. */
  readMs: number;
  /** A message or its answer went either way. */
  messageMs: number;
  /** When the enquire_link was sent that is not answered yet. */
  enquiredMs: number | undefined;
}

export type Overdue = "session_init_timeout" | "enquire_link_unanswered" | "inactive";

export function newTimers(nowMs: number): Timers {
  return {
    unboundMs: nowMs,
    readMs: nowMs,
    messageMs: nowMs,
    enquiredMs: undefined,
  };
}

/**
 * What time demands now: nothing, to ask whether the peer lives, or to close with that reason. A
 * pure look; the caller sets `enquiredMs` when it has asked. The timers are those of SMPP v3.4 §2.9,
 * where the response timer is the window's.
 */
export function tick(
  timers: Timers,
  limits: Pick<
    SessionLimits,
    "sessionInitMs" | "responseTimeoutMs" | "enquireLinkMs" | "inactivityMs"
  >,
  nowMs: number,
): "wait" | "enquireLink" | Overdue {
  if (timers.unboundMs !== undefined)
    return nowMs - timers.unboundMs >= limits.sessionInitMs ? "session_init_timeout" : "wait";
  if (timers.enquiredMs !== undefined) {
    // Other traffic does not count: who answers messages but no enquire_link is broken too.
    if (nowMs - timers.enquiredMs >= limits.responseTimeoutMs) return "enquire_link_unanswered";
  }
  if (limits.inactivityMs > 0 && nowMs - timers.messageMs >= limits.inactivityMs) return "inactive";
  if (timers.enquiredMs === undefined && nowMs - timers.readMs >= limits.enquireLinkMs)
    return "enquireLink";
  return "wait";
}

/** ms between two looks at the timers of a session: fine enough for its shortest limit. */
export function tickEveryMs(limits: SessionLimits): number {
  const { sessionInitMs, responseTimeoutMs, enquireLinkMs, inactivityMs, unbindMs } = limits;
  const shortest = Math.min(
    sessionInitMs,
    responseTimeoutMs,
    enquireLinkMs,
    unbindMs,
    inactivityMs > 0 ? inactivityMs : Number.POSITIVE_INFINITY,
  );
  return Math.min(1_000, Math.max(5, Math.floor(shortest / 10)));
}
