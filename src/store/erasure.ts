import { type Kysely, type RawBuilder, sql } from "kysely";
import { type Eraser, eraserOf } from "./erased.ts";
import type { Tables } from "./tables.ts";

/** Rows of work that waits, or was given up, that are read at a time. */
const payloadsPerBatch = 500;

/** What was erased, in rows. */
export interface ErasedRows {
  readonly messages: number;
  /** Lines of lives, as many as were written together being one. */
  readonly traces: number;
  /** Those for customers, and those whose message was not known. */
  readonly reports: number;
}

export interface Page {
  /** Originals of lives in which the number occurs; one may come on several pages. */
  readonly roots: readonly string[];
  /** Where the next page begins; undefined: this was the last. */
  readonly after: string | undefined;
}

/** A message of a life that waits in a queue. */
export interface WaitingRow {
  readonly id: string;
  readonly root: string;
  readonly queue: string;
  readonly kind: "sms" | "report";
}

/**
 * Finds and empties what is kept about one number. Each call is one short transaction beside the hot
 * path and goes by indexes alone; what was done stays done, and doing it again changes nothing.
 */
export interface Erasure {
  /** Lives in which the number occurs and that began before this id. */
  count(before: string): Promise<number>;
  next(page: {
    readonly after: string | undefined;
    readonly before: string;
    readonly limit: number;
  }): Promise<Page>;
  /** What of these lives waits in a queue, taken or not. */
  waiting(roots: readonly string[]): Promise<WaitingRow[]>;
  /**
   * Empties these lives: the number becomes `erased`, contents and texts are empty; ids, times,
   * statuses and the other party stay. `unfinished` are those whose life goes on, or has until just
   * now.
   */
  erase(
    roots: readonly string[],
  ): Promise<{ readonly erased: ErasedRows; readonly unfinished: readonly string[] }>;
  /** The same for what belongs to no life, such as reports without a message; gives how many. */
  eraseUnmatched(): Promise<number>;
}

interface MessageRow {
  readonly id: string;
  readonly kind: string;
  readonly from_address: string;
  readonly to_address: string;
  readonly octets: number;
  readonly meta: string | null;
  readonly log: string;
}

const noId = "00000000-0000-0000-0000-000000000000";

/** Throws `bad_request` for what is no number; the error does not repeat it. */
export function createErasure(db: Kysely<Tables>, number: string): Erasure {
  const eraser = eraserOf(number);
  const { forms } = eraser;
  return {
    async count(before) {
      const { rows } = await sql<{ lives: number }>`
        select count(distinct root)::integer as lives
        from (${found(forms, { after: noId, before, limit: undefined })}) m`.execute(db);
      return rows[0]?.lives ?? 0;
    },
    async next({ after = noId, before, limit }) {
      const { rows } = await sql<{ id: string; root: string }>`
        select id, root from (${found(forms, { after, before, limit })}) m
        order by id limit ${limit}`.execute(db);
      const last = rows.length < limit ? undefined : rows.at(-1)?.id;
      return { roots: [...new Set(rows.map(({ root }) => root))], after: last };
    },
    async waiting(roots) {
      const { rows } = await sql<WaitingRow>`
        select p.id, m.root, p.queue, m.kind from (${membersOf(roots)}) m
        cross join lateral (
          select id, queue from pending where id = m.id and kind = 'send' offset 0) p`.execute(db);
      return rows;
    },
    erase: (roots) =>
      carefully(db, async (on) => {
        const erased = await eraseMessages(on, eraser, roots);
        const traces = await eraseTexts(on, traceOf(roots), (text) => eraser.lines(text));
        for (const texts of [wordsOf("state", roots), wordsOf("attempt", roots)])
          await eraseTexts(on, texts, (text) => eraser.words(text));
        for (const payloads of payloadsOf(roots))
          await eraseTexts(on, payloads, (text) => eraser.payload(text));
        await eraseTexts(on, urlsOf(roots), (text) => eraser.words(text));
        const { rows } = await sql<{ id: string }>`
          select id from state where id = any (${roots}::uuid[]) and (
            status = any ('{QUEUED,SENT,NOREPORT,RECEIVING}') or at > now() - interval '1 minute')
        `.execute(on);
        return { erased: { ...erased, traces }, unfinished: rows.map(({ id }) => id) };
      }),
    async eraseUnmatched() {
      let reports = 0;
      for (const table of ["pending", "dead_letter"] as const) {
        let after: string | undefined = noId;
        while (after !== undefined) {
          const batch: RawBuilder<TextRow> = payloadsWith(table, eraser, after);
          const { rows } = await batch.execute(db);
          for (const row of rows)
            if (await eraseText(db, { table, column: "payload", key: "id" }, row, eraser.payload))
              reports += 1;
          after = rows.length < payloadsPerBatch ? undefined : rows.at(-1)?.id;
        }
      }
      return reports;
    },
  };
}

/** For each form of the number and each side a walk along its index, from `after` on. */
function found(
  forms: readonly string[],
  page: { readonly after: string; readonly before: string; readonly limit: number | undefined },
): RawBuilder<unknown> {
  const { after, before, limit } = page;
  const original = sql`parent is null and kind = 'sms' and id < ${before}::uuid`;
  const changed = sql`parent is not null and kind = 'sms' and meta is not null
    and root < ${before}::uuid`;
  const walks = ["to_address", "from_address"].flatMap((side) =>
    [original, changed].map(
      (which) => sql`
        select m.id, m.root from unnest(${forms}::text[]) as f (form)
        cross join lateral (
          select id, root from message
          where ${sql.ref(side)} = f.form and ${which} and id > ${after}::uuid
          order by id ${limit === undefined ? sql`` : sql`limit ${limit}`} offset 0) m`,
    ),
  );
  return sql.join(walks, sql` union `);
}

