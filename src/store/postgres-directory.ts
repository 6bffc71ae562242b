import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, chown, mkdir, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { GatewayError } from "../model/error.ts";
import type { Binaries } from "./postgres-binaries.ts";
import { type Person, reachableBy } from "./postgres-person.ts";
import { codeOf } from "./system-error.ts";

/** The superuser of the embedded server; who may reach its socket is trusted. */
export const serverUser = "signalbox";

/** sockaddr_un holds 104 octets on macOS, 108 on Linux, with the final zero; the file's name is 14. */
const socketDirectoryMaxOctets = 85;

/** initdb takes a second; on a slow disk that is being filled, some more. */
const initdbTimeoutMs = 120_000;

/**
 * Gives a data directory that this version can run in, and makes it when it is not there: beside its
 * final place, so that one that was cut short is never taken for whole. Rejects with
 * `data_directory`, naming the path.
 */
export async function prepareDirectory(
  directory: string,
  binaries: Binaries,
  person: Person,
): Promise<void> {
  const version = await versionIn(directory);
  if (version === binaries.major) return;
  if (version !== undefined)
    throw new GatewayError(
      "data_directory",
      `${directory} holds data of PostgreSQL ${version}, this is PostgreSQL ${binaries.major}; name another directory, or move the data with pg_upgrade.`,
    );
  const part = `${directory}.new`;
  try {
    await rm(part, { recursive: true, force: true });
    await makeFolder(dirname(directory));
    await letThrough(dirname(directory), person);
    await mkdir(part, { mode: 0o700 });
    await giveTo(part, person);
    await initdb(part, binaries, person);
    await rename(part, directory);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new GatewayError("data_directory", `${directory} cannot be made: ${why}`, { cause });
  }
}

/** A person's folder for the socket, short enough for a socket's address; closed to all others. */
export async function socketDirectoryFor(directory: string, person: Person): Promise<string> {
  const beside = join(dirname(directory), "socket");
  const short = Buffer.byteLength(beside) <= socketDirectoryMaxOctets;
  const fits = short && (await reachableBy(dirname(directory), person));
  const hash = createHash("sha256").update(directory).digest("hex").slice(0, 12);
  const folder = fits ? beside : join(tmpdir(), `signalbox-${hash}`);
  try {
    await makeFolder(folder);
    const found = await stat(folder);
    const owner = person.uid ?? userInfo().uid;
    // In the common folder for temporary files anybody may have made it before us.
    if (found.uid !== owner && found.uid !== userInfo().uid)
      throw new Error("it belongs to somebody else");
    await chmod(folder, 0o700);
    await giveTo(folder, person);
    return folder;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new GatewayError(
      "data_directory",
      `${folder} cannot hold the database's socket: ${why}`,
      {
        cause,
      },
    );
  }
}

/**
 * How PostgreSQL is to name its directory. When the folders above are closed to the one whom it runs
 * as (a clone below root's home), it starts inside and names it through the kernel.
 */
export async function nameFor(directory: string, person: Person): Promise<string> {
  const place = await realpath(directory);
  if (await reachableBy(place, person)) return place;
  if (process.platform === "linux") return "/proc/self/cwd";
  throw new GatewayError(
    "data_directory",
    `${directory} cannot be reached by the user whom PostgreSQL is to run as; name one that can, or start the gateway as a plain user.`,
  );
}

async function versionIn(directory: string): Promise<string | undefined> {
  try {
    return (await readFile(join(directory, "PG_VERSION"), "utf8")).trim();
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return undefined;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new GatewayError("data_directory", `${directory} cannot be read: ${why}`, { cause });
  }
}

/**
 * Makes a folder and those above it. Node's own `recursive` goes round for ever where a folder says
 * ENOENT to whatever is to be made in it, as /proc does.
 */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (codeOf(error) === "EEXIST" && (await stat(path)).isDirectory()) return;
    if (codeOf(error) !== "ENOENT" || path === dirname(path)) throw error;
    await makeFolder(dirname(path));
    await mkdir(path);
  }
}

async function giveTo(path: string, { uid, gid }: Person): Promise<void> {
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid);
}

/** The folder that we made ourselves lets the person pass, and shows nothing. */
async function letThrough(folder: string, person: Person): Promise<void> {
  if (person.uid === undefined) return;
  const { mode } = await stat(folder);
  await chmod(folder, (mode & 0o7777) | 0o011);
}

async function initdb(directory: string, binaries: Binaries, person: Person): Promise<void> {
  const name = await nameFor(directory, person);
  const options = ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-instructions"];
  // MiB. Until files of the log are used again each commit may wait while a new one is filled: 25 to 70 ms
  // for the usual 16, 18 for 4. These take a third of the time of 4.
  options.push("--wal-segsize=1");
  const { uid, gid } = person;
  await new Promise<void>((resolve, reject) => {
    execFile(
      join(binaries.folder, "bin", "initdb"),
      ["-D", name, `--username=${serverUser}`, ...options],
      {
        cwd: directory,
        env: { LC_ALL: "C" },
        timeout: initdbTimeoutMs,
        ...(uid === undefined || gid === undefined ? {} : { uid, gid }),
      },
      (error, _stdout, stderr) => {
        const told = stderr.trim().split("\n").at(-1) ?? "";
        if (error === null) resolve();
        else reject(new Error(`initdb failed: ${told === "" ? error.message : told}`));
      },
    );
  });
}
