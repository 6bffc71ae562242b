import { type Kysely, sql } from "kysely";
import { systemClock } from "../model/clock.ts";
import { firstIdAt, idFrom } from "../model/id.ts";
import { hasReference } from "./customer-messages.ts";
import { type Span, newestOfNumbers, within } from "./of-number.ts";
import { idsOfShort } from "./short-ids.ts";
import type { Tables } from "./tables.ts";

/** Tries and parts of one message that may have the same provider's id; nearly always it is one. */
const triesPerMessage = 8;

/** Who uses one reference always is looked for by his number. */
const sameReferenceMax = 1_000;

const dayMs = 86_400_000;

/** Days back that are looked through at a time before all that are kept: nearly all who ask mean these. */
const recentDays = [1, 7] as const;

/**
 * The originals that a key is about: our id, a provider's, a number or a customer's reference; newest first.
 * What has the key in the last days goes before anything older that has it in another way.
 */
export async function rootsFor(db: Kysely<Tables>, key: string, limit: number): Promise<string[]> {
  const id = idFrom(key);
  if (id !== undefined) {
    const { rows } = await sql<{ root: string }>`
      select root from message where id = ${id}::uuid`.execute(db);
    if (rows.length > 0) return rows.map((row) => row.root);
  }
  const short = await idsOfShort(db, key);
  if (short.length > 0) return short.slice(0, limit);
  const text = key.replaceAll("\0", "");
  if (text === "") return [];
  const ways = text.startsWith("+")
    ? [ofNumber, ofProvider, ofReference]
    : [ofProvider, ofNumber, ofReference];
  const asked = { text, limit };
  const { spans, older } = spansBack(systemClock.nowMs());
  for (const way of ways) {
    const found = await newestFirst(spans, (span) => way(db, { ...asked, span }), limit);
    if (found.size === 0) continue;
    if (found.size < limit)
      for (const root of await way(db, { ...asked, span: older })) found.add(root);
    return [...found].slice(0, limit);
  }
  // Pages of the older days wait for the disk, so that the ways go to it side by side.
  const each = await Promise.all(ways.map((way) => way(db, { ...asked, span: older })));
  return [...(each.find((found) => found.length > 0) ?? [])];
}

/** One way to find originals: the newest of a span that have this text. */
type Way = (
  db: Kysely<Tables>,
  asked: { readonly text: string; readonly span: Span; readonly limit: number },
) => Promise<readonly string[]>;

/** The newest by the index's own order: a provider with few ids uses one for millions. */
const ofProvider: Way = async (db, { text, span, limit }) => {
  const { rows } = await sql<{ root: string }>`
    select distinct root from (
      select root from attempt
      where provider_id is not null
        and ltrim(lower(provider_id collate "C"), '0') = ltrim(lower(${text} collate "C"), '0')
        and ${within(span)}
      order by id desc limit ${limit * triesPerMessage}) a
    order by root desc limit ${limit}`.execute(db);
  return rows.map(({ root }) => root);
};

const ofNumber: Way = async (db, { text, span, limit }) => {
  const sides = ["to", "from"] as const;
  const newest = newestOfNumbers(bothForms(text), { sides, limit, ...span });
  return (await newest.execute(db)).rows.map(({ id }) => id);
};

/** What a customer calls his message, over HTTP. */
const ofReference: Way = async (db, { text, span, limit }) => {
  const { rows } = await sql<{ id: string }>`
    select id from (
      select id from message
      where parent is null and ${hasReference(text)} and ${within(span)}
      limit ${sameReferenceMax}) m
    order by id desc limit ${limit}`.execute(db);
  return rows.map(({ id }) => id);
};

/**
 * What many messages have is found in the newest days, whatever else is kept. PostgreSQL plans for each
 * day that it may have to read, so it is asked for few of them first.
 */
async function newestFirst(
  spans: readonly Span[],
  find: (span: Span) => Promise<readonly string[]>,
  limit: number,
): Promise<Set<string>> {
  const found = new Set<string>();
  for (const span of spans) {
    for (const root of await find(span)) found.add(root);
    if (found.size >= limit) break;
  }
  return found;
}

function spansBack(nowMs: number): { spans: readonly Span[]; older: Span } {
  const spans: Span[] = [];
  let before: string | undefined;
  for (const days of recentDays) {
    const least = firstIdAt(nowMs - days * dayMs);
    spans.push({ least, before });
    before = least;
  }
  return { spans, older: { before } };
}

/** A person may write a number with or without its `+`. */
export function bothForms(number: string): string[] {
  return number.startsWith("+") ? [number, number.slice(1)] : [number, `+${number}`];
}
