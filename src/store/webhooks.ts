import { type Kysely, sql } from "kysely";
import type { Hook, WebhookEndpoint, WebhookSecret, DeadHookView } from "../model/webhook.ts";
import type { Tables, WebhookTable } from "./tables.ts";

/** What waits to be told at an endpoint, with how often that was tried. */
export interface WaitingHook extends Hook {
  readonly tries: number;
  /** Milliseconds since 1970 UTC: when it may be tried, and when it was written. */
  readonly dueMs: number;
  readonly atMs: number;
}

/** Which of the dead are meant. */
export interface WhichDead {
  readonly id?: string | undefined;
  readonly endpoint?: string | undefined;
}

/** Endpoints of customers, and what is still to be told there. New calls come by the writer. */
export interface WebhooksTable {
  endpoints(): Promise<WebhookEndpoint[]>;
  /** Adds it, or replaces all of it but its id, account and age. */
  put(endpoint: WebhookEndpoint): Promise<void>;
  /** With all that was still to be told there; gives how many calls that were. */
  remove(id: string): Promise<number>;
  /** Calls of endpoints that are gone, as a flush leaves them that was under way at that moment. */
  sweepLost(): Promise<number>;
  /** Of each endpoint that has any. */
  counts(): Promise<Map<string, { readonly waiting: number; readonly dead: number }>>;
  /**
   * The first calls that are due and not `held`, in their order: one whose subject has an earlier one only
   * if that is held. `more`: others are left; `nextDueMs` is when the next of them is due, undefined where
   * none has a time to come.
   */
  fetch(
    endpoint: string,
    held: readonly string[],
    limit: number,
  ): Promise<{
    readonly rows: WaitingHook[];
    readonly more: boolean;
    readonly nextDueMs: number | undefined;
  }>;
  /** Gives up what has been due for so long without being tried, but not what is held; gives the ids. */
  buryOld(
    endpoint: string,
    held: readonly string[],
    old: { readonly ms: number; readonly reason: string; readonly limit: number },
  ): Promise<string[]>;
  /** Gives up all that waits there; gives how many. */
  buryAll(endpoint: string, reason: string): Promise<number>;
  /** What was given up, newest first. */
  dead(limit: number, endpoint?: string): Promise<DeadHookView[]>;
  /** As if it had just happened; gives of how many endpoints how many calls. */
  resend(which: WhichDead): Promise<Map<string, number>>;
}

