/**
 * Goal: what lies in deploy/ fits the project as it is now. Method: read the files as their programs do,
 * as far as that goes without a systemd that runs and without a container engine.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { settingsSchema } from "../src/settings.ts";

const ROOT = join(import.meta.dirname, "..");
const read = (file: string): string => readFileSync(join(ROOT, file), "utf8");

/** ms. What a stop may take at most: results, peers, and PostgreSQL's last checkpoint. */
const drainMs = settingsSchema.parse({ channels: {} }).drainMs;
const checkpointMs = 60_000;

test("[A15] the systemd unit starts what is there, drains before it is killed, and is closed around it", () => {
  const unit = unitOf(read("deploy/signalbox.service"));
  const [program = "", script = "", ...args] = (unit.get("ExecStart") ?? "").split(" ");
  const home = unit.get("WorkingDirectory") ?? "";
  assert.ok(program.startsWith(`${home}/`), "below the working directory");
  assert.ok(existsSync(join(ROOT, program.slice(home.length + 1))), "Node of the project");
  assert.ok(existsSync(join(ROOT, script)));
  assert.deepEqual(args, ["start", "--config", "/etc/signalbox/signalbox.yaml"]);

  assert.ok(Number(unit.get("TimeoutStopSec")) * 1_000 > 2 * drainMs + checkpointMs);
  assert.equal(unit.get("KillMode"), "mixed");
  assert.equal(unit.get("Restart"), "always");
  assert.notEqual(unit.get("User"), "root");
  assert.equal(unit.get("NoNewPrivileges"), "yes");
  assert.equal(unit.get("ProtectSystem"), "strict");
  assert.equal(unit.get("CapabilityBoundingSet"), "");
  assert.equal(unit.get("MemoryDenyWriteExecute"), "no", "V8 could not start");
  assert.ok(Number(unit.get("LimitNOFILE")) >= 16_384);
});

test("systemd finds no fault with the unit and rates it as well closed", (context) => {
  if (spawnSync("systemd-analyze", ["--version"]).status !== 0) {
    context.skip("systemd-analyze is not here");
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), "signalbox-unit-"));
  try {
    const file = join(folder, "signalbox.service");
    // It looks for the program, which is installed elsewhere on this machine.
    const text = read("deploy/signalbox.service");
    writeFileSync(file, text.replace(/^ExecStart=\S+/m, `ExecStart=${process.execPath}`));
    const verified = spawnSync("systemd-analyze", ["verify", file], { encoding: "utf8" });
    const about = verified.stderr.split("\n").filter((line) => line.includes("signalbox"));
    assert.deepEqual(about, []);
    const rated = spawnSync(
      "systemd-analyze",
      ["security", "--offline=true", "--threshold=20", file],
      { encoding: "utf8" },
    );
    // Older ones cannot rate a file that is not loaded.
    if (!/unrecognized option/.test(rated.stderr)) assert.equal(rated.status, 0, rated.stderr);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("[A15] the container copies what is there, runs without rights and ends by draining", () => {
  const steps = read("deploy/Containerfile")
    .replace(/\\\n/g, " ")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => [line.split(" ")[0] ?? "", line.slice(line.indexOf(" ") + 1)] as const);
  const all = (name: string): string[] =>
    steps.flatMap(([is, rest]) => (is === name ? [rest] : []));

  const ignored = read("deploy/Containerfile.dockerignore");
  for (const copied of all("COPY").filter((one) => !one.startsWith("--from=")))
    for (const source of copied.split(/\s+/).slice(0, -1)) {
      assert.ok(existsSync(join(ROOT, source)), `${source} is there`);
      assert.ok(ignored.includes(`\n!${source}\n`), `${source} goes to the builder`);
    }
  // What the gateway imports at run time is copied: all that lies beside package.json and is not ours to leave out.
  for (const needed of ["src", "cli", "migrations", "package.json"])
    assert.ok(
      all("COPY").some((copied) => copied.split(/\s+/).includes(needed)),
      needed,
    );
  assert.equal(all("USER").at(-1), "signalbox");
  assert.equal(all("STOPSIGNAL").at(-1), "SIGTERM");
  assert.match(all("HEALTHCHECK").at(-1) ?? "", / status /);
  assert.match(all("ENTRYPOINT").at(-1) ?? "", /^\["node", /, "no shell that would keep SIGTERM");
  assert.deepEqual(all("VOLUME"), ["/var/lib/signalbox"]);
  for (const from of all("FROM")) assert.match(from, /:[a-z0-9-]+( AS \w+)?$/, "a named version");
});

test("the example of compose keeps its data in a volume, gives time to drain and leaves no rights", () => {
  const { services, volumes } = parse(read("deploy/compose.yaml")) as {
    services: Record<string, Record<string, unknown>>;
    volumes: Record<string, unknown>;
  };
  const signalbox = services["signalbox"] ?? {};
  assert.deepEqual(signalbox["build"], { context: "..", dockerfile: "deploy/Containerfile" });
  assert.deepEqual(signalbox["cap_drop"], ["ALL"]);
  assert.ok(Number.parseInt(String(signalbox["stop_grace_period"]), 10) * 1_000 > 2 * drainMs);
  for (const service of Object.values(services))
    for (const volume of service["volumes"] as string[])
      assert.ok((volume.split(":")[0] ?? "") in volumes, volume);
});

test("the configuration that is shipped for a server is right with nothing set", () => {
  const check = spawnSync(
    process.execPath,
    ["cli/signalbox.js", "--config", "deploy/signalbox.yaml", "config", "check"],
    { cwd: ROOT, encoding: "utf8", env: {} },
  );
  assert.equal(check.status, 0, check.stderr + check.stdout);
});

/** `Name=value`, the last of each name. */
function unitOf(text: string): Map<string, string> {
  const lines = text.split("\n").filter((line) => /^[A-Z]\w+=/.test(line));
  return new Map(
    lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}
