import { readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";

/** As whom PostgreSQL runs; undefined numbers mean: as the one who runs us. */
export interface Person {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

/** The user without rights that every Unix has; used where /etc/passwd does not name one. */
const nobodyId = 65_534;

/**
 * PostgreSQL refuses to run as root. Then it runs as the owner of its data directory, and if that is
 * root or not there yet, as `nobody`.
 */
export async function personFor(directory: string): Promise<Person> {
  if (process.getuid?.() !== 0) return { uid: undefined, gid: undefined };
  const owner = await stat(directory).catch(() => undefined);
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  const passwd = await readFile("/etc/passwd", "utf8").catch(() => "");
  const entry = /^nobody:[^:]*:(\d+):(\d+):/m.exec(passwd);
  return { uid: Number(entry?.[1] ?? nobodyId), gid: Number(entry?.[2] ?? nobodyId) };
}

/** May this person enter the folder, through all folders above it? */
export async function reachableBy(folder: string, person: Person): Promise<boolean> {
  const { uid, gid } = person;
  if (uid === undefined) return true;
  for (let path = folder; ; path = dirname(path)) {
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) return false;
    const bit = found.uid === uid ? 0o100 : found.gid === gid ? 0o010 : 0o001;
    if ((found.mode & bit) === 0) return false;
    if (path === dirname(path)) return true;
  }
}
