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
  for (const some of [moments.slice(0, recentDays + 1), moments.slice(recentDays + 1)]) {
    const found = await idsAt(db, { end, moments: some }, account);
    if (found.length > 0) return found;
  }
  return [];
}

/** A probe of the key for each moment. */
async function idsAt(
  db: Kysely<Tables>,
  { end, moments }: ShortPlace,
  account?: string,
): Promise<string[]> {
  const lows = moments.map(({ fromMs }) => firstIdAt(fromMs));
  const highs = moments.map(({ untilMs }) => firstIdAt(untilMs + 1));
  // By the outer bounds, which are plain values, PostgreSQL leaves out other days before it plans. What else is asked
  // stands outside: with it PostgreSQL may think it cheaper to read a whole index of all that have a sender.
  const { rows } = await sql<{ id: string }>`
    select m.id
    from unnest(${arrayText(lows)}::uuid[], ${arrayText(highs)}::uuid[])
      with ordinality as day (low, high, number)
    cross join lateral (
      select id from (
        select id, parent, account from message
        where id >= ${lows.at(-1)}::uuid and id <= ${highs[0]}::uuid and id between day.low and day.high
        offset 0
      ) made
      where parent is null and substr(id::text, 20) = ${end}
        and (${account ?? null}::text is null or account = ${account ?? null})
      order by id desc
    ) m
    order by day.number limit ${idsMax}`.execute(db);
  return rows.map(({ id }) => id);
}
