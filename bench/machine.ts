import { execFileSync } from "node:child_process";
import { cpus, totalmem } from "node:os";
import { versions } from "node:process";

/** What a figure was measured on and when; without it nobody can compare. */
export function machine() {
  return {
    at: new Date().toISOString(),
    commit: execFileSync("git", ["describe", "--always", "--dirty"], { encoding: "utf8" }).trim(),
    node: versions.node,
    cpu: cpus()[0]?.model ?? "",
    cores: cpus().length,
    memoryMib: Math.round(totalmem() / 2 ** 20),
  };
}
