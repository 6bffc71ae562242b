import { unwatchFile, watchFile } from "node:fs";
import { readFile, stat } from "node:fs/promises";

/** ms between two looks at the file: a person has hardly left the editor. */
const lookMs = 250;

/** ms for which it must not have changed before it counts as written: half a file may be right, too. */
const quietMs = 200;

/**
 * Gives the text of a file now and each time that it may have been written, replaced or come back;
 * undefined when it cannot be read. By looking, since that sees what becomes of links and of mounted
 * files, too; what is just being written is looked at again. Ended by the function that it gives.
 */
export function watchText(path: string, told: (text: string | undefined) => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  const soon = (): void => {
    clearTimeout(timer);
    if (ended) return;
    timer = setTimeout(() => void look(), quietMs);
    timer.unref();
  };
  const look = async (): Promise<void> => {
    const before = await stat(path).catch(() => undefined);
    const text = await readFile(path, "utf8").catch(() => undefined);
    const after = await stat(path).catch(() => undefined);
    const isSame = before?.mtimeMs === after?.mtimeMs && before?.ino === after?.ino;
    const ageMs = after === undefined ? Infinity : Date.now() - after.mtimeMs;
    // A file that says it was written in the future tells nothing by that.
    const isBeingWritten = !isSame || (ageMs >= 0 && ageMs < quietMs);
    if (isBeingWritten) soon();
    else if (!ended) told(text);
  };
  watchFile(path, { interval: lookMs, persistent: false }, soon);
  soon();
  return () => {
    ended = true;
    unwatchFile(path, soon);
    clearTimeout(timer);
  };
}
