import type { Duplex } from "node:stream";

/** Octets. Two full batches of results at their limit; a peer that claims more is out of its mind. */
export const frameOctetsMax = 128 * 1024 * 1024;

const prefixOctets = 4;

/** A text as one frame: its length in 4 octets, big-endian, then UTF-8. */
export function frameOf(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(prefixOctets + length);
  frame.writeUInt32BE(length, 0);
  frame.write(text, prefixOctets, "utf8");
  return frame;
}

/**
 * Calls `take` with the text of each frame that comes, in order. `breach` is called once, when a
 * frame is longer than `frameOctetsMax`: the pipe cannot be used any more then.
 */
export function readFrames(
  pipe: Duplex,
  take: (text: string) => void,
  breach: (text: string) => void,
): void {
  let parts: Buffer[] = [];
  let held = 0;
  let wanted = prefixOctets;
  pipe.on("data", (chunk: Buffer) => {
    parts.push(chunk);
    held += chunk.length;
    if (held < wanted) return;
    let all = parts.length === 1 ? chunk : Buffer.concat(parts, held);
    wanted = prefixOctets;
    while (all.length >= prefixOctets) {
      const length = all.readUInt32BE(0);
      if (length > frameOctetsMax) {
        pipe.removeAllListeners("data");
        return breach(`a frame of ${length} octets`);
      }
      wanted = prefixOctets + length;
      if (all.length < wanted) break;
      take(all.toString("utf8", prefixOctets, wanted));
      all = all.subarray(wanted);
      wanted = prefixOctets;
    }
    parts = all.length === 0 ? [] : [all];
    held = all.length;
  });
}
