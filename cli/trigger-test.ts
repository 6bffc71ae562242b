import { basename, dirname, resolve } from "node:path";
import type { Command } from "commander";
import type { TestResult } from "../src/trigger/test-runner.ts";
import { lineDifference } from "./difference.ts";
import { exitCodes, Refused, tellError } from "./failure.ts";
import { count, paint, suggest } from "./print.ts";
import type { GlobalOptions } from "./settings.ts";
import { signalled } from "./signalled.ts";
import { triggerFolder } from "./trigger-folder.ts";
import { visible } from "./visible.ts";

interface TestOptions {
  readonly folder?: string;
  readonly tap?: boolean;
  readonly watch?: boolean;
}

/** `signalbox trigger test` */
export function addTriggerTest(trigger: Command): void {
  trigger
    .command("test")
    .description("run the tests that lie beside the triggers (*.test.ts), in the real sandbox")
    .argument("[file...]", "test files, or trigger files whose tests are meant; all when left out")
    .option("--folder <directory>", "of the triggers; else that of the configuration")
    .option("--tap", "print in the form of the Test Anything Protocol, version 14")
    .option("--watch", "run them again at each change, until Ctrl-C")
    .action(async (files: readonly string[], own: TestOptions, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const { directory } = await whereOf(options, own, files);
      const chosen = files.length === 0 ? undefined : files.map(testFileOf);
      if (own.watch === true) return watched(directory, chosen, own, options);
      if (!(await tested(directory, chosen, own, options))) process.exitCode = exitCodes.refused;
    });
}

/** Where the files lie that are named with a path, else as for every command. */
async function whereOf(
  options: GlobalOptions,
  own: TestOptions,
  files: readonly string[],
): Promise<{ readonly directory: string }> {
  const folders = new Set(
    files.filter((file) => /[\\/]/.test(file)).map((file) => dirname(resolve(file))),
  );
  if (folders.size > 1)
    throw new Refused("These files lie in several folders", "Name those of one folder only.");
  const [folder] = folders;
  return folder === undefined ? triggerFolder(options, own) : { directory: folder };
}

/** `stop.ts`, `stop.test.ts` and `stop` mean the same. */
function testFileOf(file: string): string {
  return `${basename(file).replace(/(\.test)?\.ts$/, "")}.test.ts`;
}

/** True when all have passed. */
async function tested(
  directory: string,
  files: readonly string[] | undefined,
  { tap }: TestOptions,
  { json }: GlobalOptions,
): Promise<boolean> {
  // Read here only: the other commands of this noun need no bundler.
  const { runTests } = await import("../src/trigger/test-runner.ts");
  let at = 0;
  let file = "";
  const results = await runTests({
    directory,
    files,
    ended(result) {
      at += 1;
      if (json === true) return;
      if (tap !== true && result.file !== file) write(paint("bold", result.file));
      file = result.file;
      // Texts are a script's own; what steers a terminal is taken out, line by line.
      write(tap === true ? tapLines(result, at) : specLines(result));
    },
  });
  const failed = results.filter(({ failure }) => failure !== undefined).length;
  if (json === true) process.stdout.write(`${JSON.stringify({ failed, results }, null, 2)}\n`);
  else if (tap === true) write(`1..${results.length}`);
  else write(summary(results.length, failed));
  if (json !== true && results.length === 0)
    suggest("A test lies beside its trigger: stop.test.ts beside stop.ts. See docs/triggers.md.");
  return failed === 0;
}

function summary(all: number, failed: number): string {
  if (all === 0) return "No tests.";
  if (failed === 0) return paint("green", `${count(all, "test")}, all passed.`);
  return paint("red", `${count(all, "test")}, ${failed} failed.`);
}

function specLines({ name, failure, ms, log }: TestResult): string {
  const head = visible(name ?? "the file");
  const said = log.map((line) => `      ${paint("dim", visible(line))}`);
  if (failure === undefined)
    return [`  ${paint("green", "✔")} ${head} (${ms} ms)`, ...said].join("\n");
  return [
    `  ${paint("red", "✖")} ${head}`,
    ...said,
    ...failureLines(failure).map((line) => `      ${line}`),
  ].join("\n");
}

function failureLines(failure: NonNullable<TestResult["failure"]>): readonly string[] {
  const { text, source, expected, actual } = failure;
  const compared =
    expected === undefined || actual === undefined
      ? []
      : [
          `${paint("green", "+ actual")} ${paint("red", "- expected")}`,
          ...visible(lineDifference(expected, actual)).map(({ sign, line }) =>
            sign === " " ? `  ${line}` : paint(sign === "+" ? "green" : "red", `${sign} ${line}`),
          ),
        ];
  return [visible(text), ...(source?.split("\n") ?? []).map(visible), ...compared];
}

/** testanything.org, version 14: what went wrong is a block of YAML. */
function tapLines({ file, name, failure, ms }: TestResult, at: number): string {
  const title = visible(`${file}${name === undefined ? "" : ` ${name}`}`).replaceAll("#", "\\#");
  const head = at === 1 ? "TAP version 14\n" : "";
  if (failure === undefined) return `${head}ok ${at} - ${title}`;
  const { text, source, expected, actual } = failure;
  const facts = { message: text, source, expected, actual, duration_ms: ms };
  const block = Object.entries(facts).flatMap(([key, value]) =>
    // JSON is YAML.
    value === undefined ? [] : [`  ${key}: ${JSON.stringify(value)}`],
  );
  return `${head}not ok ${at} - ${title}\n  ---\n${block.join("\n")}\n  ...`;
}

function write(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function watched(
  directory: string,
  files: readonly string[] | undefined,
  own: TestOptions,
  options: GlobalOptions,
): Promise<void> {
  const { watchFolder } = await import("../src/trigger/folder.ts");
  const again = async () => {
    await tested(directory, files, own, options).catch((cause: unknown) =>
      tellError(cause, { json: options.json === true }),
    );
    if (options.json !== true) suggest("Waiting for a change; Ctrl-C ends it.");
    return true;
  };
  let running: Promise<unknown> = again();
  const unwatch = await watchFolder(directory, quietMs, silent, () => {
    const next = running.then(again);
    running = next;
    return next;
  });
  await signalled();
  await unwatch();
  await running;
}

/** Milliseconds without a change after which a save counts as whole. */
const quietMs = 100;

const silent = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silent,
};
