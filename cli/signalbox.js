#!/usr/bin/env node
// Starts the command line on the Node that the project was installed with. Plain JavaScript without
// new syntax, because the Node that reads it may be an old one.
import { spawn } from "child_process";
import { existsSync, realpathSync } from "fs";
import module from "module";
import { dirname, join } from "path";
import { fileURLToPath, pathToFileURL } from "url";

/** The major version whose type stripping and native modules the project is made for. */
const nodeMajor = 26;

/**
 * V8 takes memory before it looks for what is not needed any more, as long as the machine has some: the
 * gateway, with 40 MiB that live, had 500 MiB resident. With these it has some 300, for hardly more work.
 * The bound is ten times what a full load was ever seen to need. NODE_OPTIONS that name it win.
 */
const gatewayFlags = [
  "--max-semi-space-size=16",
  "--max-old-space-size=1024",
  // Under load a message lives long enough for V8 to take its kind for one that stays, and to make all later ones
  // old at once: then each drags what it refers to through three collections. It was a fifth of the work.
  "--no-allocation-site-pretenuring",
];

/** glibc gives each of V8's threads a pool of its own, of which 20 MiB stay unused. */
const oneArena = { MALLOC_ARENA_MAX: "1" };

const here = dirname(realpathSync(fileURLToPath(import.meta.url)));
const script = join(here, "signalbox.ts");
const require = module.createRequire(import.meta.url);

if (!isInstalled("commander")) {
  fail(`its packages are missing in ${dirname(here)}. Run \`npm install\` there.`);
} else if (Number(process.versions.node.split(".")[0]) === nodeMajor) {
  // No second process: the gateway takes this one's place. --no-node-snapshot is for the trigger host
  // only, which is given it when it is started. What was compiled once is kept in the temporary
  // directory, which halves the time that a short command takes.
  if (wantsMemoryFlags() && typeof process.execve === "function" && process.platform !== "win32")
    process.execve(
      process.execPath,
      [process.execPath, ...gatewayFlags, ...process.execArgv, ...process.argv.slice(1)],
      { ...oneArena, ...process.env },
    );
  module.enableCompileCache();
  void import(pathToFileURL(script).href);
} else {
  const node = isInstalled("node")
    ? join(dirname(require.resolve("node/package.json")), "bin", "node")
    : "";
  if (existsSync(node)) run(node);
  else
    fail(
      `Node ${nodeMajor} is missing, and this is Node ${process.versions.node}. ` +
        "Run `npm install` with install scripts allowed, or put it into your PATH.",
    );
}

function isInstalled(name) {
  try {
    require.resolve(`${name}/package.json`);
    return true;
  } catch (cause) {
    // A package may hide its package.json and be there all the same.
    return cause.code === "ERR_PACKAGE_PATH_NOT_EXPORTED";
  }
}

function wantsMemoryFlags() {
  const given = [process.env.NODE_OPTIONS || "", ...process.execArgv].join(" ");
  return process.argv.includes("start") && !given.includes("--max-old-space-size");
}

function run(node) {
  const memory = wantsMemoryFlags() ? gatewayFlags : [];
  const flags = ["--disable-warning=ExperimentalWarning", "--no-node-snapshot", ...memory];
  const args = [...flags, fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const child = spawn(node, args, { stdio: "inherit", env: { ...oneArena, ...process.env } });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
    process.on(signal, () => {
      // A terminal sends Ctrl-C to both of us; a second one would cut the child's orderly stop short.
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  child.on("error", (cause) => fail(`${node} cannot be run: ${cause.message}.`));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function fail(text) {
  process.stderr.write(`signalbox: ${text}\n`);
  process.exitCode = 1;
}
