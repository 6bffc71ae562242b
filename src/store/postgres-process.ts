import { readFile, readdir, readlink, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "./system-error.ts";

/** What a running server says of itself in its data directory (PostgreSQL's pidfile.h). */
export interface PidFile {
  readonly pid: number;
  /** As given to the server: may be relative to its data directory. */
  readonly socketDirectory: string;
}

export async function readPidFile(directory: string): Promise<PidFile | undefined> {
  const text = await readFile(join(directory, "postmaster.pid"), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const lines = text.split("\n");
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return { pid, socketDirectory: lines[4] ?? "" };
}

/** Is there such a process? One that has ended and was not collected by its parent is none. */
export async function isAlive(pid: number): Promise<boolean> {
  if (!hasNumber(pid)) return false;
  const status = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return !/^\d+ \(.*\) Z/s.test(status);
}

/**
 * Clears a pid file that an earlier server left, when its number belongs to somebody else now: then
 * PostgreSQL would refuse to start for ever (in containers the same numbers come again each time).
 * A number that nobody has is left to PostgreSQL, which looks for backends of the dead server
 * itself. Gives false when the process may well be the server.
 */
export async function clearStalePidFile(directory: string, file: PidFile): Promise<boolean> {
  if (!hasNumber(file.pid)) return true;
  if (await isServer(file.pid)) return false;
  if ((await leftBackends(directory)).length > 0) return false;
  await rm(join(directory, "postmaster.pid"), { force: true });
  return true;
}

/** Backends that outlived their server: they work in its data directory and end by themselves. */
export async function leftBackends(directory: string): Promise<number[]> {
  const place = await realpath(directory);
  const left: number[] = [];
  // Without /proc nobody can say; PostgreSQL's own check then stands alone.
  for (const name of await readdir("/proc").catch(() => [])) {
    if (!/^\d+$/.test(name)) continue;
    const cwd = await readlink(`/proc/${name}/cwd`).catch(() => "");
    if (cwd === place && (await isAlive(Number(name)))) left.push(Number(name));
  }
  return left;
}

async function isServer(pid: number): Promise<boolean> {
  if (!(await isAlive(pid))) return false;
  const name = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => undefined);
  // Where there is no /proc, a living process of that number is taken for the server.
  return name === undefined || name.trim() === "postgres";
}

/** True also for a process that has ended and still has its number. */
function hasNumber(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM"; // Somebody else's process.
  }
}
