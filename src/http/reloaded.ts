import { stat } from "node:fs/promises";
import type { Log } from "../model/log.ts";

/** What is made of files, and anew when they change: certificates, keys, lists of authorities. */
export interface Reloaded<T> {
  /** Made of the newest files that could be used. */
  readonly value: T;
  /** Why the newest files are not in use; undefined when they are. */
  readonly refused: string | undefined;
  /** Looks no more. */
  close(): void;
}

/**
 * ms between two looks at the files. They are looked at, not listened for, since certificates come
 * through symbolic links, mounts and network disks, of which the kernel tells nothing; a look costs
 * some microseconds.
 */
const lookEveryMs = 500;

/**
 * Makes it, and again when any of the files has changed and then stood still for one look, so that
 * a certificate is not read before its key has come. What cannot be used is told, and the one before
 * stays. Rejects when the first cannot be made; `renewed` is called with each later one.
 */
export async function reloaded<T>(
  options: {
    readonly paths: readonly string[];
    readonly make: () => Promise<T>;
    readonly log: Log;
    readonly everyMs?: number;
  },
  renewed: (value: T) => void = () => {},
): Promise<Reloaded<T>> {
  const { paths, make, log, everyMs = lookEveryMs } = options;
  // Before it is read, so that a change in between is seen.
  let seen = await stampOf(paths);
  let taken = seen;
  let value = await make();
  let refused: string | undefined;
  let looking = false;
  let closed = false;
  const timer = paths.length === 0 ? undefined : setInterval(beat, everyMs).unref();
  return {
    get value() {
      return value;
    },
    get refused() {
      return refused;
    },
    close() {
      closed = true;
      clearInterval(timer);
    },
  };

  function beat(): void {
    // A disk that hangs is not asked twice.
    if (looking) return;
    looking = true;
    void look().finally(() => (looking = false));
  }

  async function look(): Promise<void> {
    const now = await stampOf(paths);
    const still = now === seen;
    seen = now;
    if (closed || !still || now === taken) return;
    taken = now;
    try {
      const made = await make();
      if (closed) return;
      renewed(made);
      value = made;
      refused = undefined;
      log.info({ files: paths }, "changed certificate files are in use");
    } catch (cause) {
      refused = cause instanceof Error ? cause.message : String(cause);
      log.error({ why: refused }, "changed certificate files cannot be used; those before stay");
    }
  }
}

/** Changes with the content of any of the files and with who may read it. */
async function stampOf(paths: readonly string[]): Promise<string> {
  const stamps = paths.map(async (path) => {
    const found = await stat(path, { bigint: true }).catch(() => undefined);
    return found && `${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`;
  });
  return (await Promise.all(stamps)).join("\n");
}
