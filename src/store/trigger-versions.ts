import { type Kysely, sql } from "kysely";
import type {
  KeptSources,
  TriggerCanary,
  TriggerDisabled,
  TriggerPin,
  TriggerVersion,
} from "../model/trigger-version.ts";
import type { Tables } from "./tables.ts";

/** Versions of trigger files, and what operators have settled about them. */
export interface TriggerVersions {
  state(): Promise<{
    /** Of each file. */
    readonly latest: ReadonlyMap<string, Pick<TriggerVersion, "version" | "hash">>;
    readonly pins: ReadonlyMap<string, TriggerPin>;
    readonly canaries: ReadonlyMap<string, TriggerCanary>;
    /** By the name of the trigger. */
    readonly disabled: ReadonlyMap<string, TriggerDisabled>;
  }>;
  /** Newest first. */
  versions(file: string): Promise<readonly TriggerVersion[]>;
  version(file: string, version: number): Promise<Whole | undefined>;
  /**
   * Forgets what the bounds do not allow: never the last version of a file nor the one before it, nor one
   * that runs by an operator's word.
   */
  keep(
    file: string,
    version: Whole,
    bounds: { readonly versionsKept: number; readonly versionsKeptMs: number },
  ): Promise<void>;
  /** In place of what was there; undefined takes it away. */
  pin(file: string, pin: TriggerPin | undefined): Promise<void>;
  canary(file: string, canary: TriggerCanary | undefined): Promise<void>;
  disabled(name: string, disabled: TriggerDisabled | undefined): Promise<void>;
}

type Whole = TriggerVersion & { readonly sources: KeptSources };

export function createTriggerVersions(db: Kysely<Tables>): TriggerVersions {
  return {
    async state() {
      const latest = await db
        .selectFrom("trigger_version")
        .distinctOn("file")
        .select(["file", "version", "hash"])
        .orderBy("file")
        .orderBy("version", "desc")
        .execute();
      const pins = await db.selectFrom("trigger_pin").selectAll().execute();
      const canaries = await db.selectFrom("trigger_canary").selectAll().execute();
      const disabled = await db.selectFrom("trigger_disabled").selectAll().execute();
      return {
        latest: new Map(latest.map(({ file, version, hash }) => [file, { version, hash }])),
        pins: new Map(
          pins.map(({ file, version, passed_over, instead_of, why, by, at }) => {
            const insteadOf = instead_of ?? undefined;
            const pin = { version, passedOver: passed_over, insteadOf, why, by };
            return [file, { ...pin, atMs: at.getTime() }];
          }),
        ),
        canaries: new Map(
          canaries.map(({ file, version, share, accounts, by, at }) => {
            const whom = { share: share ?? undefined, accounts: accounts ?? undefined };
            return [file, { version: version ?? undefined, ...whom, by, atMs: at.getTime() }];
          }),
        ),
        disabled: new Map(disabled.map(({ name, by, at }) => [name, { by, atMs: at.getTime() }])),
      };
    },
    async versions(file) {
      const rows = await db
        .selectFrom("trigger_version")
        .select(["version", "hash", "at", "by"])
        .where("file", "=", file)
        .orderBy("version", "desc")
        .execute();
      return rows.map(({ at, ...row }) => ({ ...row, atMs: at.getTime() }));
    },
    async version(file, version) {
      const row = await db
        .selectFrom("trigger_version")
        .selectAll()
        .where("file", "=", file)
        .where("version", "=", version)
        .executeTakeFirst();
      if (row === undefined) return undefined;
      const { hash, at, by } = row;
      return { version, hash, atMs: at.getTime(), by, sources: sourcesIn(row.sources) };
    },
    async keep(file, { version, hash, sources, atMs, by }, { versionsKept, versionsKeptMs }) {
      const row = { hash, sources: storable(JSON.stringify(sources)), at: new Date(atMs), by };
      await db
        .insertInto("trigger_version")
        .values({ file, version, ...row })
        .onConflict((conflict) => conflict.columns(["file", "version"]).doUpdateSet(row))
        .execute();
      const oldest = new Date(atMs - versionsKeptMs);
      await sql`
        delete from trigger_version v
        where (v.file = ${file} and v.version <= ${version - versionsKept} or v.at < ${oldest})
          and (select count(*) from trigger_version n
            where n.file = v.file and n.version > v.version) > 1
          and not exists (select from trigger_pin p
            where p.file = v.file and v.version in (p.version, p.instead_of))
          and not exists (select from trigger_canary c
            where c.file = v.file and c.version = v.version)`.execute(db);
    },
    async pin(file, pin) {
      if (pin === undefined) {
        await db.deleteFrom("trigger_pin").where("file", "=", file).execute();
        return;
      }
      const { version, passedOver, insteadOf, why, by, atMs } = pin;
      const named = { version, passed_over: storable(passedOver), instead_of: insteadOf ?? null };
      const row = { ...named, why: storable(why), by, at: new Date(atMs) };
      await db
        .insertInto("trigger_pin")
        .values({ file, ...row })
        .onConflict((conflict) => conflict.column("file").doUpdateSet(row))
        .execute();
    },
    async canary(file, canary) {
      if (canary === undefined) {
        await db.deleteFrom("trigger_canary").where("file", "=", file).execute();
        return;
      }
      const { version, share, accounts, by, atMs } = canary;
      const whom = {
        share: share ?? null,
        accounts: accounts === undefined ? null : [...accounts],
      };
      const row = { version: version ?? null, ...whom, by, at: new Date(atMs) };
      await db
        .insertInto("trigger_canary")
        .values({ file, ...row })
        .onConflict((conflict) => conflict.column("file").doUpdateSet(row))
        .execute();
    },
    async disabled(name, disabled) {
      if (disabled === undefined) {
        await db.deleteFrom("trigger_disabled").where("name", "=", name).execute();
        return;
      }
      const row = { by: disabled.by, at: new Date(disabled.atMs) };
      await db
        .insertInto("trigger_disabled")
        .values({ name, ...row })
        .onConflict((conflict) => conflict.column("name").doUpdateSet(row))
        .execute();
    },
  };
}

/** As `keep` has written them. */
function sourcesIn(text: string): KeptSources {
  const sources: KeptSources = JSON.parse(text);
  return sources;
}

/** PostgreSQL has no U+0000; in JSON it is written as an escape and stays. */
function storable(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\uFFFD");
}
