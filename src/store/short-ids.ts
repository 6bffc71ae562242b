import { type Kysely, sql } from "kysely";
import { systemClock } from "../model/clock.ts";
import { firstIdAt } from "../model/id.ts";
import { type ShortPlace, shortPlace } from "../model/short-id.ts";
import { arrayText } from "./array-text.ts";
import type { Tables } from "./tables.ts";

/** Days back in which a message is looked for; nobody asks for an older one by eight digits. */
const daysMax = 60;

/** Days back that are looked at first, because nearly all who ask mean one of these. */
const recentDays = 7;

/** Older days are looked at four weeks side by side, on half of the connections: they wait for the disk. */
const weekDays = 7;
const weeksAtOnce = 4;

/** One a day at most for one account; more only where many accounts have short ids. */
const idsMax = 100;

/**
 * The ids of the messages that were given to their senders as this short one, the newest first; of one
 * account only, where that is named. Empty for what is no short id. Older ones are looked for only where the
 * last days have none: each day is a page or two that may have to come from the disk.
 */
export async function idsOfShort(
  db: Kysely<Tables>,
  text: string,
  account?: string,
): Promise<string[]> {
  const place = shortPlace(text, { nowMs: systemClock.nowMs(), days: daysMax });
  if (place === undefined) return [];
  const { end, moments } = place;
  const recent = moments.slice(0, recentDays + 1);
  let found = await idsAt(db, { end, moments: recent }, account);
  const older: (readonly Moment[])[] = [];
  for (let at = recentDays + 1; at < moments.length; at += weekDays)
    older.push(moments.slice(at, at + weekDays));
  while (found.length === 0 && older.length > 0) {
    const weeks = older.splice(0, weeksAtOnce);
    const each = weeks.map((week) => idsAt(db, { end, moments: week }, account));
    found = (await Promise.all(each)).flat();
  }
  return found.slice(0, idsMax);
}

type Moment = ShortPlace["moments"][number];

/** A probe of the key for each moment. */
async function idsAt(
  db: Kysely<Tables>,
  { end, moments }: ShortPlace,
  account?: string,
): Promise<string[]> {
  const lows = moments.map(({ fromMs }) => firstIdAt(fromMs));
  const highs = moments.map(({ untilMs }) => firstIdAt(untilMs + 1));
  // By the outer bounds, which are plain values, PostgreSQL leaves out other days before it plans.
  const { rows } = await sql<{ id: string }>`
    select m.id
    from unnest(${arrayText(lows)}::uuid[], ${arrayText(highs)}::uuid[])
      with ordinality as day (low, high, number)
    cross join lateral (
      select id from message
      where id >= ${lows.at(-1)}::uuid and id <= ${highs[0]}::uuid
        and id between day.low and day.high and parent is null
        and substr(id::text, 20) = ${end}
        and (${account ?? null}::text is null or account = ${account ?? null})
      order by id desc offset 0
    ) m
    order by day.number limit ${idsMax}`.execute(db);
  return rows.map(({ id }) => id);
}
