import { createHash } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { filesBlaming } from "./named-file.ts";

const { named, syncFolder } = filesBlaming("record_file");

/** Records on disk, whole. */
export interface WrittenRecords {
  readonly file: string;
  readonly records: number;
  readonly octets: number;
  readonly sha256: string;
}

const newLine = 0x0a;

/**
 * Writes the records of a day to a file as they come, each a line, and its SHA-256 beside it, as
 * `sha256sum --check FILE.sha256` reads it. Until they are whole they stand in `FILE.part`, which is removed
 * when anything fails; then they take the name, in place of a file that had it. The sum comes last, so that
 * where there is one the file is whole. Progress is told in records. Rejects with `record_file` when it
 * cannot be written, and with whatever the chunks fail with. Called by `record export`, and each day.
 */
export async function writeRecords(
  chunks: AsyncIterable<Buffer>,
  {
    file,
    headLines,
    progress = () => undefined,
  }: {
    readonly file: string;
    /** Lines at its beginning that are no records. */
    readonly headLines: number;
    readonly progress?: (records: number) => void;
  },
): Promise<WrittenRecords> {
  const part = `${file}.part`;
  const sum = `${file}.sha256`;
  const hash = createHash("sha256");
  // They say who wrote to whom.
  const handle = await named(part, open(part, "w", 0o600));
  let octets = 0;
  let lines = 0;
  try {
    try {
      for await (const chunk of chunks) {
        await named(part, handle.writeFile(chunk));
        hash.update(chunk);
        octets += chunk.length;
        for (let at = chunk.indexOf(newLine); at !== -1; at = chunk.indexOf(newLine, at + 1))
          lines += 1;
        progress(Math.max(0, lines - headLines));
      }
      await named(part, handle.sync());
    } finally {
      await handle.close();
    }
    const sha256 = hash.digest("hex");
    await writeWhole(`${sum}.part`, `${sha256}  ${basename(file)}\n`);
    await rm(sum, { force: true });
    await named(file, rename(part, file));
    await named(sum, rename(`${sum}.part`, sum));
    await syncFolder(dirname(file));
    return { file, records: Math.max(0, lines - headLines), octets, sha256 };
  } catch (error) {
    await rm(part, { force: true });
    await rm(`${sum}.part`, { force: true });
    throw error;
  }
}

async function writeWhole(file: string, text: string): Promise<void> {
  const handle = await named(file, open(file, "w", 0o600));
  try {
    await named(file, handle.writeFile(text));
    await named(file, handle.sync());
  } finally {
    await handle.close();
  }
}
