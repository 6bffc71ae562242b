import { type Kysely, sql } from "kysely";
import { idFrom } from "../model/id.ts";
import { idsOfShort } from "./short-ids.ts";
import { newestOfNumbers } from "./of-number.ts";
import type { Tables } from "./tables.ts";

/** Tries and parts of one message that may have the same provider's id; nearly always it is one. */
const triesPerMessage = 8;

/** The originals that a key is about: our id, a provider's, or a number; newest first. */
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
  // The newest by the index's own order: a provider with few ids uses one for millions.
  const byProvider = await sql<{ root: string }>`
    select distinct root from (
      select root from attempt
      where provider_id is not null
        and ltrim(lower(provider_id collate "C"), '0') = ltrim(lower(${text} collate "C"), '0')
      order by id desc limit ${limit * triesPerMessage}) a
    order by root desc limit ${limit}`.execute(db);
  if (byProvider.rows.length > 0) return byProvider.rows.map((row) => row.root);
  const newest = newestOfNumbers(bothForms(text), { sides: ["to", "from"], limit });
  const byNumber = await newest.execute(db);
  return byNumber.rows.map((row) => row.id);
}

/** A person may write a number with or without its `+`. */
export function bothForms(number: string): string[] {
  return number.startsWith("+") ? [number, number.slice(1)] : [number, `+${number}`];
}
