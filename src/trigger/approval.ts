import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "../model/log.ts";
import { runTests, type TestResult } from "./test-runner.ts";
import { testFiles } from "./test-files.ts";

/** Says of a trigger file why it is not to run; undefined: it may. Asked before a version runs that is new. */
export type Approval = (file: string) => Promise<string | undefined>;

/** Characters of what was expected and what was there that are told in one line. */
const comparedCharactersMax = 200;

/**
 * Lets a file run when its tests pass: those of the file beside it, of files that name it, and of files
 * that are about the whole folder. A file without tests may run. The tests run in hosts of their own, so
 * no event waits for them; what they said is remembered until something in the folder changes.
 */
export function testedApproval(directory: string, log: Log): Approval {
  let fingerprint = "";
  let known = new Map<string, readonly TestResult[]>();

  return (file) =>
    approve(file).catch(
      (error: unknown) =>
        `its tests could not be run: ${error instanceof Error ? error.message : String(error)}`,
    );

  async function approve(file: string): Promise<string | undefined> {
    const now = await fingerprintOf(directory);
    if (now !== fingerprint) {
      fingerprint = now;
      known = new Map();
    }
    const files = await testsAbout(directory, file);
    const lacking = files.filter((one) => !known.has(one));
    if (lacking.length > 0) {
      const results = await runTests({ directory, files: lacking });
      for (const one of lacking)
        known.set(
          one,
          results.filter((result) => result.file === one),
        );
      const failed = results.filter(({ failure }) => failure !== undefined).length;
      log.info({ file, tests: results.length, failed }, "The tests of a trigger file were run.");
    }
    const results = files.flatMap((one) => known.get(one) ?? []);
    return refusal(results.filter((result) => result.failure !== undefined));
  }
}

function refusal([first, ...more]: readonly TestResult[]): string | undefined {
  if (first?.failure === undefined) return undefined;
  const { text, expected, actual } = first.failure;
  const which =
    first.name === undefined ? first.file : `${first.file} ${JSON.stringify(first.name)}`;
  const others = more.length === 0 ? "" : `, and ${more.length} more`;
  const compared =
    expected === undefined || actual === undefined
      ? ""
      : ` (expected ${inLine(expected)}, got ${inLine(actual)})`;
  return `${text}${compared}; the test ${which} fails${others}`;
}

function inLine(text: string): string {
  const line = text.replaceAll(/\s*\n\s*/g, " ");
  return line.length > comparedCharactersMax ? `${line.slice(0, comparedCharactersMax)}…` : line;
}

/** The test file of its name, those about all files of the folder, and those that have its name in them. */
async function testsAbout(directory: string, file: string): Promise<readonly string[]> {
  const own = file.replace(/\.ts$/, ".test.ts");
  const all = await testFiles(directory);
  const names = new Set(await readdir(directory));
  const about = await Promise.all(
    all.map(async (one) => {
      if (one === own || !names.has(one.replace(/\.test\.ts$/, ".ts"))) return true;
      const text = await readFile(join(directory, one), "utf8").catch(() => "");
      return text.includes(`"${file}"`) || text.includes(`"./${file}"`);
    }),
  );
  return all.filter((_one, at) => about[at]);
}

/** Another one whenever a file of the folder, or of its subfolders, was written. */
async function fingerprintOf(directory: string): Promise<string> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true });
  const lines = await Promise.all(
    entries
      .filter(({ name }) => /\.(ts|js|jsonl?)$/.test(name))
      .map(async ({ parentPath, name }) => {
        const path = join(parentPath, name);
        const found = await stat(path).catch(() => undefined);
        return `${path} ${found?.ino} ${found?.size} ${found?.mtimeMs}`;
      }),
  );
  return lines.sort().join("\n");
}
