import { type Kysely, sql } from "kysely";
import type { Tables } from "./tables.ts";

/** Answers that are given again to the same request: each is told by a key of its account. */
export interface Idempotency {
  /**
   * Keeps the key for a request, with the ids that its messages will have; gives what is kept under
   * it already. Calls of one moment share a statement.
   */
  begin(
    one: Begun,
  ): Promise<Begun & { readonly answer: string | undefined; readonly isNew: boolean }>;
  /** Keeps its answer. */
  finish(one: { readonly account: string; readonly key: string }, answer: string): Promise<void>;
  /** Nothing came of it: the key may be used again. */
  release(one: { readonly account: string; readonly key: string }): Promise<void>;
}

export interface Begun {
  readonly account: string;
  readonly key: string;
  readonly bodySha256: string;
  /** Of a batch the batch's own first. */
  readonly ids: readonly string[];
}

/** Hours that an answer is kept; who asks after that is asking anew. */
export const idempotencyHours = 24;

/** Keys in one statement. */
const keysPerStatement = 200;

export function createIdempotency(db: Kysely<Tables>): Idempotency {
  interface Asked {
    readonly one: Begun;
    readonly resolve: (kept: Awaited<ReturnType<Idempotency["begin"]>>) => void;
    readonly reject: (cause: unknown) => void;
  }
  let waiting: Asked[] = [];
  let writing = false;

  return {
    begin: (one) =>
      new Promise((resolve, reject) => {
        waiting.push({ one, resolve, reject });
        if (!writing) void write();
      }),
    async finish({ account, key }, answer) {
      await db
        .updateTable("idempotency")
        .set({ answer })
        .where("account", "=", account)
        .where("key", "=", key)
        .execute();
    },
    async release({ account, key }) {
      await db
        .deleteFrom("idempotency")
        .where("account", "=", account)
        .where("key", "=", key)
        .where("answer", "is", null)
        .execute();
    },
  };

  async function write(): Promise<void> {
    writing = true;
    // What one turn of the event loop brings goes together.
    await new Promise((turn) => setImmediate(turn));
    while (waiting.length > 0) {
      const asked = waiting.slice(0, keysPerStatement);
      waiting = waiting.slice(keysPerStatement);
      try {
        await begin(asked);
      } catch (cause) {
        for (const { reject } of asked) reject(cause);
      }
    }
    writing = false;
  }

  async function begin(asked: readonly Asked[]): Promise<void> {
    const given = asked.map(({ one }) => one);
    const text = JSON.stringify(given);
    // An old one in the way is as good as none. `xmax = 0`: the row is new, not one that was there.
    const { rows } = await sql<{
      account: string;
      key: string;
      body_sha256: string;
      ids: string[];
      answer: string | null;
      is_new: boolean;
    }>`
      insert into idempotency as kept (account, key, body_sha256, ids, at)
      select g.account, g.key, g."bodySha256",
        array(select json_array_elements_text(g.ids))::uuid[], now()
      from json_to_recordset(${text}::json)
        as g (account text, key text, "bodySha256" text, ids json)
      on conflict (account, key) do update set
        body_sha256 = case when ${isOld} then excluded.body_sha256 else kept.body_sha256 end,
        ids = case when ${isOld} then excluded.ids else kept.ids end,
        answer = case when ${isOld} then null else kept.answer end,
        at = case when ${isOld} then excluded.at else kept.at end
      returning account, key, body_sha256, ids, answer,
        (xmax = 0 or at = now()) as is_new`.execute(db);
    const byKey = new Map(rows.map((row) => [`${row.account}\n${row.key}`, row]));
    for (const { one, resolve, reject } of asked) {
      const row = byKey.get(`${one.account}\n${one.key}`);
      if (row === undefined) {
        reject(new Error("a key was not kept"));
        continue;
      }
      const { account, key, body_sha256: bodySha256, ids, answer, is_new: isNew } = row;
      resolve({ account, key, bodySha256, ids, answer: answer ?? undefined, isNew });
    }
  }
}

const isOld = sql`kept.at < now() - ${`${idempotencyHours} hours`}::interval`;
