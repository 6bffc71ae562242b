/**
 * `npm test`: starts one PostgreSQL for the whole run, then Node's test runner over the files that are
 * named, or all, and ends with its exit code. Node's own summary is the last thing printed.
 */
import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { socketVariable, startTestServer } from "./support/database.ts";

const nodeFlags = ["--disable-warning=ExperimentalWarning", "--no-node-snapshot"];

const given = process.argv.slice(2);
const options = given.filter((argument) => argument.startsWith("--"));
const named = given.filter((argument) => !argument.startsWith("--"));
// Foreign peers are for CI, which installs them and runs that folder by itself.
const files =
  named.length > 0
    ? named
    : globSync("test/**/*.test.ts", { exclude: ["test/foreign/**", "test/soak/**"] }).sort();
// The hour of `npm run test:long` comes last and by itself: it measures.
const isLong = process.env["SIGNALBOX_ROUNDS"] === "long";
const alone = named.length === 0 && isLong ? globSync("test/soak/*.test.ts") : [];

const server = await startTestServer();
process.once("exit", () => server.drop());
try {
  process.exitCode = await runTests(files);
  if (alone.length > 0) process.exitCode = (await runTests(alone)) || process.exitCode;
} finally {
  await server.close();
}

function runTests(files: readonly string[]): Promise<number> {
  const concurrency = `--test-concurrency=${Math.max(2, availableParallelism())}`;
  const child = spawn(
    process.execPath,
    [...nodeFlags, "--test", concurrency, ...options, ...files],
    {
      stdio: "inherit",
      env: { ...process.env, [socketVariable]: server.socket },
    },
  );
  // Ctrl-C reaches the child as well; this process must live on to stop the server.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}
