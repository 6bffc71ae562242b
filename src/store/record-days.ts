import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../model/clock.ts";
import { GatewayError } from "../model/error.ts";
import type { Log } from "../model/log.ts";
import { type RecordFormat, recordFile, recordHead } from "../model/record.ts";
import { writeRecords } from "./record-file.ts";
import type { Records } from "./records.ts";
import { type Rounds, startRounds } from "./rounds.ts";

/** Records of each day, written by themselves. */
export interface RecordDaysSettings {
  /** Absolute; made when it is not there. */
  readonly directory: string;
  readonly format: RecordFormat;
  /** Files of older days are removed. */
  readonly keepDays: number;
  /** A day is written when it has been over for so long, so that nearly all of its reports have come. */
  readonly afterHours: number;
}

/** At its end a file that is not whole is removed. */
export type RecordDays = Pick<Rounds, "now" | "close">;

const hourMs = 3_600_000;
const dayMs = 86_400_000;

/** How soon what failed, such as on a full disk, is tried again. */
const roundMs = 600_000;

/**
 * Writes what is missing: each day that is over, has no file with its sum yet and is no older than
 * `keepDays`. A minute after the start, and then every ten minutes; a file that is there is never touched.
 * A gateway that was away for days makes up for them as far as messages are kept.
 */
export function startRecordDays(parts: {
  readonly records: Records;
  readonly settings: RecordDaysSettings;
  readonly clock: Clock;
  readonly log: Log;
}): RecordDays {
  const { records, settings, clock, log } = parts;
  const { directory, format, keepDays, afterHours } = settings;
  let told = "";
  const rounds = startRounds(roundMs, async () => {
    try {
      await writeMissing();
      if (told !== "") log.info({ directory }, "records are written again");
      told = "";
    } catch (cause) {
      if (rounds.isClosed()) return;
      const why = cause instanceof Error ? cause.message : String(cause);
      // Told once, not every ten minutes.
      if (why !== told)
        log.error({ err: cause }, "records could not be written; tried again every ten minutes");
      told = why;
    }
  });
  return rounds;

  async function writeMissing(): Promise<void> {
    await mkdir(directory, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new GatewayError("record_file", `${directory} cannot be made: ${why}.`, { cause });
    });
    const there = new Set(await readdir(directory));
    const nowMs = clock.nowMs();
    const keptFrom = dayOf(nowMs - keepDays * dayMs);
    await removeOld(there, keptFrom);
    const first = await records.firstDay();
    if (first === undefined) return;
    const until = dayOf(nowMs - afterHours * hourMs);
    for (let day = first > keptFrom ? first : keptFrom; day < until; day = dayAfter(day)) {
      const name = recordFile(day, format);
      if (there.has(name) && there.has(`${name}.sha256`)) continue;
      const startedMs = performance.now();
      const written = await writeRecords(chunksOf(day), {
        file: join(directory, name),
        headLines: recordHead(format) === "" ? 0 : 1,
      });
      const { file, octets, records: count } = written;
      const ms = Math.round(performance.now() - startedMs);
      log.info({ file, records: count, sizeOctets: octets, ms }, "records of a day written");
    }
  }

  /** Only what we have written: another file in that folder is not ours. */
  async function removeOld(there: ReadonlySet<string>, keptFrom: string): Promise<void> {
    for (const name of there) {
      const day = /^records-(\d{4}-\d{2}-\d{2})\.(?:csv|jsonl)(?:\.sha256)?(?:\.part)?$/.exec(name);
      if (day?.[1] === undefined || day[1] >= keptFrom) continue;
      await rm(join(directory, name), { force: true });
      log.info({ file: join(directory, name) }, "records are older than they are kept: removed");
    }
  }

  async function* chunksOf(day: string): AsyncGenerator<Buffer> {
    for await (const chunk of records.text(day, format)) {
      if (rounds.isClosed()) throw new GatewayError("record_file", "The gateway stops.");
      if (Buffer.isBuffer(chunk)) yield chunk;
    }
  }
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function dayAfter(day: string): string {
  return dayOf(Date.parse(`${day}T00:00:00Z`) + dayMs);
}
