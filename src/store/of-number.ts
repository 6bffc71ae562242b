import { type RawBuilder, sql } from "kysely";

/** The two ends of a message. */
export type Side = "to" | "from";

/** A stretch of ids, and so of time. */
export interface Span {
  /** Only older ones than this id, and none older than that. */
  readonly before?: string | undefined;
  readonly least?: string | undefined;
}

export function within({ before, least }: Span): RawBuilder<unknown> {
  const younger = least === undefined ? sql`true` : sql`id >= ${least}::uuid`;
  return before === undefined ? younger : sql`${younger} and id < ${before}::uuid`;
}

/**
 * The ids of the newest originals from or to these numbers. Each number on each side is a query of its own,
 * because only then PostgreSQL can walk its index backwards and stop: of a sender of millions it would
 * else read all of them to find the newest.
 */
export function newestOfNumbers(
  numbers: readonly string[],
  given: Span & { readonly sides: readonly Side[]; readonly limit: number },
): RawBuilder<{ id: string }> {
  const { sides, limit } = given;
  const all = sides.flatMap((side) =>
    numbers.map(
      (number) => sql`
        (select id from message
          where parent is null and ${sql.ref(`${side}_address`)} = ${number} and ${within(given)}
          order by id desc limit ${limit})`,
    ),
  );
  return sql`${sql.join(all, sql` union `)} order by id desc limit ${limit}`;
}
