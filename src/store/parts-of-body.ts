import { sql } from "kysely";

/**
 * How many short messages a kept message is, told by its octets. An unpacked text of 160 octets is one part
 * and of more has 153 in each; of UCS-2 and of binary data it is 140 and 134. Whoever cuts himself, with a
 * header, sends one with each message. `row`: the name of the row of `message`.
 */
export function partsOfBody(row: string) {
  const column = (name: string) => sql.ref(`${row}.${name}`);
  const octets = sql`octet_length(${column("body")})`;
  return sql`case
    when coalesce((${column("meta")}::jsonb ->> 'esmClass')::int, 0) & 64 <> 0 then 1
    when coalesce(${column("data_coding")}, 0) in (4, 8) and ${octets} > 140
      then ceil(${octets} / 134.0)
    when ${octets} > 160 then ceil(${octets} / 153.0)
    else 1 end`;
}
