import type { ErrorCode } from "../model/error.ts";
import type { Sms } from "../model/message.ts";
import { modeOf } from "../model/mode.ts";
import { timeFrom } from "../smpp/time.ts";

/** When a message is to go out and when it is given up, in milliseconds since 1970 UTC. */
export interface Times {
  /** undefined: at once. */
  readonly scheduledMs: number | undefined;
  readonly expiresMs: number;
}

/** Why it cannot be so. */
export interface TimeFault {
  readonly code: Extract<ErrorCode, "bad_schedule" | "bad_validity">;
  readonly text: string;
}

/** Does its sender say anything of times? Nearly none does, and then nothing has to be worked out. */
export function hasTimes({ scheduleTime, validityPeriod }: Sms): boolean {
  return scheduleTime !== "" || validityPeriod !== "";
}

/**
 * What the times of a message mean that a customer sent (SMPP v3.4 §7.1.1), or what is wrong with
 * them. A relative validity is counted from now, as is a relative schedule; the channel's own, from
 * the moment that it is scheduled for. A schedule of just now is none.
 */
export function timesOf(
  {
    scheduleTime,
    validityPeriod,
    esmClass,
  }: Pick<Sms, "scheduleTime" | "validityPeriod" | "esmClass">,
  given: {
    readonly nowMs: number;
    /** Of a message that does not say so itself. */
    readonly validityMs: number;
    readonly scheduleAheadMs: number;
  },
): Times | TimeFault {
  const { nowMs, validityMs, scheduleAheadMs } = given;
  let startMs = nowMs;
  if (scheduleTime !== "") {
    const atMs = timeFrom(scheduleTime, nowMs);
    if (atMs === undefined) return badSchedule("it cannot be read");
    if (atMs < nowMs) return badSchedule("it is over");
    if (atMs > nowMs + scheduleAheadMs) return badSchedule("it is too far ahead");
    // Who waits for the outcome, or wants it at once or never, does not want it later.
    if (atMs > nowMs && modeOf(esmClass) !== "stored")
      return badSchedule(`there is none in ${modeOf(esmClass)} mode`);
    startMs = atMs;
  }
  const scheduledMs = startMs > nowMs ? startMs : undefined;
  if (validityPeriod === "") return { scheduledMs, expiresMs: startMs + validityMs };
  const expiresMs = timeFrom(validityPeriod, nowMs);
  if (expiresMs === undefined) return badValidity("it cannot be read");
  if (expiresMs <= startMs)
    return badValidity(scheduledMs === undefined ? "it is over" : "it ends before the schedule");
  return { scheduledMs, expiresMs };
}

function badSchedule(why: string): TimeFault {
  return { code: "bad_schedule", text: `schedule_delivery_time: ${why}` };
}

function badValidity(why: string): TimeFault {
  return { code: "bad_validity", text: `validity_period: ${why}` };
}
