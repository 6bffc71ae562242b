import { readdir } from "node:fs/promises";
import { watch } from "chokidar";
import type { Log } from "../model/log.ts";

/** Milliseconds for which a file must not have grown before it counts as written. */
const stableMs = 150;
const pollMs = 30;

/** Names of the trigger files of a folder, sorted. Subfolders hold what they share. */
export async function triggerFiles(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory() && isTriggerFile(entry.name))
    .map((entry) => entry.name)
    .sort();
}

function isTriggerFile(name: string): boolean {
  return name.endsWith(".ts") && !name.endsWith(".test.ts") && !name.endsWith(".d.ts");
}

/**
 * Calls `changed` when something in the folder may have changed, `quietMs` after the last sign of
 * it. What the file system tells is a hint and no more: whoever is called looks for himself.
 * Resolves when the watch has begun. The function it gives ends it.
 */
export async function watchFolder(
  directory: string,
  quietMs: number,
  log: Log,
  changed: () => void,
): Promise<() => Promise<void>> {
  let timer: NodeJS.Timeout | undefined;
  const watcher = watch(directory, {
    ignoreInitial: true,
    awaitWriteFinish: { stabilityThreshold: stableMs, pollInterval: pollMs },
    ignored: (path) => /[\\/](node_modules|\.git)([\\/]|$)/.test(path.slice(directory.length)),
  });
  watcher.on("all", () => {
    clearTimeout(timer);
    timer = setTimeout(changed, quietMs);
  });
  watcher.on("error", (error) =>
    log.error({ directory, error: String(error) }, "The trigger folder cannot be watched."),
  );
  await new Promise<void>((resolve) => watcher.once("ready", resolve));
  return async () => {
    clearTimeout(timer);
    await watcher.close();
  };
}
