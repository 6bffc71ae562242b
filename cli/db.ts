import { access } from "node:fs/promises";
import type { Command } from "commander";
import { GatewayError } from "../src/model/error.ts";
import type { Log } from "../src/model/log.ts";
import type { BackupFacts } from "../src/store/backup-file.ts";
import { confirm } from "./confirm.ts";
import { Refused } from "./failure.ts";
import { askForFlow } from "./gateway.ts";
import { answer, count, dateTime, size } from "./print.ts";
import { createProgress, type Progress } from "./progress.ts";
import { type GlobalOptions, readDatabase } from "./settings.ts";
import { signalled } from "./signalled.ts";

/** ms. A gateway that is just ending lets go of its database within that. */
const lockWaitMs = 5_000;

/**
 * `signalbox db …`. The store is loaded here and only when it is needed: a file is read without a
 * gateway, and a database is filled while none runs.
 */
export function addDb(program: Command): void {
  const db = program.command("db").description("all that is stored, in one file");

  db.command("backup")
    .description("write everything of one moment into a file, also while the gateway runs")
    .argument("<file>", "it is there whole or not at all")
    .option("--force", "replace the file when there is one")
    .action(async (file: string, own: { readonly force?: true }, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      if (own.force !== true) await refuseExisting(file);
      const made = factsOf(file, await backup(options, file));
      const words = (one: Facts) => `${one.file} holds ${sumOf(one)}.`;
      answer(options, made, words, `Is it still whole? signalbox db verify ${file}`);
    });

  db.command("verify")
    .description("read a backup to its end and hold it against its checksums")
    .argument("<file>")
    .action(async (file: string, _own, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const { verifyBackup } = await import("../src/store/backup-file.ts");
      const steps = stepsOf(options, "octets");
      const facts = await steps.end(verifyBackup(file, (...at) => steps.at("Checking", ...at)));
      const words = (one: Facts) =>
        `${one.file} is whole and holds ${sumOf(one)}. Signalbox ${one.signalbox} made it.`;
      answer(options, factsOf(file, facts), words, `Use it: signalbox db restore ${file}`);
    });

  db.command("restore")
    .description("fill an empty database from a backup, while no gateway runs on it")
    .argument("<file>")
    .option("--replace", "remove what the database holds; asks first")
    .option("--yes", "do not ask")
    .action(async (file: string, own: RestoreOptions, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      if (own.replace === true)
        await confirm({
          warning: `Everything in the database will be replaced by what is in ${file}.`,
          word: "replace",
          named: "the word replace",
          yes: own.yes === true,
        });
      const facts = factsOf(file, await restore(options, file, own.replace === true));
      const words = (one: Facts) => `The database now holds ${sumOf(one)}.`;
      answer(options, facts, words, "Go on with it: signalbox start");
    });
}

interface RestoreOptions {
  readonly replace?: true;
  readonly yes?: true;
}

/** From the gateway, and when none runs from its database. */
async function backup(options: GlobalOptions, file: string): Promise<BackupFacts> {
  const { saveBackup } = await import("../src/store/backup-file.ts");
  const steps = stepsOf(options, "rows");
  const save = (chunks: AsyncIterable<Buffer>): Promise<BackupFacts> =>
    steps.end(saveBackup(chunks, file, (...at) => steps.at("Writing", ...at)));
  const flow = await askForFlow(options, { method: "POST", path: "/v1/backups" }).catch(
    (cause: unknown) => {
      if (cause instanceof GatewayError && cause.code === "not_running") return undefined;
      throw cause;
    },
  );
  if (flow !== undefined) return save(flow);
  const { openBackup } = await import("../src/store/backup.ts");
  await using lone = await openBackup({ ...readDatabase(options), lockWaitMs }, log);
  return await save(lone.chunks);
}

async function restore(
  options: GlobalOptions,
  file: string,
  replace: boolean,
): Promise<BackupFacts> {
  const { restoreBackup } = await import("../src/store/restore.ts");
  const place = { ...readDatabase(options), lockWaitMs };
  const steps = stepsOf(options, "octets");
  const progress = (phase: keyof typeof PHASES, done: number, total: number): void =>
    steps.at(PHASES[phase], done, total);
  return steps.end(restoreBackup({ place, file, replace, log, progress }));
}

const PHASES = { checking: "Checking", restoring: "Restoring" } as const;

/**
 * A bar for each phase. A signal ends the work at its next step, in good order: a file that is not
 * whole is removed, a database is as it was. A second one does not wait for that.
 */
function stepsOf(options: GlobalOptions, unit: "octets" | "rows") {
  let interrupted = false;
  void signalled().then(() => (interrupted = true));
  let bar: Progress | undefined;
  let shown = "";
  return {
    at(label: string, done: number, total: number): void {
      if (interrupted) throw new Refused("it was interrupted", "Nothing was changed.");
      if (label !== shown) bar?.end();
      if (label !== shown || bar === undefined) bar = createProgress(options, { label, unit });
      shown = label;
      // Rows are estimated, and a bar beyond its end would tell nothing.
      bar.at(done, Math.max(done, total));
    },
    /** Gives what the work gives, when the bar is off the screen. */
    end: <T>(work: Promise<T>): Promise<T> => work.finally(() => bar?.end()),
  };
}

async function refuseExisting(file: string): Promise<void> {
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  if (isThere) throw new Refused(`${file} is there already`, "Name another file, or say --force.");
}

/** What a backup holds, as it is told. */
interface Facts {
  readonly file: string;
  /** Its moment; all that was committed before is in it. */
  readonly atMs: number;
  /** The version that made it. */
  readonly signalbox: string;
  readonly octets: number;
  readonly rows: number;
  readonly tables: Readonly<Record<string, number>>;
}

function factsOf(file: string, { header, rows, octets }: BackupFacts): Facts {
  const tables = header.tables.map(({ name }, n) => [name, rows[n] ?? 0] as const);
  return {
    file,
    atMs: header.atMs,
    signalbox: header.signalbox,
    octets,
    rows: rows.reduce((sum, some) => sum + some, 0),
    tables: Object.fromEntries(tables),
  };
}

function sumOf({ atMs, octets, rows }: Facts): string {
  return `everything of ${dateTime(atMs)}: ${count(rows, "row")}, ${size(octets)}`;
}

/** What the store has to tell beside its result: only what a person should know. */
const log: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: (_facts, text) => void process.stderr.write(`signalbox: ${text}\n`),
  error: (_facts, text) => void process.stderr.write(`signalbox: ${text}\n`),
  child: () => log,
};
