import { Readable } from "node:stream";
import { type Kysely, type RawBuilder, sql } from "kysely";
import { recordQuery } from "../../migrations/0016-records.ts";
import { firstIdAt, idTimeMs } from "../model/id.ts";
import {
  type RecordFormat,
  type RecordView,
  recordColumns,
  recordHead,
  recordLine,
} from "../model/record.ts";
import { anyOf, idsOfLives } from "./lives.ts";
import { rootsFor } from "./roots.ts";
import type { Tables } from "./tables.ts";

/** Messages that came in, whose records one query reads: some 300 ms, a fourth of which is planning. */
const messagesPerStep = 4_000;

/** A number's messages in one answer. */
const messagesMost = 20;

const dayMs = 86_400_000;

/** Reads the view `record`, or what it says of some messages, beside the hot path. */
export interface Records {
  /**
   * Of the messages that a key is about: our id in any form, a customer's short one, a provider's, or a
   * number, of which the newest 20. The newest first, of each its tries in their order.
   */
  find(key: string): Promise<readonly RecordView[]>;
  /**
   * Of all messages that came in on a day (`2026-11-20`, UTC), in the order in which they came, as the
   * octets of a file, as fast as they are taken and no faster. One short query after another, each as
   * things stand then, so that no transaction holds anything up.
   */
  text(day: string, format: RecordFormat): Readable;
  /** How many messages the planner expects of that day. */
  estimate(day: string): Promise<number>;
  /** The day of the oldest message that is kept; undefined while there is none. */
  firstDay(): Promise<string | undefined>;
}

/** Characters that are handed on at a time, about. */
const chunkCharacters = 262_144;

export function createRecords(db: Kysely<Tables>): Records {
  return {
    text: (day, format) => Readable.from(octetsOf(dayOf(day), format), { objectMode: false }),
    async find(key) {
      const roots = await rootsFor(db, key, messagesMost);
      if (roots.length === 0) return [];
      const known = recordQuery(sql`and id = ${anyOf(await idsOfLives(db, roots))}`);
      const records = await read(db, sql`(${known}) record where root = ${anyOf(roots)}`);
      const found = Map.groupBy(records, ({ root }) => root);
      return roots.flatMap((root) => found.get(root) ?? []);
    },
    async estimate(day) {
      const [low, high] = boundsOf(day);
      const { rows } = await sql<{ "QUERY PLAN": [{ Plan: { "Plan Rows": number } }] }>`
        explain (format json) select from message
        where parent is null and kind = 'sms'
          and id >= ${sql.lit(low)}::uuid and id < ${sql.lit(high)}::uuid`.execute(db);
      return rows[0]?.["QUERY PLAN"][0].Plan["Plan Rows"] ?? 0;
    },
    async firstDay() {
      const { rows } = await sql<{ id: string }>`
        select id from message where parent is null and kind = 'sms' order by id limit 1`.execute(
        db,
      );
      const id = rows[0]?.id;
      return id === undefined ? undefined : new Date(idTimeMs(id)).toISOString().slice(0, 10);
    },
  };

  async function* dayOf(day: string): AsyncGenerator<readonly RecordView[], void, void> {
    const [low, high] = boundsOf(day);
    for (let after = low; ;) {
      const last = await lastOf(db, after, high);
      const of = sql`record where root >= ${after}::uuid and root < ${last ?? high}::uuid`;
      const records = await read(db, of);
      if (records.length > 0) yield records;
      if (last === undefined) return;
      after = last;
    }
  }
}

async function* octetsOf(
  records: AsyncIterable<readonly RecordView[]>,
  format: RecordFormat,
): AsyncGenerator<Buffer> {
  let text = recordHead(format);
  for await (const some of records) {
    for (const record of some) text += recordLine(record, format);
    if (text.length < chunkCharacters) continue;
    yield Buffer.from(text);
    text = "";
  }
  if (text !== "") yield Buffer.from(text);
}

/** Where the next stretch begins; undefined when what is left is the last one. */
async function lastOf(
  db: Kysely<Tables>,
  after: string,
  high: string,
): Promise<string | undefined> {
  const { rows } = await sql<{ id: string }>`
    select id from message
    where id >= ${after}::uuid and id < ${high}::uuid and parent is null and kind = 'sms'
    order by id offset ${messagesPerStep} limit 1`.execute(db);
  return rows[0]?.id;
}

type Row = Omit<RecordView, "received_at" | "tried_at" | "status_at"> & {
  readonly received_at: Date;
  readonly tried_at: Date | null;
  readonly status_at: Date;
};

async function read(db: Kysely<Tables>, from: RawBuilder<unknown>): Promise<readonly RecordView[]> {
  const { rows } = await sql<Row>`
    select ${sql.join(recordColumns.map((column) => sql.ref(column)))} from ${from}
    order by root, message, tried_at, try, part`.execute(db);
  return rows.map((row) => ({
    ...row,
    received_at: row.received_at.toISOString(),
    tried_at: row.tried_at?.toISOString() ?? null,
    status_at: row.status_at.toISOString(),
  }));
}

function boundsOf(day: string): readonly [low: string, high: string] {
  const fromMs = Date.parse(`${day}T00:00:00Z`);
  return [firstIdAt(fromMs), firstIdAt(fromMs + dayMs)];
}
