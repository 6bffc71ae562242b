#!/usr/bin/env node
// Starts the command line on the Node that the project was installed with. Plain JavaScript without
// new syntax, because the Node that reads it may be an old one.
import { spawn } from "child_process";
import { existsSync, realpathSync } from "fs";
import module from "module";
import { dirname, join } from "path";
import { fileURLToPath, pathToFileURL } from "url";

/** The major version whose type stripping and native modules the project is made for. */
const nodeMajor = 24;

const here = dirname(realpathSync(fileURLToPath(import.meta.url)));
const script = join(here, "signalbox.ts");
const require = module.createRequire(import.meta.url);

if (!isInstalled("commander")) {
  fail(`its packages are missing in ${dirname(here)}. Run \`npm install\` there.`);
} else if (Number(process.versions.node.split(".")[0]) === nodeMajor) {
  // No second process. The one flag that matters, --no-node-snapshot, is for the trigger host, which
  // is given it when it is started. What was compiled once is kept in the temporary directory, which
  // halves the time that a short command takes.
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

function run(node) {
  const flags = ["--disable-warning=ExperimentalWarning", "--no-node-snapshot"];
  const args = [...flags, fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const child = spawn(node, args, { stdio: "inherit" });
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
