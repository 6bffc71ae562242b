import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { blockOctetsMax, readBackup } from "./backup-format.ts";
import type { BackupHeader } from "./backup-header.ts";
import { filesBlaming } from "./named-file.ts";

const { named, syncFolder } = filesBlaming("backup_file");

/** A backup that is whole. */
export interface BackupFacts {
  readonly header: BackupHeader;
  /** Of each table, in the header's order. */
  readonly rows: readonly number[];
  /** Of the file. */
  readonly octets: number;
}

/** How far it is. `total` is exact for octets, and an estimate for rows, which may turn out to be more. */
export type Progress = (done: number, total: number) => void;

/**
 * Writes a backup to a file as it comes, from a running gateway (`POST /v1/backups`) or from
 * `openBackup`, and checks every octet on the way. Until it is whole it stands in `FILE.part`, which is
 * removed when anything fails; then it takes the name, in place of a file that had it. Progress is told
 * in rows. Rejects with `backup_broken` when it was cut, with `backup_file` when it cannot be written,
 * and with whatever the chunks fail with. Called by `db backup`.
 */
export async function saveBackup(
  chunks: AsyncIterable<Buffer>,
  file: string,
  progress: Progress = () => undefined,
): Promise<BackupFacts> {
  const part = `${file}.part`;
  // It holds what people wrote to each other.
  const handle = await named(part, open(part, "w", 0o600));
  try {
    let octets = 0;
    const written = async function* (): AsyncGenerator<Buffer> {
      for await (const chunk of chunks) {
        await named(part, handle.writeFile(chunk));
        octets += chunk.length;
        yield chunk;
      }
    };
    let done = 0;
    let total = 0;
    let whole: BackupFacts | undefined;
    let header: BackupHeader | undefined;
    for await (const one of readBackup(written())) {
      if (one.kind === "header") {
        header = one.header;
        total = header.tables.reduce((sum, { rowsEstimated }) => sum + rowsEstimated, 0);
      } else if (one.kind === "block") done += one.rows;
      else if (header !== undefined) whole = { header, rows: one.rows, octets };
      progress(done, total);
    }
    if (whole === undefined) throw new Error("the reader of a backup gave no end");
    await named(part, handle.sync());
    await handle.close();
    await named(file, rename(part, file));
    await syncFolder(dirname(file));
    return whole;
  } catch (error) {
    await handle.close();
    await rm(part, { force: true });
    throw error;
  }
}

/**
 * Reads a whole backup and holds it against its sums; touches nothing else. Progress is told in octets
 * of the file. Rejects with `backup_broken`, `backup_version` or `backup_file`. Called by `db verify`.
 */
export async function verifyBackup(
  file: string,
  progress: Progress = () => undefined,
): Promise<BackupFacts> {
  await using opened = await openBackupFile(file);
  return await opened.verify(progress);
}

/** One file that is read twice: what was checked is what is used. */
export interface BackupFile extends AsyncDisposable {
  /** From its beginning. */
  chunks(progress: Progress): AsyncGenerator<Buffer>;
  verify(progress: Progress): Promise<BackupFacts>;
}

/** Rejects with `backup_file`. */
export async function openBackupFile(file: string): Promise<BackupFile> {
  const handle = await named(file, open(file, "r"));
  const { size } = await named(file, handle.stat());
  const chunks = (progress: Progress) => chunksOf(handle, { file, size, progress });
  return {
    chunks,
    async verify(progress) {
      let header: BackupHeader | undefined;
      for await (const part of readBackup(chunks(progress))) {
        if (part.kind === "header") header = part.header;
        if (part.kind === "end" && header !== undefined)
          return { header, rows: part.rows, octets: size };
      }
      throw new Error("the reader of a backup gave no end");
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

async function* chunksOf(
  handle: FileHandle,
  given: { readonly file: string; readonly size: number; readonly progress: Progress },
): AsyncGenerator<Buffer> {
  const { file, size, progress } = given;
  for (let position = 0; ;) {
    const chunk = Buffer.allocUnsafe(blockOctetsMax);
    const { bytesRead } = await named(file, handle.read(chunk, 0, chunk.length, position));
    if (bytesRead === 0) return;
    position += bytesRead;
    progress(position, size);
    yield chunk.subarray(0, bytesRead);
  }
}
