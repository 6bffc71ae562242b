import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { Refused } from "./failure.ts";

/**
 * A file that is there whole or not at all: what is written goes beside it and gets its name at the end.
 * Rejects with `Refused` that says why, such as a full disk; then nothing is left.
 */
export async function writeWholeFile(
  file: string,
  { force, text }: { readonly force: boolean; readonly text: AsyncIterable<string> },
): Promise<void> {
  if (!force) await refuseExisting(file);
  const part = `${file}.part`;
  // It tells what a customer does.
  const handle = await named(file, open(part, "w", 0o600));
  try {
    for await (const piece of text) await named(file, handle.writeFile(piece));
    await named(file, handle.sync());
    await handle.close();
    await named(file, rename(part, file));
  } catch (cause) {
    await handle.close().catch(() => undefined);
    await rm(part, { force: true });
    throw cause;
  }
}

async function refuseExisting(file: string): Promise<void> {
  const there = await open(file, "r").then(
    (handle: FileHandle) => handle.close().then(() => true),
    () => false,
  );
  if (there) throw new Refused(`${file} is there already`, "Name another file, or add --force.");
}

async function named<T>(file: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    const why = code === "ENOSPC" ? "the disk is full" : code;
    throw new Refused(`${file} cannot be written: ${why}`, "Nothing of it is left.", { cause });
  }
}
