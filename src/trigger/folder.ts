import { type Stats, unwatchFile, watchFile } from "node:fs";
import { readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { type FSWatcher, watch } from "chokidar";
import type { Log } from "../model/log.ts";
import { sourceOctetsMax } from "./bundle.ts";

/** Milliseconds for which a file must not have grown before it counts as written. */
const stableMs = 150;
const pollMs = 30;

/** Milliseconds between looks whether the folder itself is another one: nothing tells of that. */
const folderLookMs = 250;

/** Trigger files in one folder: to bundle them all takes 1 s, and their isolates fill half a host. */
export const filesMax = 256;

/**
 * Names of the trigger files of a folder, sorted. Subfolders hold what they share. Rejects when the
 * folder cannot be read or has more than `filesMax` of them, which is then another folder by mistake.
 */
export async function triggerFiles(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const files = entries
    .filter((entry) => !entry.isDirectory() && isTriggerFile(entry.name))
    .map((entry) => entry.name)
    .sort();
  if (files.length > filesMax)
    throw new Error(`it has ${files.length} trigger files; ${filesMax} are allowed`);
  return files;
}

/**
 * Whether a file of the folder, or of its subfolders, was written after this moment (milliseconds since
 * 1970 UTC): then more of the same save may be on its way. A file that says it was written in the future
 * tells nothing.
 */
export async function changedSince(directory: string, sinceMs: number): Promise<boolean> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true });
  const files = entries.filter(
    (entry) => entry.name.endsWith(".ts") && !isLeftAlone(entry.parentPath.slice(directory.length)),
  );
  const times = await Promise.all(
    files.map(async (entry) => {
      const found = await stat(join(entry.parentPath, entry.name)).catch(() => undefined);
      return found?.mtimeMs ?? 0;
    }),
  );
  const nowMs = Date.now();
  return times.some((time) => time > sinceMs && time <= nowMs);
}

/**
 * Whether the text of a trigger file has the word without which nothing is for binds. True also when that
 * cannot be said, because it is no file (a pipe would be waited for), larger than one may be, or not to be read.
 */
export async function speaksOfBinds(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true || found.size > sourceOctetsMax) return true;
  const text = await readFile(path, "utf8").catch(() => undefined);
  return text?.includes("onBind") !== false;
}

/** Folders that nothing is looked for in. */
export function isLeftAlone(path: string): boolean {
  return /[\\/](node_modules|\.git)([\\/]|$)/.test(path);
}

/** Names that begin with a point are an editor's or a system's own: locks, copies, resource forks. */
function isTriggerFile(name: string): boolean {
  return /^[^.].*\.ts$/.test(name) && !/\.(test|d)\.ts$/.test(name);
}

/**
 * Calls `changed` when something in the folder may have changed, `quietMs` after the last sign of
 * it, and again that much later when it answers false: it came in the middle of a save. What the file
 * system tells is a hint and no more: whoever is called looks for himself. Goes on
 * when the folder is replaced by another one of its name, as a deployment by a link does. Resolves
 * when the watch has begun. The function it gives ends it.
 */
export async function watchFolder(
  directory: string,
  quietMs: number,
  log: Log,
  changed: () => Promise<boolean>,
): Promise<() => Promise<void>> {
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  const tell = async () => {
    if (!(await changed())) hint();
  };
  const hint = () => {
    clearTimeout(timer);
    if (!ended) timer = setTimeout(() => void tell(), quietMs);
  };
  let watcher = await watchTree(directory, log, hint);
  let moving = Promise.resolve();
  const look = (now: Stats, before: Stats) => {
    if (now.ino === before.ino && now.dev === before.dev) return;
    moving = moving.then(async () => {
      await watcher.close();
      watcher = await watchTree(directory, log, hint);
      hint();
    });
  };
  watchFile(directory, { interval: folderLookMs, persistent: false }, look);
  return async () => {
    unwatchFile(directory, look);
    ended = true;
    await moving;
    clearTimeout(timer);
    await watcher.close();
  };
}

async function watchTree(directory: string, log: Log, hint: () => void): Promise<FSWatcher> {
  const watcher = watch(directory, {
    ignoreInitial: true,
    awaitWriteFinish: { stabilityThreshold: stableMs, pollInterval: pollMs },
    ignored: (path) => isLeftAlone(path.slice(directory.length)),
  });
  watcher.on("all", hint);
  watcher.on("error", (error) =>
    log.error({ directory, error: String(error) }, "The trigger folder cannot be watched."),
  );
  await new Promise<void>((resolve) => watcher.once("ready", resolve));
  return watcher;
}
