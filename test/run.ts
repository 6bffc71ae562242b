/**
 * `npm test`: starts one PostgreSQL for the whole run, then Node's test runner over the files that are
 * named, or all, and ends with its exit code. Node's own summary is the last thing printed.
 */
import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { socketVariable, startTestServer } from "./support/database.ts";

const nodeFlags = ["--disable-warning=ExperimentalWarning", "--no-node-snapshot"];

/** The same that the launcher keeps. */
const compileCache = join(tmpdir(), "node-compile-cache");

const given = process.argv.slice(2);
const options = given.filter((argument) => argument.startsWith("--"));
const named = given.filter((argument) => !argument.startsWith("--"));
// Foreign peers are for CI, which installs them and runs that folder by itself. CI also has what is apart here:
// crashes, bounds and backups take the whole machine for minutes (`npm run test:hard`); commands start a process
// each, two minutes of processor in all (`npm run test:cli`); what happens later has a whole gateway for each test, and
// waits (`npm run test:later`). The hour of `npm run test:long` comes last and by itself: it measures.
const isLong = process.env["SIGNALBOX_ROUNDS"] === "long";
const elsewhere = [
  "foreign",
  "soak",
  ...(isLong ? [] : ["crash", "bounds", "backup", "authoring", "cli", "later"]),
];
const files =
  named.length > 0
    ? named
    : globSync("test/**/*.test.ts", { exclude: elsewhere.map((one) => `test/${one}/**`) }).sort();
// Those that start nothing share a process, which saves each of them a quarter of a second.
const light =
  "test/{,model/,sms/,config/,gateway/,smpp/,route/,pattern/,bus/,log/,http/,simulator/}*.test.ts";
const together = named.length > 0 ? [] : globSync(light);
const alone = named.length === 0 && isLong ? globSync("test/soak/*.test.ts") : [];

// An hour of messages, and what fills tables on purpose, is more than memory should hold.
const writesMuch =
  isLong || files.some((file) => /\btest\/(soak|bounds|crash|backup)\//.test(file));
const server = await startTestServer({ onDisk: writesMuch });
process.once("exit", () => server.drop());
try {
  const apart = files.filter((file) => !together.includes(file));
  const codes = await Promise.all([
    runTests(apart),
    ...(together.length > 0 ? [runTests(together, ["--test-isolation=none"])] : []),
  ]);
  process.exitCode = codes.find((code) => code !== 0) ?? 0;
  if (alone.length > 0) process.exitCode = (await runTests(alone)) || process.exitCode;
} finally {
  await server.close();
}

function runTests(chosen: readonly string[], how: readonly string[] = []): Promise<number> {
  // Some of the time a file waits for a process or a peer of its own; the long rounds measure memory and time.
  const perCore = isLong ? 1 : 1.5;
  const concurrency = `--test-concurrency=${Math.ceil(perCore * Math.max(2, availableParallelism()))}`;
  const child = spawn(
    process.execPath,
    [...nodeFlags, "--test", ...how, concurrency, ...options, ...chosen],
    {
      stdio: "inherit",
      // What one file has compiled the next one, and each gateway and command that it starts, need not.
      env: { NODE_COMPILE_CACHE: compileCache, ...process.env, [socketVariable]: server.socket },
    },
  );
  // Ctrl-C reaches the child as well; this process must live on to stop the server.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}