export function createWebhooksTable(db: Kysely<Tables>, clock: { nowMs(): number }): WebhooksTable {
  return {
    async endpoints() {
      const rows = await db.selectFrom("webhook").selectAll().orderBy("id").execute();
      return rows.map(endpointFrom);
    },
    async put({ id, createdMs, secrets, ...endpoint }) {
      const { url, form, events, channels, disabled = null } = endpoint;
      const values = {
        url,
        form,
        events: [...events],
        channels: [...channels],
        secrets: JSON.stringify(secrets),
        disabled,
      };
      await db
        .insertInto("webhook")
        .values({ id, account: endpoint.account, created_at: new Date(createdMs), ...values })
        .onConflict((conflict) => conflict.column("id").doUpdateSet(values))
        .execute();
    },
    async remove(id) {
      await db.deleteFrom("webhook").where("id", "=", id).execute();
      const gone = await db.deleteFrom("webhook_call").where("webhook", "=", id).executeTakeFirst();
      return Number(gone.numDeletedRows);
    },
    async sweepLost() {
      const gone = await db
        .deleteFrom("webhook_call")
        .where("webhook", "not in", db.selectFrom("webhook").select("id"))
        .executeTakeFirst();
      return Number(gone.numDeletedRows);
    },
    async counts() {
      const { rows } = await sql<{ webhook: string; waiting: number; dead: number }>`
        select webhook, (count(*) filter (where dead_at is null))::integer as waiting,
          (count(*) filter (where dead_at is not null))::integer as dead
        from webhook_call group by webhook`.execute(db);
      return new Map(rows.map(({ webhook, ...count }) => [webhook, count]));
    },
    fetch: (endpoint, held, limit) =>
      byIndexes(db, async (on) => {
        const ids = sql`${[...held]}::uuid[]`;
        const { rows } = await sql<Row>`
        select d.id, d.subject, d.event, d.url, d.payload, d.tries,
          (extract(epoch from d.due - now()) * 1000)::float8 as due_in_ms, d.at
        from webhook_call d
        where d.webhook = ${endpoint}::uuid and d.dead_at is null and d.due <= now()
          and d.id <> all (${ids})
          and not exists (
              select from (
                select id, webhook, dead_at from webhook_call
                where subject = d.subject and subject <> '' offset 0) e
              where e.webhook = d.webhook and e.id < d.id and e.dead_at is null
                and e.id <> all (${ids}))
          order by d.due, d.id limit ${limit}`.execute(on);
        const known = sql`${[...held, ...rows.map(({ id }) => id)]}::uuid[]`;
        const left = sql`webhook = ${endpoint}::uuid and dead_at is null and id <> all (${known})`;
        const rest = await sql<{ more: boolean; next_in_ms: number | null }>`
        select exists (select from webhook_call where ${left}) as more,
          (select (extract(epoch from due - now()) * 1000)::float8 from webhook_call
            where ${left} and due > now() order by due limit 1) as next_in_ms`.execute(on);
        const nowMs = clock.nowMs();
        const { more = false, next_in_ms: nextInMs = null } = rest.rows[0] ?? {};
        return {
          rows: rows.map((row) => hookFrom(row, endpoint, nowMs)),
          more,
          nextDueMs: nextInMs === null ? undefined : Math.ceil(nowMs + nextInMs),
        };
      }),
    async buryOld(endpoint, held, { ms, reason, limit }) {
      const { rows } = await sql<{ id: string }>`
        update webhook_call set dead_at = now(), reason = ${reason}
        where id = any (array(
          select id from webhook_call
          where webhook = ${endpoint}::uuid and dead_at is null
            and due < now() - ${ms}::float8 * interval '1 ms' and id <> all (${[...held]}::uuid[])
          order by due limit ${limit}))
        returning id`.execute(db);
      return rows.map(({ id }) => id);
    },
    async buryAll(endpoint, reason) {
      const done = await db
        .updateTable("webhook_call")
        .set({ dead_at: sql<Date>`now()`, reason })
        .where("webhook", "=", endpoint)
        .where("dead_at", "is", null)
        .executeTakeFirst();
      return Number(done.numUpdatedRows);
    },
    async dead(limit, endpoint) {
      const rows = await db
        .selectFrom("webhook_call")
        .selectAll()
        .where("dead_at", "is not", null)
        .$if(endpoint !== undefined, (all) => all.where("webhook", "=", endpoint ?? ""))
        .orderBy("id", "desc")
        .limit(limit)
        .execute();
      return rows.map(({ id, webhook, event, subject, url, tries, reason, dead_at, payload }) => {
        const deadMs = dead_at?.getTime() ?? 0;
        const about = { id, endpoint: webhook, event, subject, url };
        return { ...about, tries, reason: reason ?? "", deadMs, payload };
      });
    },
    async resend({ id, endpoint }) {
      const { rows } = await sql<{ webhook: string; calls: number }>`
        with again as (
          update webhook_call set dead_at = null, reason = null, at = now(), due = now(), tries = 0
          where dead_at is not null
            and (${id ?? null}::uuid is null or id = ${id ?? null}::uuid)
            and (${endpoint ?? null}::uuid is null or webhook = ${endpoint ?? null}::uuid)
          returning webhook)
        select webhook, count(*)::integer as calls from again group by webhook`.execute(db);
      return new Map(rows.map(({ webhook, calls }) => [webhook, calls]));
    },
  };
}

/**
 * Of a table that was empty a moment ago the statistics are always wrong, and any other plan is quadratic;
 * so is one that looks for what comes before by anything but the subject, therefore `offset 0`.
 * In one transaction, so that all statements have the same now().
 */
function byIndexes<T>(db: Kysely<Tables>, work: (on: Kysely<Tables>) => Promise<T>): Promise<T> {
  return db.transaction().execute(async (transaction) => {
    await sql`
      select set_config(name, 'off', true)
      from unnest(array['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin',
        'enable_bitmapscan', 'enable_sort', 'enable_material']) as r (name)`.execute(transaction);
    return work(transaction);
  });
}

interface Row {
  readonly id: string;
  readonly subject: string;
  readonly event: string;
  readonly url: string;
  readonly payload: string;
  readonly tries: number;
  readonly due_in_ms: number;
  readonly at: Date;
}

function hookFrom(row: Row, endpoint: string, nowMs: number): WaitingHook {
  const { id, subject, url, payload, tries } = row;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Only flush.ts writes it.
  const event = row.event as Hook["event"];
  const dueMs = Math.round(nowMs + row.due_in_ms);
  const about = { id, endpoint, subject, event, ...(url === "" ? {} : { url }) };
  return { ...about, payload, tries, dueMs, atMs: row.at.getTime() };
}

function endpointFrom({ created_at: created, ...row }: WebhookTable): WebhookEndpoint {
  return {
    ...row,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Only `put` writes them.
    events: row.events as WebhookEndpoint["events"],
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    secrets: (JSON.parse(row.secrets) as WebhookSecret[]).map(({ secret, untilMs }) => ({
      secret,
      untilMs,
    })),
    disabled: row.disabled ?? undefined,
    createdMs: created.getTime(),
  };
}
