import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The parts of a gateway that the machine can tell apart. */
export const PARTS = ["gateway", "host", "postgres"] as const;
export type Part = (typeof PARTS)[number];

export interface Usage {
  /** Since each process began; of those that have ended, too. */
  readonly cpuMs: number;
  readonly residentMib: number;
}

/** Linux counts CPU time in hundredths of a second, whatever the kernel's own clock. */
const tickMs = 10;

/**
 * What a gateway and all that it started have used so far, by part: the trigger host and its spare
 * are children of the gateway; the database stands apart and is found by its data directory. Linux
 * only (proc(5), "stat").
 */
export function usageOf(gatewayPid: number, dataDirectory: string): Record<Part, Usage> {
  const all = processes();
  const postgres = treeOf(all, postmasterPid(dataDirectory));
  const tree = treeOf(all, gatewayPid).filter((one) => !postgres.includes(one));
  const isHost = (one: Process) => /signalbox-trigger-host/.test(one.command);
  return {
    gateway: sum(tree.filter((one) => !isHost(one))),
    host: sum(tree.filter(isHost)),
    postgres: sum(postgres),
  };
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
  readonly cpuMs: number;
  readonly residentMib: number;
}

function processes(): readonly Process[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        return [processOf(Number(name))];
      } catch {
        return []; // It ended between the listing and the look.
      }
    });
}

function processOf(pid: number): Process {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  // The command's name stands in parentheses and may itself hold some; fields are counted behind it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const field = (number: number) => Number(fields[number - 3]);
  return {
    pid,
    parent: field(4),
    command: readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " "),
    cpuMs: (field(14) + field(15) + field(16) + field(17)) * tickMs,
    residentMib: residentMib(pid),
  };
}

/** Proportional: what processes share, such as a program's own pages, is divided among them. */
function residentMib(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "latin1");
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) / 1024;
}

function treeOf(all: readonly Process[], root: number): readonly Process[] {
  const own = all.filter(({ pid }) => pid === root);
  const children = all.filter(({ parent }) => parent === root);
  return [...own, ...children.flatMap(({ pid }) => treeOf(all, pid))];
}

/** The file in which the embedded server says how it can be reached: pid, port, socket directory and more. */
export function postmasterFile(dataDirectory: string): string {
  const file = readdirSync(dataDirectory, { recursive: true, encoding: "utf8" }).find((name) =>
    /(^|\/)postmaster\.pid$/.test(name),
  );
  if (file === undefined) throw new Error(`no database runs in ${dataDirectory}`);
  return join(dataDirectory, file);
}

function postmasterPid(dataDirectory: string): number {
  return Number(readFileSync(postmasterFile(dataDirectory), "utf8").split("\n")[0]);
}

function sum(list: readonly Process[]): Usage {
  return {
    cpuMs: list.reduce((ms, one) => ms + one.cpuMs, 0),
    // Pages that processes share are counted once each: for PostgreSQL this says too much.
    residentMib: list.reduce((mib, one) => mib + one.residentMib, 0),
  };
}
