import type pg from "pg";
import type { NumberTableDifference } from "../model/number-table.ts";

/** Lines that are shown of what is another one; the rest is counted. */
const examplesMax = 20;

/** What another version of a table has that the one before has not; of a million lines some seconds. */
export async function differenceOf(
  client: pg.Client,
  versions: { readonly name: string; readonly before: number | undefined; readonly after: number },
): Promise<NumberTableDifference> {
  const { name, before, after } = versions;
  const { rows } = await client.query<Row>(
    `with changed as materialized (
      select
        coalesce(n.low, o.low)::float8 as low,
        coalesce(n.high, o.high)::float8 as high,
        coalesce(n.network, o.network) as network,
        coalesce(n.provider, o.provider) as provider,
        coalesce(n.valid_from, o.valid_from)::float8 as "validFromS",
        case when o.low is null then 'added' when n.low is null then 'removed' else 'changed' end as what,
        case when o.low is not null then json_build_object('price', o.price, 'quality', o.quality,
          'weight', o.weight, 'blocked', o.blocked) end as before,
        case when n.low is not null then json_build_object('price', n.price, 'quality', n.quality,
          'weight', n.weight, 'blocked', n.blocked) end as after
      from (select * from number_table_entry where name = $1 and version = $2) o
      full join (select * from number_table_entry where name = $1 and version = $3) n
        on n.low = o.low and n.high = o.high and n.network = o.network and n.provider = o.provider
          and n.valid_from = o.valid_from
      where o.low is null or n.low is null or o.weight <> n.weight or o.blocked <> n.blocked
        or o.price is distinct from n.price or o.quality is distinct from n.quality
    )
    select
      (select count(*)::int from changed where what = 'added') as added,
      (select count(*)::int from changed where what = 'removed') as removed,
      (select count(*)::int from changed where what = 'changed') as changed,
      (select coalesce(json_agg(c order by low, high desc, provider), '[]') from (
        select low, high, network, provider, "validFromS", before, after from changed
        order by low, high desc, network, provider limit $4) c) as examples`,
    [name, before ?? 0, after, examplesMax],
  );
  const [row] = rows;
  if (row === undefined) throw new Error("PostgreSQL compared nothing");
  return row;
}

type Row = NumberTableDifference;
