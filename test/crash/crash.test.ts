/**
 * Goal: whatever is killed in mid-load, nothing that was accepted is lost, every message is reported,
 * credits are exact, and all goes on by itself. Method: `scenario.ts`; the blow is a kill -9, or the
 * connection to the database that is cut while a commit is on its way.
 */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { prove, recoveryMs } from "./scenario.ts";
import { until } from "../support/gateway-process.ts";

test("kill -9 of the gateway in mid-load: nothing accepted is lost, credits are exact, what was in flight is listed", (context) =>
  prove(context, {
    what: "kill -9 of the gateway, started again at once",
    async strike({ gateway }) {
      await gateway.kill();
      await gateway.restart();
      await gateway.untilUp();
    },
  }));

test("kill -9 of the trigger host in mid-load: all goes on by itself, nothing is lost or charged twice", (context) =>
  prove(context, {
    what: "kill -9 of the trigger host",
    async strike({ gateway }, round) {
      const hosts = triggerHosts(gateway.pid);
      assert.ok(hosts.length > 0, "there is a trigger host");
      // The first rounds kill the one that works; then its spare as well.
      for (const pid of round % 2 === 0 ? hosts.slice(0, 1) : hosts) process.kill(pid, "SIGKILL");
    },
  }));

test("kill -9 of PostgreSQL in mid-load: it is started again, nothing is lost or charged twice", (context) =>
  prove(context, {
    what: "kill -9 of PostgreSQL",
    async strike({ gateway }) {
      const file = join(gateway.dataDirectory, "postgres", "postmaster.pid");
      process.kill(Number(readFileSync(file, "utf8").split("\n")[0]), "SIGKILL");
    },
  }));

test("the connection to PostgreSQL is cut when a commit is done and its answer is not there yet: applied once", (context) =>
  prove(context, {
    what: "the line to PostgreSQL cut in mid-commit (outcome unknown)",
    databaseBehindProxy: true,
    async strike({ toDatabase }) {
      assert.ok(toDatabase !== undefined);
      const before = toDatabase.swallowed;
      toDatabase.deaf = true;
      // Flushes that are under way are done by the server; what it answers is lost with the line.
      assert.ok(await until(async () => toDatabase.swallowed > before, recoveryMs));
      toDatabase.cut();
      toDatabase.deaf = false;
    },
  }));

/** Processes that the gateway has started to run scripts in, the oldest first. */
function triggerHosts(gateway: number): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "latin1");
        const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
        const parent = Number(stat.slice(stat.lastIndexOf(")") + 4).split(" ")[0]);
        // Its command line until it has begun, then its title.
        return parent === gateway && command.includes("signalbox-trigger-host");
      } catch {
        return false; // It ended between the listing and the look.
      }
    })
    .sort((one, other) => one - other);
}
