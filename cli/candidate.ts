import type { Stats } from "node:fs";
import { cp, mkdtemp, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { WrongArguments } from "./failure.ts";

/** A folder of triggers as it would be, to be disposed of. */
export interface Candidate extends AsyncDisposable {
  readonly directory: string;
  /** In words: `forward.ts instead of the one in ./triggers`. */
  readonly what: string;
}

/**
 * `candidate`: a folder, which stands for the whole of `directory`; a file, which stands for the one of
 * its name, or for `replaces`, among the others of `directory`; undefined: `directory` as it is on disk.
 * Rejects with `WrongArguments` for what is not there.
 */
export async function candidateFolder(
  directory: string,
  { candidate, replaces }: { readonly candidate?: string; readonly replaces?: string },
): Promise<Candidate> {
  const nothing = { [Symbol.asyncDispose]: () => Promise.resolve() };
  if (candidate === undefined) {
    await found(directory);
    return { directory, what: `the files in ${directory}`, ...nothing };
  }
  const path = resolve(candidate);
  if ((await found(path)).isDirectory())
    return { directory: path, what: `the files in ${candidate}`, ...nothing };
  if (!path.endsWith(".ts")) throw new WrongArguments(`${candidate} is no .ts file and no folder`);
  await found(directory);
  const name = replaces === undefined ? basename(path) : basename(replaces);
  const copy = await mkdtemp(join(tmpdir(), "signalbox-candidate-"));
  const remove = () => rm(copy, { recursive: true });
  try {
    const packages = join(directory, "node_modules");
    await cp(directory, copy, { recursive: true, filter: (from) => from !== packages });
    if (await isThere(packages)) await symlink(packages, join(copy, "node_modules"));
    const known = await isThere(join(directory, name));
    if (replaces !== undefined && !known)
      throw new WrongArguments(`${directory} has no ${name} that could be replaced`);
    await cp(path, join(copy, name), { dereference: true });
    const what = known ? `${candidate} instead of ${name}` : `${candidate} besides the others`;
    return { directory: copy, what, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function found(path: string): Promise<Stats> {
  try {
    return await stat(path);
  } catch (cause) {
    const why = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    throw new WrongArguments(
      `${path} ${why ? "is not there" : `cannot be read: ${String(cause)}`}`,
    );
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
