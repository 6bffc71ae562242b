import { type Kysely, sql } from "kysely";
import type { Tables } from "./tables.ts";

/** How far a schedule is. */
export interface KeptSchedule {
  /** Of its trigger. */
  readonly name: string;
  readonly cron: string;
  readonly zone: string;
  /** What is due after this moment has not been run. Milliseconds since 1970 UTC. */
  readonly sinceMs: number;
  /** When the last run was due; undefined when there was none. */
  readonly dueMs: number | undefined;
}

/** A run that is to be written down before it begins. */
export interface ScheduleRun {
  readonly name: string;
  /** As it was read: when somebody else has run it meanwhile, nothing is written. */
  readonly sinceMs: number;
  /** When it was due. */
  readonly dueMs: number;
  /** Of the event. */
  readonly id: string;
  /** The event as JSON, to be decided again. */
  readonly payload: string;
  /** When somebody else may take it up, if nothing is heard of it any more. */
  readonly againMs: number;
}

/** How far schedules are; kept, so that what is missed while no gateway runs is known. */
export interface SchedulesTable {
  all(): Promise<readonly KeptSchedule[]>;
  /** A schedule that is new or another now: counted from this moment. */
  begin(schedule: Omit<KeptSchedule, "dueMs">): Promise<void>;
  remove(name: string): Promise<void>;
  /**
   * One commit: it was run, and the run waits in `pending` until it is done. False, and nothing is
   * written, when the run before it still waits there, or when it is not as it was read.
   */
  run(run: ScheduleRun): Promise<boolean>;
}

export function createSchedulesTable(db: Kysely<Tables>): SchedulesTable {
  return {
    async all() {
      const rows = await db.selectFrom("trigger_schedule").selectAll().execute();
      return rows.map(({ name, cron, zone, since, due }) => {
        return { name, cron, zone, sinceMs: since.getTime(), dueMs: due?.getTime() };
      });
    },
    async begin({ name, cron, zone, sinceMs }) {
      const values = { cron, zone, since: new Date(sinceMs), due: null };
      await db
        .insertInto("trigger_schedule")
        .values({ name, ...values, run: null })
        // The run of before may still be going on, and keeps the next one waiting.
        .onConflict((conflict) => conflict.column("name").doUpdateSet(values))
        .execute();
    },
    async remove(name) {
      await db.deleteFrom("trigger_schedule").where("name", "=", name).execute();
    },
    async run({ name, sinceMs, dueMs, id, payload, againMs }) {
      const due = new Date(dueMs);
      const { rows } = await sql`
        with ran as (
          update trigger_schedule s set since = ${due}, due = ${due}, run = ${id}::uuid
          where name = ${name} and date_trunc('milliseconds', since) = ${new Date(sinceMs)}
            and not exists (select from pending p where p.id = s.run)
          returning name
        )
        insert into pending (id, root, kind, queue, priority, due, expires, tries, maybe_twice, payload)
        select ${id}::uuid, ${id}::uuid, 'event', '', 0, now() + ${againMs}::float8 * interval '1 ms', 'infinity', 0,
          false, ${payload}::text
        from ran
        returning id`.execute(db);
      return rows.length === 1;
    },
  };
}
