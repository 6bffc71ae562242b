import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { GatewayError } from "../model/error.ts";

/** Octets; a number table of two million lines has some 120 MB. */
export const uploadOctetsMax = 256 * 1024 * 1024;

/** A body that is too long to be held, as a file of its own until it is disposed. */
export interface Upload extends AsyncDisposable {
  readonly octets: number;
  chunks(): AsyncIterable<Buffer>;
}

/**
 * Takes a body as fast as it comes, because a request that is long under way is cut off; what is done
 * with it may take its time. Rejects with `bad_request` for one that is too long.
 */
export async function takeUpload(body: Readable): Promise<Upload> {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-upload-"));
  const path = join(folder, "body");
  const remove = () => rm(folder, { recursive: true, force: true });
  let octets = 0;
  async function* counted(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      octets += chunk.length;
      if (octets > uploadOctetsMax)
        throw new GatewayError("bad_request", `The file has more than ${uploadOctetsMax} octets.`);
      yield chunk;
    }
  }
  try {
    await pipeline(body, counted, createWriteStream(path, { mode: 0o600 }));
  } catch (cause) {
    await remove();
    throw cause;
  }
  return {
    octets,
    chunks: () => createReadStream(path),
    [Symbol.asyncDispose]: remove,
  };
}
