import { Cron } from "croner";
import type { DueTimes } from "../model/due-times.ts";
import { type Zone, zoneOf } from "./zone.ts";

/** Five fields, no more than crontab(5) knows: no seconds, years, `L`, `W`, `#`, `@daily`. */
const FIELDS = /^[\d*,/a-zA-Z-]+$/;

const NAMES = /[a-z]+/gi;

const KNOWN = new Set(
  "jan feb mar apr may jun jul aug sep oct nov dec sun mon tue wed thu fri sat".split(" "),
);

/** Characters of all five together. */
const cronCharactersMax = 200;

/** Every time is at least a minute after the one before. */
const minuteMs = 60_000;

/** What is due later than this begins with a day, which the hours have no part in. */
const dayMs = 86_400_000;

/**
 * The times of a schedule, or what is wrong with it.
 *
 * When clocks are put forward, what falls into the time that is skipped is due once, as it ends. When they
 * are put back, what falls into the time that comes twice is due the first time only. So a daily job runs
 * each day once. With `*` for the hours it goes by time that has really gone by: nothing is made up for
 * what is skipped, and what comes twice is due twice, so that a job of each quarter of an hour runs each.
 */
export function dueTimes(cron: string, zone: string): DueTimes | { readonly fault: string } {
  const told = JSON.stringify(cron);
  const fields = cron.trim().split(/\s+/);
  if (cron.length > cronCharactersMax)
    return { fault: `cron has ${cron.length} characters; ${cronCharactersMax} are allowed` };
  if (fields.length !== 5)
    return {
      fault: `cron is ${told}; it has five fields: minute, hour, day of the month, month, day of the week`,
    };
  const strange = fields.find((field) => !FIELDS.test(field)) ?? strangeName(cron);
  if (strange !== undefined) return { fault: `cron is ${told}; ${strange} is unknown there` };
  const place = zoneOf(zone);
  if (place === undefined)
    return { fault: `zone is ${JSON.stringify(zone)}, which is no name of the IANA database` };
  let job: Cron;
  try {
    // It reckons with wall times; what they are in the zone is said below.
    job = new Cron(fields.join(" "), { timezone: "UTC", paused: true, mode: "5-part" });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { fault: `cron is ${told}: ${why.replace("CronPattern: ", "")}` };
  }
  // 29 February is due every four or eight years, 30 February never.
  if (job.nextRun(new Date(0)) === null) return { fault: `cron is ${told}, which is never` };
  const next = fields[1] === "*" ? nextOfEachHour(job, place) : nextByTheClock(job, place);

  return {
    cron,
    zone,
    next,
    last(afterMs, untilMs) {
      let found = next(afterMs);
      if (found > untilMs) return undefined;
      // A year of minutes has half a million times; halving what is left finds the last in 20 steps.
      let end = untilMs;
      while (end - found >= minuteMs) {
        const middle = Math.floor((found + end) / 2);
        const after = next(middle);
        if (after <= untilMs) found = after;
        else end = middle;
      }
      return found;
    },
  };
}

function strangeName(cron: string): string | undefined {
  return cron.match(NAMES)?.find((name) => !KNOWN.has(name.toLowerCase()));
}

type Next = (afterMs: number) => number;

function nextByTheClock(job: Cron, zone: Zone): Next {
  return (afterMs) => {
    for (let wallMs = nextWall(job, zone.wallMs(afterMs)); ; wallMs = nextWall(job, wallMs)) {
      const atMs = zone.momentMs(wallMs);
      // In the second of two hours the first of them is over.
      if (atMs > afterMs) return atMs;
    }
  };
}

function nextOfEachHour(job: Cron, zone: Zone): Next {
  return (afterMs) => {
    const wallMs = zone.wallMs(afterMs);
    const waitMs = nextWall(job, wallMs) - wallMs;
    if (waitMs > dayMs) return zone.momentMs(wallMs + waitMs);
    const changeMs = zone.changeMs(afterMs, afterMs + waitMs);
    if (changeMs === undefined) return afterMs + waitMs;
    // From the change on the clocks show something else; that moment itself may be one.
    const newWallMs = zone.wallMs(changeMs);
    return changeMs + nextWall(job, newWallMs - 1) - newWallMs;
  };
}

function nextWall(job: Cron, afterMs: number): number {
  return job.nextRun(new Date(afterMs))?.getTime() ?? Infinity;
}
