import { type Kysely, sql } from "kysely";
import { systemClock } from "../model/clock.ts";
import { firstIdAt } from "../model/id.ts";
import { shortPlace } from "../model/short-id.ts";
import { arrayText } from "./array-text.ts";
import type { Tables } from "./tables.ts";

/** Days back in which a message is looked for; nobody asks for an older one by eight digits. */
const daysMax = 60;

/** One a day at most for one account; more only where many accounts have short ids. */
const idsMax = 100;

/**
 * The ids of the messages that were given to their senders as this short one, the newest first; of one
 * account only, where that is named. Empty for what is no short id. A probe of the key for each day.
 */
export async function idsOfShort(
  db: Kysely<Tables>,
  text: string,
  account?: string,
): Promise<string[]> {
  const place = shortPlace(text, { nowMs: systemClock.nowMs(), days: daysMax });
  if (place === undefined) return [];
  const lows = place.moments.map(({ fromMs }) => firstIdAt(fromMs));
  const highs = place.moments.map(({ untilMs }) => firstIdAt(untilMs + 1));
  const { rows } = await sql<{ id: string }>`
    select m.id
    from unnest(${arrayText(lows)}::uuid[], ${arrayText(highs)}::uuid[])
      with ordinality as day (low, high, number)
    cross join lateral (
      select id from message
      where id between day.low and day.high and parent is null
        and substr(id::text, 20) = ${place.end}
        and (${account ?? null}::text is null or account = ${account ?? null})
      order by id desc offset 0
    ) m
    order by day.number limit ${idsMax}`.execute(db);
  return rows.map(({ id }) => id);
}
