import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** Octets of a unix socket's path; the kernel takes 107 (Linux) or 103 (macOS), less a margin. */
const socketPathOctetsMax = 100;

/**
 * Where the CLI finds the gateway of a data directory: in it, or, when that path is too long for a
 * socket, in the temporary directory under a name made of it.
 */
export function adminSocketPath(dataDirectory: string): string {
  const data = resolve(dataDirectory);
  const path = join(data, "admin.sock");
  if (Buffer.byteLength(path) <= socketPathOctetsMax) return path;
  const name = createHash("sha256").update(data).digest("hex").slice(0, 16);
  return join(tmpdir(), `signalbox-${name}.sock`);
}
