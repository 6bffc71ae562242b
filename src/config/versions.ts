import { mkdir, open, readFile, readdir, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** Of the texts of the file that were in force; a site that changes often sees some days. */
export const versionsMax = 20;

/** A text that was in force. */
export interface Version {
  /** Counts up from 1, also over a restart. */
  readonly number: number;
  /** Milliseconds since 1970 UTC. */
  readonly atMs: number;
  /** Who made it. */
  readonly by: string;
}

/** The last texts of the configuration file, each a file that only this user may read. */
export interface Versions {
  /** The newest first. */
  list(): Promise<readonly Version[]>;
  /** undefined: there is none of this number, or no longer. */
  read(number: number): Promise<string | undefined>;
  /** Keeps it as the newest, unless that has the same text; the oldest beyond `versionsMax` goes. */
  keep(text: string, by: string, atMs: number): Promise<Version>;
}

const privateFile = 0o600;

export function openVersions(directory: string): Versions {
  async function list(): Promise<readonly Version[]> {
    const names = await readdir(directory).catch(() => []);
    return names
      .flatMap((name) => versionIn(name) ?? [])
      .toSorted((one, other) => other.number - one.number);
  }

  return {
    list,
    async read(number) {
      const found = (await list()).find((one) => one.number === number);
      return found === undefined ? undefined : readFile(join(directory, nameOf(found)), "utf8");
    },
    async keep(text, by, atMs) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const all = await list();
      const newest = all[0];
      if (newest !== undefined) {
        const was = await readFile(join(directory, nameOf(newest)), "utf8");
        if (was === text) return newest;
      }
      const made = { number: (newest?.number ?? 0) + 1, atMs, by };
      await writeWhole(join(directory, nameOf(made)), text, privateFile);
      for (const old of all.slice(versionsMax - 1)) await rm(join(directory, nameOf(old)));
      return made;
    },
  };
}

/**
 * Writes a file so that whoever reads it sees the old text or the new one, also after a crash. What a
 * link leads to is written, and its rights are kept; `mode` is for one that is new.
 */
export async function writeWhole(path: string, text: string, mode: number): Promise<void> {
  const real = await realpath(path).catch(() => path);
  const rights = await stat(real).then(
    (found) => found.mode & 0o777,
    () => mode,
  );
  const beside = join(dirname(real), `.${basename(real)}.${process.pid}.new`);
  const file = await open(beside, "w", rights);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, real).catch(async (cause: unknown) => {
    await rm(beside, { force: true });
    throw cause;
  });
}

/** All that is known of it stands in its name: `12.1760000000000.ann.yaml`. */
function nameOf({ number, atMs, by }: Version): string {
  return `${number}.${atMs}.${encodeURIComponent(by).replaceAll(".", "%2E").slice(0, 128)}.yaml`;
}

function versionIn(name: string): Version | undefined {
  const [, number, atMs, by] = /^(\d{1,9})\.(\d{1,15})\.([^.]*)\.yaml$/.exec(name) ?? [];
  if (number === undefined || atMs === undefined || by === undefined) return undefined;
  return { number: Number(number), atMs: Number(atMs), by: decoded(by) };
}

function decoded(by: string): string {
  try {
    return decodeURIComponent(by);
  } catch {
    return by;
  }
}
