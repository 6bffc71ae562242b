import { lstat, readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Built, bundle } from "./bundle.ts";
import { isLeftAlone, triggerFiles } from "./folder.ts";
import { hostProgram } from "./host-program.ts";

/** The trigger files of a folder as they were at one moment, each made into one text. */
export interface FolderLook {
  /** Relative to the folder, sorted. */
  readonly names: readonly string[];
  /** In the order of the names. */
  readonly bundles: readonly Built[];
}

/** One that was begun before anything of the engine was there. */
export interface EarlyLook extends FolderLook {
  readonly beganMs: number;
  /** Where the folder really lay, and which one it was there. */
  readonly place: string;
}

/**
 * Milliseconds by which the time that a file system writes down may lie before the one that we read: a tick of
 * the kernel is 10 at most.
 */
const clockLagMs = 100;

/** @param takes files that are left out are as if they were not there. Rejects when the folder cannot be read. */
export async function lookInto(
  directory: string,
  takes: (file: string) => boolean = () => true,
): Promise<FolderLook> {
  const names = (await triggerFiles(directory)).filter(takes);
  return { names, bundles: await bundle(directory, names) };
}

/**
 * The same for a start, of which it takes a quarter where it is waited for: the bundler is a process of its own, so
 * it can work while the database starts and our own code is loaded. What it gives is only to be used when it is
 * `stillGood`. The program of the trigger hosts is made meanwhile, too.
 */
export async function lookEarly(directory: string): Promise<EarlyLook> {
  // The engine asks for it again, and tells what is wrong.
  hostProgram().catch(() => undefined);
  const beganMs = Date.now();
  const place = await placeOf(directory);
  return { beganMs, place, ...(await lookInto(directory)) };
}

/**
 * The early look, unless there is none, it failed, or something has changed since: then one has to look again. To be
 * asked when the folder is watched already, so that no change falls between.
 */
export async function stillGood(
  directory: string,
  early: Promise<EarlyLook> | undefined,
): Promise<FolderLook | undefined> {
  const look = await early?.catch(() => undefined);
  return look !== undefined && (await isUnchanged(directory, look)) ? look : undefined;
}

/**
 * Whether the folder is still what was looked at: the same one, with the same files, none of them written, moved
 * there or pointed elsewhere since. Of packages nobody asks this, as nobody watches them.
 */
async function isUnchanged(directory: string, look: EarlyLook): Promise<boolean> {
  try {
    if ((await placeOf(directory)) !== look.place) return false;
    const names = await triggerFiles(directory);
    if (names.join("\n") !== look.names.join("\n")) return false;
    const entries = await readdir(directory, { withFileTypes: true, recursive: true });
    const paths = entries
      .filter((entry) => !isLeftAlone(entry.parentPath.slice(directory.length)))
      .map((entry) => join(entry.parentPath, entry.name));
    const times = await Promise.all(paths.map(changedMs));
    return times.every((time) => time < look.beganMs - clockLagMs);
  } catch {
    // Gone since it was listed, for one.
    return false;
  }
}

/** When it, or what it is a link to, was last changed in any way; nobody can set this time. */
async function changedMs(path: string): Promise<number> {
  const [itself, meant] = await Promise.all([lstat(path), stat(path)]);
  return Math.max(itself.ctimeMs, meant.ctimeMs);
}

async function placeOf(directory: string): Promise<string> {
  const [path, { dev, ino }] = await Promise.all([realpath(directory), stat(directory)]);
  return `${path} ${dev} ${ino}`;
}
