import { statfs } from "node:fs/promises";
import { type DatabaseAddress, connect } from "./gateway-lock.ts";

/**
 * MiB that stay free on the embedded server's disk. A PostgreSQL that cannot write its log dies, and
 * without room it cannot start again; to end in good order it needs a few segments of 16 MiB.
 */
export const roomKeptMib = 128;

/** How often it is looked at. A restore writes some MiB in that time. */
const lookMs = 100;

const mib = 1_048_576;

/** Sees to it that a long work does not fill the disk. */
export interface RoomGuard {
  /** There is too little room, or was when the work was ended. */
  readonly low: boolean;
  close(): Promise<void>;
}

/**
 * Cancels whatever this backend is doing when there is less than `roomKeptMib` left at the path. Looks
 * once before it resolves; the caller asks `low` then, and again when his work has failed.
 */
export async function guardRoom(given: {
  readonly path: string;
  readonly address: DatabaseAddress;
  /** Number of the backend. */
  readonly pid: number;
}): Promise<RoomGuard> {
  const { path, address, pid } = given;
  let low = (await freeMibAt(path)) < roomKeptMib;
  let looking: Promise<void> | undefined;
  const timer = setInterval(() => {
    looking ??= look().finally(() => (looking = undefined));
  }, lookMs);
  return {
    get low() {
      return low;
    },
    async close() {
      clearInterval(timer);
      await looking;
    },
  };

  async function look(): Promise<void> {
    low ||= (await freeMibAt(path)) < roomKeptMib;
    // Between two statements it finds nothing to cancel, so it is asked until the work has ended.
    if (low) await cancel().catch(() => undefined); // The server is at its end, too; asked again.
  }

  async function cancel(): Promise<void> {
    const client = await connect(address);
    try {
      await client.query("select pg_cancel_backend($1)", [pid]);
    } finally {
      await client.end();
    }
  }
}

/** What a process without special rights may still write. A path that cannot be seen is no reason to stop. */
async function freeMibAt(path: string): Promise<number> {
  const found = await statfs(path).catch(() => undefined);
  return found === undefined ? Infinity : (found.bavail * found.bsize) / mib;
}
