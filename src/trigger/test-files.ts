import { readdir } from "node:fs/promises";
import { triggerFiles } from "./folder.ts";

/** Test files in one folder: one beside each trigger file, and one for all together. */
const testFilesMax = 512;

/** Names of the test files of a folder, sorted. Rejects when it cannot be read or has too many. */
export async function testFiles(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const files = entries
    .filter((entry) => !entry.isDirectory() && isTestFile(entry.name))
    .map((entry) => entry.name)
    .sort();
  if (files.length > testFilesMax)
    throw new Error(`it has ${files.length} test files; ${testFilesMax} are allowed`);
  return files;
}

function isTestFile(name: string): boolean {
  return /^[^.].*\.test\.ts$/.test(name);
}

/**
 * The trigger files that the tests of a file are about when a test does not say: the one of its name,
 * else all of the folder.
 */
export async function filesUnderTest(
  directory: string,
  testFile: string,
): Promise<readonly string[]> {
  const all = await triggerFiles(directory);
  const own = testFile.replace(/\.test\.ts$/, ".ts");
  return all.includes(own) ? [own] : all;
}
