import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { crc32, zstdCompress, zstdDecompress } from "node:zlib";
import { GatewayError } from "../model/error.ts";
import { type BackupHeader, headerFrom, rowsFrom } from "./backup-header.ts";
import { octetReader } from "./octet-reader.ts";

/** The layout of the file; docs/backup-format.md tells of it. Another layout is another number. */
export const formatVersion = 1;

const magicText = "SIGNALBOX BACKUP ";
const magic = Buffer.from(`${magicText}${formatVersion}\n`);

/** Octets of rows in one block before compression: what either end holds of the data at once. */
export const blockOctetsMax = 1_048_576;

/** Octets of a frame's content. A block that does not compress is a little larger; headers are smaller. */
const frameOctetsMax = 2 * blockOctetsMax;

/** Kind, length and CRC-32 of both and of the content. */
const frameHeadOctets = 9;

/** Table, rows and length before compression. */
const blockHeadOctets = 10;

const KINDS = { header: 0x48, block: 0x42, end: 0x45 } as const; // H, B, E

const newline = 0x0a;

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** Rows of one table as PostgreSQL's COPY writes them in text form; a row may go on in the next block. */
export interface BackupBlock {
  /** Place in the header's list of tables; blocks come in that order. */
  readonly table: number;
  /** Rows that end in this block. */
  readonly rows: number;
  readonly data: Buffer;
}

/** What a backup is made of, in this order: one header, any number of blocks, one end. */
export type BackupPart =
  | { readonly kind: "header"; readonly header: BackupHeader }
  | ({ readonly kind: "block" } & BackupBlock)
  /** Nothing is missing and nothing is changed. The rows of each table, in the header's order. */
  | { readonly kind: "end"; readonly rows: readonly number[] };

/** Gives the octets of one backup, piece by piece: `head`, `block` for each, `end`. */
export interface BackupWriter {
  head(header: BackupHeader): Buffer;
  /** At most `blockOctetsMax` of data. Compressed beside the event loop. */
  block(table: number, data: Buffer): Promise<Buffer>;
  end(): Buffer;
}

export function createBackupWriter(): BackupWriter {
  const hash = createHash("sha256");
  const rows: number[] = [];
  const hashed = (octets: Buffer): Buffer => {
    hash.update(octets);
    return octets;
  };
  return {
    head(header) {
      rows.push(...header.tables.map(() => 0));
      const text = Buffer.from(JSON.stringify(header));
      return hashed(Buffer.concat([magic, frameOf(KINDS.header, text)]));
    },
    async block(table, data) {
      const ended = rowsIn(data);
      rows[table] = (rows[table] ?? 0) + ended;
      const head = Buffer.alloc(blockHeadOctets);
      head.writeUInt16BE(table, 0);
      head.writeUInt32BE(ended, 2);
      head.writeUInt32BE(data.length, 6);
      return hashed(frameOf(KINDS.block, Buffer.concat([head, await compress(data)])));
    },
    end() {
      const text = JSON.stringify({ rows, sha256: hash.digest("hex") });
      return frameOf(KINDS.end, Buffer.from(text));
    },
  };
}

/**
 * Takes a backup apart and holds every piece of it against its sums, whatever the octets are. Holds
 * one frame at a time. Rejects with `backup_broken` where something is missing, changed or too much,
 * and with `backup_version` when it is laid out in another way; the parts before that were right as
 * they were, but only with the end the whole is.
 */