/** All messages of these lives. Children are made after their original. */
function membersOf(roots: readonly string[]): RawBuilder<unknown> {
  const lowest = roots.toSorted()[0] ?? noId;
  const columns = sql`id, root, kind, from_address, to_address, octet_length(body) as octets, meta, log`;
  return sql`
    select ${columns} from message where id = any (${roots}::uuid[])
    union all
    select ${columns} from message
    where root = any (${roots}::uuid[]) and parent is not null and id >= ${lowest}::uuid`;
}

async function eraseMessages(
  on: Kysely<Tables>,
  eraser: Eraser,
  roots: readonly string[],
): Promise<Omit<ErasedRows, "traces">> {
  const { rows } = await sql<MessageRow>`${membersOf(roots)}`.execute(on);
  const counts = { messages: 0, reports: 0 };
  for (const { id, kind, meta, log, octets, ...row } of rows) {
    const from = eraser.address(row.from_address);
    const to = eraser.address(row.to_address);
    const newMeta = meta === null ? null : eraser.meta(meta, { from, to });
    const newLog = eraser.lines(log);
    const isSame = from === row.from_address && to === row.to_address;
    if (isSame && newMeta === meta && newLog === log && (octets ?? 0) === 0) continue;
    await sql`
      update message set from_address = ${from}, to_address = ${to}, meta = ${newMeta}, log = ${newLog},
        body = case when body is not null then ''::bytea end
      where id = ${id}::uuid`.execute(on);
    counts[kind === "report" ? "reports" : "messages"] += 1;
  }
  return counts;
}

/** A text in a table, with the key of its row. */
interface Place {
  readonly table: "trace" | "state" | "attempt" | "pending" | "dead_letter" | "webhook_call";
  readonly column: "lines" | "error" | "payload" | "url";
  readonly key: "root" | "id";
}

interface TextRow {
  readonly id: string;
  readonly text: string;
}

interface Texts {
  readonly place: Place;
  readonly where: RawBuilder<unknown>;
}

function traceOf(roots: readonly string[]): Texts {
  const place = { table: "trace", column: "lines", key: "root" } as const;
  return { place, where: sql`root = any (${roots}::uuid[])` };
}

function wordsOf(table: "state" | "attempt", roots: readonly string[]): Texts {
  const place = { table, column: "error", key: "id" } as const;
  return {
    place,
    where: sql`id in (select id from (${membersOf(roots)}) m) and error is not null`,
  };
}

function payloadsOf(roots: readonly string[]): Texts[] {
  const of = sql`root = any (${roots}::uuid[]) and payload is not null`;
  return [
    { place: { table: "pending", column: "payload", key: "id" }, where: sql`queue = '' and ${of}` },
    // Not by an index: there are few, or somebody has more to mend than this.
    { place: { table: "dead_letter", column: "payload", key: "id" }, where: of },
    { place: { table: "webhook_call", column: "payload", key: "id" }, where: calledOf(roots) },
  ];
}

/** A customer may have put the number into the URL where he is told. */
function urlsOf(roots: readonly string[]): Texts {
  return { place: { table: "webhook_call", column: "url", key: "id" }, where: calledOf(roots) };
}

function calledOf(roots: readonly string[]): RawBuilder<unknown> {
  return sql`subject = any (${roots}::text[]) and subject <> ''`;
}

function payloadsWith(
  table: "pending" | "dead_letter",
  { forms }: Eraser,
  after: string,
): RawBuilder<TextRow> {
  return sql<TextRow>`
    select id, payload as text from ${sql.table(table)}
    where ${table === "pending" ? sql`queue = ''` : sql`true`} and id > ${after}::uuid
      and payload like ${`%${forms[0] ?? ""}%`}
    order by id limit ${payloadsPerBatch}`;
}

async function eraseTexts(
  on: Kysely<Tables>,
  { place, where }: Texts,
  erased: (text: string) => string,
): Promise<number> {
  const { table, column, key } = place;
  const { rows } = await sql<TextRow>`
    select ${sql.ref(key)} as id, ${sql.ref(column)} as text
    from ${sql.table(table)} where ${where}`.execute(on);
  let changed = 0;
  for (const row of rows) if (await eraseText(on, place, row, erased)) changed += 1;
  return changed;
}

/** By its old text, too: what somebody else has changed meanwhile is found again. */
async function eraseText(
  on: Kysely<Tables>,
  { table, column, key }: Place,
  { id, text }: TextRow,
  erased: (text: string) => string,
): Promise<boolean> {
  const left = erased(text);
  if (left === text) return false;
  await sql`
    update ${sql.table(table)} set ${sql.ref(column)} = ${left}
    where ${sql.ref(key)} = ${id}::uuid and ${sql.ref(column)} = ${text}`.execute(on);
  return true;
}

/** By indexes only, whatever the statistics of a new day say. */
function carefully<T>(db: Kysely<Tables>, work: (on: Kysely<Tables>) => Promise<T>): Promise<T> {
  return db.transaction().execute(async (transaction) => {
    await sql`
      select set_config(name, 'off', true)
      from unnest(array['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin']) as r (name)`.execute(
      transaction,
    );
    return work(transaction);
  });
}
