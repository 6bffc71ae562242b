import { type Kysely, sql } from "kysely";
import type { Status } from "../model/status.ts";
import { arrayText } from "./array-text.ts";
import type { Tables } from "./tables.ts";

/** A part that a peer has taken, and what was reported of it since. */
export interface TakenPart {
  /** From 1 to `parts`. */
  readonly part: number;
  readonly parts: number;
  /** Of the way of splitting that it belongs to. */
  readonly reference: number;
  /** SENT until something is reported of it; DELIVERED at once where a customer took it. */
  readonly status: Status;
}

/** A message that went out in parts, as the database knows it. */
export interface InParts {
  /** Of the message itself: what it has become, or is becoming. */
  readonly status: Status;
  /** In the order in which they were taken. */
  readonly taken: readonly TakenPart[];
}

/** Statuses of a try that the peer has not taken. */
const NOT_TAKEN: readonly Status[] = ["QUEUED", "FAILED"];

/** The parts of these messages that were taken, by message; those without any are left out. */
export async function takenPartsOf(
  db: Kysely<Tables>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly TakenPart[]>> {
  if (ids.length === 0) return new Map();
  const { rows } = await sql<TakenPart & { readonly id: string }>`
    select id, part, parts, reference, status from attempt
    where id = any (${arrayText(ids)}::uuid[]) and part is not null
      and status <> all (${arrayText(NOT_TAKEN)}::text[])
    order by at, tries, part`.execute(db);
  return Map.groupBy(rows, (row) => row.id);
}

/** undefined when the message is not kept any more. */
export async function inPartsOf(db: Kysely<Tables>, id: string): Promise<InParts | undefined> {
  const { rows } = await sql<{ readonly status: Status }>`
    select coalesce(s.status, r.status) as status
    from (select id, root from message where id = ${id}::uuid) m
    join lateral (select status from state where id = m.root offset 0) r on true
    left join lateral (select status from state where id = m.id offset 0) s on true`.execute(db);
  const [found] = rows;
  if (found === undefined) return undefined;
  const taken = await takenPartsOf(db, [id]);
  return { status: found.status, taken: taken.get(id) ?? [] };
}
