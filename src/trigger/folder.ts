import { type Stats, unwatchFile, watchFile } from "node:fs";
import { readdir } from "node:fs/promises";
import { type FSWatcher, watch } from "chokidar";
import type { Log } from "../model/log.ts";

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

/** Names that begin with a point are an editor's or a system's own: locks, copies, resource forks. */
function isTriggerFile(name: string): boolean {
  return /^[^.].*\.ts$/.test(name) && !/\.(test|d)\.ts$/.test(name);
}

/**
 * Calls `changed` when something in the folder may have changed, `quietMs` after the last sign of
 * it. What the file system tells is a hint and no more: whoever is called looks for himself. Goes on
 * when the folder is replaced by another one of its name, as a deployment by a link does. Resolves
 * when the watch has begun. The function it gives ends it.
 */
export async function watchFolder(
  directory: string,
  quietMs: number,
  log: Log,
  changed: () => void,
): Promise<() => Promise<void>> {
  let timer: NodeJS.Timeout | undefined;
  const hint = () => {
    clearTimeout(timer);
    timer = setTimeout(changed, quietMs);
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
    await moving;
    clearTimeout(timer);
    await watcher.close();
  };
}

async function watchTree(directory: string, log: Log, hint: () => void): Promise<FSWatcher> {
  const watcher = watch(directory, {
    ignoreInitial: true,
    awaitWriteFinish: { stabilityThreshold: stableMs, pollInterval: pollMs },
    ignored: (path) => /[\\/](node_modules|\.git)([\\/]|$)/.test(path.slice(directory.length)),
  });
  watcher.on("all", hint);
  watcher.on("error", (error) =>
    log.error({ directory, error: String(error) }, "The trigger folder cannot be watched."),
  );
  await new Promise<void>((resolve) => watcher.once("ready", resolve));
  return watcher;
}
