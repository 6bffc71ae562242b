/**
 * The clocks of a place. A wall time is what they show, as milliseconds since 1970 as if they were UTC:
 * so one can reckon with it, and only where the clocks are changed it is not one moment.
 */
export interface Zone {
  wallMs(atMs: number): number;
  /**
   * The moment at which they show it: the first of two, and of none the moment at which they are put
   * forward over it.
   */
  momentMs(wallMs: number): number;
  /** The moment in between at which the clocks are changed; undefined when they are not. */
  changeMs(fromMs: number, untilMs: number): number | undefined;
}

/** Clocks are not changed twice within two days. */
const dayMs = 86_400_000;

/** undefined for what is no name of the IANA database. */
export function zoneOf(name: string): Zone | undefined {
  // Offsets such as +02:00 are taken for zones, too, and have no summer.
  if (/^[+-]/.test(name)) return undefined;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      calendar: "iso8601",
      numberingSystem: "latn",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch {
    return undefined;
  }

  function offsetMs(atMs: number): number {
    const shown: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
    for (const { type, value } of format.formatToParts(atMs)) shown[type] = Number(value);
    const { year = 0, month = 1, day, hour, minute, second } = shown;
    const wallMs = Date.UTC(year, month - 1, day, hour, minute, second);
    return wallMs - Math.floor(atMs / 1_000) * 1_000;
  }

  function changeMs(fromMs: number, untilMs: number): number | undefined {
    const before = offsetMs(fromMs);
    if (before === offsetMs(untilMs)) return undefined;
    let from = fromMs;
    let until = untilMs;
    while (until - from > 1) {
      const middle = Math.floor((from + until) / 2);
      if (offsetMs(middle) === before) from = middle;
      else until = middle;
    }
    return until;
  }

  return {
    wallMs: (atMs) => atMs + offsetMs(atMs),
    changeMs,
    momentMs(wallMs) {
      const before = offsetMs(wallMs - dayMs);
      const after = offsetMs(wallMs + dayMs);
      if (before === after) return wallMs - before;
      // Of two moments the one by the old offset is the first.
      if (offsetMs(wallMs - before) === before) return wallMs - before;
      if (offsetMs(wallMs - after) === after) return wallMs - after;
      return changeMs(wallMs - after, wallMs - before) ?? wallMs - before;
    },
  };
}
