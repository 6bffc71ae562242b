import { execFile } from "node:child_process";
import { access, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, extname, isAbsolute, join, relative, resolve } from "node:path";
import { Refused } from "./failure.ts";

/** Something that the compiler does not like. */
export interface TypeFault {
  /** Relative to the folder. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly text: string;
  /** The line that it is about. */
  readonly written: string | undefined;
}

/** What the compiler writes at most: 10,000 faults. */
const writtenOctetsMax = 16 * 1024 * 1024;

const extension = extname(import.meta.filename);
const ours = join(import.meta.dirname, "..", "src", "trigger");

/**
 * What is wrong with the types of a trigger folder, tests included, by the settings of its tsconfig.json if
 * it has one. Runs the compiler in a process of its own, a second or two. Rejects when it cannot be run, or
 * when the folder's tsconfig.json is broken.
 */
export async function typeFaults(directory: string): Promise<readonly TypeFault[]> {
  const folder = await realpath(directory);
  const place = await mkdtemp(join(tmpdir(), "signalbox-check-"));
  try {
    const settings = join(place, "tsconfig.json");
    const look = async (without: readonly string[]) => {
      await writeFile(settings, JSON.stringify(await settingsFor(folder, without), null, 2));
      return faultsIn(await compiled(settings), folder, place);
    };
    const faults = await look([]);
    // As long as one file cannot be read, the compiler tells nothing of the types of the others.
    const unreadable = new Set(faults.filter(isOfSyntax).map(({ file }) => join(folder, file)));
    if (unreadable.size === 0) return faults;
    return [...faults.filter(isOfSyntax), ...(await look([...unreadable]))];
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** The folder's own settings, but for what must be so that the SDK is found and nothing is written. */
async function settingsFor(folder: string, exclude: readonly string[]): Promise<unknown> {
  const own = join(folder, "tsconfig.json");
  const hasOwn = await access(own).then(
    () => true,
    () => false,
  );
  return {
    ...(hasOwn ? { extends: own } : {}),
    compilerOptions: {
      ...(hasOwn ? {} : USUAL),
      noEmit: true,
      types: [],
      lib: ["es2024"],
      allowImportingTsExtensions: true,
      paths: {
        signalbox: [join(ours, `sdk${extension}`)],
        "signalbox/test": [join(ours, `sdk-test${extension}`)],
      },
    },
    include: [join(folder, "**/*.ts"), join(ours, "script", "globals.d.ts")],
    exclude: [join(folder, "node_modules"), ...exclude],
  };
}

/** TS1001 to TS1999. */
export function isOfSyntax({ text }: { readonly text: string }): boolean {
  return /^TS1\d{3}:/.test(text);
}

const USUAL = {
  target: "es2024",
  module: "esnext",
  moduleResolution: "bundler",
  moduleDetection: "force",
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: true,
};

function compiled(settings: string): Promise<string> {
  const { resolve: find } = createRequire(import.meta.url);
  const compiler = join(dirname(find("typescript/package.json")), "bin", "tsc");
  const asked = [compiler, "-p", settings, "--pretty", "false"];
  return new Promise((told, failed) => {
    execFile(process.execPath, asked, { maxBuffer: writtenOctetsMax }, (error, stdout, stderr) => {
      // It ends with 1 or 2 when it has found something, which it has written then.
      if (error === null || stdout.trim() !== "") told(stdout);
      else
        failed(
          new Refused(
            `The compiler could not be run: ${stderr.trim() || error.message}`,
            "Is the package `typescript` installed?",
            { cause: error },
          ),
        );
    });
  });
}

/** `file(line,column): error TS1234: text`; lines that begin with a blank go on with the one above. */
const faultLine = /^(.+)\((\d+),(\d+)\): error (.*)$/;

async function faultsIn(
  written: string,
  folder: string,
  place: string,
): Promise<readonly TypeFault[]> {
  const faults: TypeFault[] = [];
  const texts = new Map<string, readonly string[]>();
  for (const line of written.split("\n")) {
    const found = faultLine.exec(line);
    const [, path = "", row = "", column = "", text = ""] = found ?? [];
    if (found === null) {
      if (line.startsWith("error "))
        throw new Refused(line, "Mend tsconfig.json of the trigger folder.");
      const last = faults.at(-1);
      // The first of what it adds is the reason; the rest repeats both types at length.
      if (line.startsWith("  ") && !line.startsWith("    ") && last !== undefined)
        faults[faults.length - 1] = { ...last, text: `${last.text} ${line.trim()}` };
      continue;
    }
    const full = resolve(place, path);
    const file = relative(folder, full);
    // What is wrong with the SDK by the folder's own settings is no fault of its author.
    if (file.startsWith("..") || isAbsolute(file)) continue;
    if (!texts.has(file)) texts.set(file, (await readFile(full, "utf8")).split("\n"));
    const at = { line: Number(row), column: Number(column) };
    faults.push({ file, ...at, text, written: texts.get(file)?.[at.line - 1] });
  }
  return faults;
}
