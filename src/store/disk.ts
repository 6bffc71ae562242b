import { statfs } from "node:fs/promises";
import type { Log } from "../model/log.ts";
import type { DiskView } from "../model/view.ts";

/** How often it is looked at. A full load writes a few hundred MiB in the time that two looks take. */
const lookMs = 1_000;

/** Percent of `minFreeMib` that must be free until it is no longer low, else it would flutter. */
const enoughPercent = 110;

/** While it is low, the database is asked to give back what it can, this often at most. */
const relieveMs = 60_000;

const mib = 1_048_576;

/** How much room the embedded database has left. */
export interface Disk {
  /** As last looked at. */
  view(): DiskView;
  /** Asked for every message. */
  readonly low: boolean;
  close(): void;
}

export interface DiskParts {
  readonly path: string;
  /** MiB. With less than this free it is low; 0: it never is. */
  readonly minFreeMib: number;
  readonly log: Log;
  /** Called when it has become low and again every minute until it is no longer. */
  readonly relieve: () => Promise<unknown>;
  /** Octets that this process may still write there. */
  readonly freeOctets?: (path: string) => Promise<number>;
  readonly tickMs?: () => number;
}

/** Looks once before it resolves, then every second. A look that fails changes nothing. */
export async function watchDisk(parts: DiskParts): Promise<Disk> {
  const { path, minFreeMib, log, relieve } = parts;
  const { freeOctets = freeOctetsAt, tickMs = () => performance.now() } = parts;
  let freeMib = Infinity;
  let low = false;
  let looking = false;
  let blind = false;
  let relieveAtMs = 0;
  await look();
  // A file system that does not answer (a network one) must not gather looks that wait.
  const timer = setInterval(() => {
    if (!looking) void look();
  }, lookMs);
  timer.unref();
  return {
    view: () => ({ path, freeMib: Math.floor(freeMib), minFreeMib, low }),
    get low() {
      return low;
    },
    close: () => clearInterval(timer),
  };

  async function look(): Promise<void> {
    looking = true;
    try {
      freeMib = (await freeOctets(path)) / mib;
      blind = false;
    } catch (cause) {
      if (!blind) log.warn({ path, err: cause }, "the room on the disk cannot be seen");
      blind = true;
    }
    looking = false;
    const was = low;
    low = freeMib < (minFreeMib * (was ? enoughPercent : 100)) / 100;
    const facts = { path, freeMib: Math.floor(freeMib), minFreeMib };
    if (low && !was)
      log.error(facts, "the disk is nearly full: new messages are refused until there is room");
    if (!low && was) log.info(facts, "the disk has room again: new messages are taken");
    if (!low || tickMs() < relieveAtMs) return;
    relieveAtMs = tickMs() + relieveMs;
    // It may be a disk without room for even that; the database tells of it itself.
    await relieve().catch((cause: unknown) => log.debug({ err: cause }, "nothing was given back"));
  }
}

async function freeOctetsAt(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}