export async function* readBackup(chunks: AsyncIterable<Buffer>): AsyncGenerator<BackupPart> {
  const input = octetReader(chunks);
  const hash = createHash("sha256");
  try {
    await readMagic();
    const header = await readHeader();
    yield { kind: "header", header };
    yield* readRows(header.tables.map(() => 0));
  } finally {
    await input.close();
  }

  async function* readRows(rows: number[]): AsyncGenerator<BackupPart> {
    for (let last = 0; ;) {
      const { kind, head, content } = await readFrame();
      if (kind === KINDS.end) {
        checkEnd(content, rows);
        if (await input.hasMore()) throw broken("something follows its end");
        yield { kind: "end", rows };
        return;
      }
      if (kind !== KINDS.block) throw broken("a part of it is of an unknown kind");
      hash.update(head).update(content);
      const block = await blockFrom(content);
      const known = rows[block.table];
      if (known === undefined || block.table < last) throw broken("its tables are not in order");
      last = block.table;
      rows[last] = known + block.rows;
      yield { kind: "block", ...block };
    }
  }

  async function readMagic(): Promise<void> {
    const found = (await input.take(magic.length)) ?? Buffer.alloc(0);
    if (found.equals(magic)) hash.update(found);
    else if (/^SIGNALBOX BACKUP \d/.test(found.toString("latin1")))
      throw new GatewayError(
        "backup_version",
        `The backup is laid out in the way ${found.subarray(magicText.length).toString("latin1").trim()}, this version reads ${formatVersion}.`,
      );
    else throw new GatewayError("backup_broken", "This is not a backup of Signalbox.");
  }

  async function readHeader(): Promise<BackupHeader> {
    const { kind, head, content } = await readFrame();
    hash.update(head).update(content);
    const header = kind === KINDS.header ? headerFrom(jsonOf(content)) : undefined;
    if (header === undefined) throw broken("its header cannot be read");
    return header;
  }

  function checkEnd(content: Buffer, rows: readonly number[]): void {
    const told = rowsFrom(jsonOf(content));
    if (told === undefined) throw broken("its end cannot be read");
    if (told.sha256 !== hash.digest("hex")) throw broken("its checksum is not that of its content");
    if (told.rows.join() !== rows.join()) throw broken("its rows are not as many as it says");
  }

  async function readFrame(): Promise<{ kind: number; head: Buffer; content: Buffer }> {
    const head = await input.take(frameHeadOctets);
    const length = head?.readUInt32BE(1) ?? 0;
    if (length > frameOctetsMax) throw broken("a length in it is not possible");
    const content = head === undefined ? undefined : await input.take(length);
    if (head === undefined || content === undefined)
      throw broken("it ends in the middle; it was cut, or is not finished");
    if (head.readUInt32BE(5) !== crc32(content, crc32(head.subarray(0, 5))))
      throw broken("octets in it were changed");
    return { kind: head.readUInt8(0), head, content };
  }

  async function blockFrom(content: Buffer): Promise<BackupBlock> {
    if (content.length < blockHeadOctets) throw broken("a block in it is too short");
    const rows = content.readUInt32BE(2);
    const length = content.readUInt32BE(6);
    const data = await decompress(content.subarray(blockHeadOctets), {
      maxOutputLength: blockOctetsMax,
    }).catch(() => undefined); // The reason is zstd's own and says no more than the next line.
    if (data === undefined || data.length !== length || rowsIn(data) !== rows)
      throw broken("a block in it cannot be unpacked");
    return { table: content.readUInt16BE(0), rows, data };
  }

  function broken(why: string): GatewayError {
    return new GatewayError(
      "backup_broken",
      `The backup is broken before octet ${input.position()}: ${why}.`,
    );
  }
}

function frameOf(kind: number, content: Buffer): Buffer {
  const head = Buffer.alloc(frameHeadOctets);
  head.writeUInt8(kind, 0);
  head.writeUInt32BE(content.length, 1);
  head.writeUInt32BE(crc32(content, crc32(head.subarray(0, 5))), 5);
  return Buffer.concat([head, content]);
}

/** COPY ends each row with a newline, and writes those within a value as `\n`. */
function rowsIn(data: Buffer): number {
  let rows = 0;
  for (let at = data.indexOf(newline); at !== -1; at = data.indexOf(newline, at + 1)) rows += 1;
  return rows;
}

function jsonOf(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString());
  } catch {
    return undefined; // Told as a part that cannot be read.
  }
}
