import { readFile, realpath, stat } from "node:fs/promises";
import { builtinModules, SourceMap } from "node:module";
import { dirname, extname, join, sep } from "node:path";
import { build, type BuildFailure, type Plugin } from "esbuild";
import { bundlerLife, restartBundler, withBundler } from "./bundler.ts";
import { type Fault, sourceLine } from "./position.ts";
import { forIsolates, leaveOutUnused } from "./for-isolates.ts";
import { keptFiles, keptNamespace, type Sources, sourcesOf } from "./sources.ts";

export type Built =
  | {
      readonly ok: true;
      readonly code: string;
      /** Read when a fault is to be placed, which takes longer than to make it. */
      readonly map: () => SourceMap;
      /** What the code was made of, and by what it is told from other versions. */
      readonly sources: Sources;
    }
  | { readonly ok: false; readonly fault: Fault };

/** Octets of one source file, and of a bundle: a large npm package has 1 MiB, and loads in 30 ms. */
export const sourceOctetsMax = 4 * 1024 * 1024;

/** Our own source, or build, is files: nothing else is looked at for each trigger. */
const ours = join(import.meta.dirname, "..", sep);

const extension = extname(import.meta.filename);
const imported = join(import.meta.dirname, "script", `imported${extension}`);
const testImported = join(import.meta.dirname, "script", `test-imported${extension}`);

/** In the path of what we write around a trigger file; no file of a person has it. */
const around = "around:";

/**
 * Makes one text of each trigger file and all that it imports: local files, pure JavaScript packages,
 * names of our SDK, which the isolate has already (script/prelude.ts); the machine's own modules are refused. Types
 * are taken away, not checked. The text leaves what it registered for the host. Called with all files at each save: what they
 * have in common is read once. When one is broken, each is made alone.
 *
 * @param files relative to the directory; the results are in their order.
 */
export async function bundle(directory: string, files: readonly string[]): Promise<Built[]> {
  try {
    if (files.length > 0) return await built(directory, files);
    return [];
  } catch {
    // Which of them it was, and whether the bundler has died, is found out below.
    return Promise.all(files.map((file) => bundleAlone(directory, file)));
  }
}

async function bundleAlone(directory: string, file: string): Promise<Built> {
  for (let tries = 1; ; tries++) {
    const life = bundlerLife();
    try {
      const [one] = await built(directory, [file]);
      if (one !== undefined) return one;
    } catch (error) {
      if (isBuildFailure(error) || tries > 1) return { ok: false, fault: buildFault(error, file) };
      // Its process has died. Others find that out as well.
      await restartBundler(life);
    }
  }
}

/** The same of texts that were kept; nothing of the folder is read. Never rejects. */
export async function bundleKept(
  directory: string,
  file: string,
  sources: Sources,
): Promise<Built> {
  try {
    const [one] = await built(directory, [file], sources);
    if (one?.ok !== true) return one ?? { ok: false, fault: { text: `${file} was not kept` } };
    return { ...one, sources };
  } catch (error) {
    return { ok: false, fault: buildFault(error, file) };
  }
}

async function built(
  directory: string,
  files: readonly string[],
  kept?: Sources,
): Promise<Built[]> {
  const texts = new Map<string, string>();
  const realDirectory = kept === undefined ? await realpath(directory) : directory;
  // A trigger file may be a link of the operator's to elsewhere; what lies beside it there is his, too.
  const homes = await Promise.all(
    files.map((file) => realpath(join(directory, file)).then(dirname, () => realDirectory)),
  );
  const within = new Set([realDirectory, ...homes]);
  const keptTexts =
    kept === undefined ? [] : files.map((file) => keptFiles(kept.all, file, imported));
  const result = await withBundler(() =>
    build({
      ...forIsolates,
      entryPoints: files.map((file) => ({ in: around + file, out: file })),
      absWorkingDir: directory,
      metafile: true,
      outdir: directory,
      mainFields: ["module", "main"],
      sourcemap: "external",
      alias: { signalbox: imported, "signalbox/test": testImported },
      plugins: [
        ...keptTexts,
        entries(directory),
        refuseBuiltins,
        filesOnly(texts, within),
        leaveOutUnused,
      ],
    }),
  );
  const outputs = new Map(result.outputFiles.map((output) => [output.path, output]));
  return files.map((file) => {
    const path = join(directory, `${file}.js`);
    const output = outputs.get(path);
    const octets = output?.contents.length ?? 0;
    if (output === undefined || octets > sourceOctetsMax)
      return {
        ok: false,
        fault: { text: `${file}:1:1 with all that it imports it ${tooLarge(octets)}` },
      };
    const { text: code } = output;
    const written = outputs.get(`${path}.map`);
    let map: SourceMap | undefined;
    return {
      ok: true,
      code,
      // Written by esbuild.
      map: () =>
        (map ??= new SourceMap(JSON.parse(written?.text.replaceAll(keptPrefix, '"') ?? ""))),
      sources: kept ?? sourcesOf(around + file, result.metafile.inputs, texts, realDirectory),
    };
  });
}

/** How the map names a kept text; nobody else is to know where it came from. */
const keptPrefix = `"${keptNamespace}:`;

/** What stands around a trigger file. */
function entries(directory: string): Plugin {
  return {
    name: "around a trigger",
    setup(on) {
      on.onResolve({ filter: new RegExp(`^${around}`) }, ({ path }) => ({
        path: path.slice(around.length),
        namespace: "around",
      }));
      on.onLoad({ filter: /./, namespace: "around" }, ({ path: file }) => ({
        contents: [
          `import * as script from ${JSON.stringify(`./${file}`)};`,
          `signalbox.registered = signalbox.describe(script, ${JSON.stringify(file)});`,
        ].join("\n"),
        resolveDir: directory,
        loader: "ts",
      }));
    },
  };
}

function tooLarge(octets: number): string {
  return `has ${octets} octets; ${sourceOctetsMax} are allowed`;
}

const refuseBuiltins: Plugin = {
  name: "no modules of the machine",
  setup(on) {
    // Only these are asked about: the question costs as much as the answer of a small file.
    const filter = new RegExp(`^(node:.*|${builtinModules.join("|")})$`);
    on.onResolve({ filter }, ({ path }) => ({
      errors: [{ text: `"${path}" is not there: a trigger has no access to the machine` }],
    }));
  },
};

/**
 * A pipe would be waited for and a device read without end, so nothing but files is opened; and nothing but
 * the folder's and packages, since an author has no access to the rest of the machine. What was read is put
 * into `texts`, by its path: the very texts that are bundled are those that are kept.
 */
function filesOnly(texts: Map<string, string>, within: ReadonlySet<string>): Plugin {
  const isWithin = (path: string) =>
    /[\\/]node_modules[\\/]/.test(path) || [...within].some((one) => path.startsWith(one + sep));
  return {
    name: "files only",
    setup(on) {
      on.onLoad({ filter: /./, namespace: "file" }, async ({ path }) => {
        if (path.startsWith(ours)) return undefined;
        if (!isWithin(path)) return { errors: [{ text: "it is outside the trigger folder" }] };
        try {
          const found = await stat(path);
          const { size } = found;
          if (!found.isFile()) return { errors: [{ text: "it is no file" }] };
          if (size > sourceOctetsMax) return { errors: [{ text: `it ${tooLarge(size)}` }] };
          const contents = await readFile(path, "utf8");
          texts.set(path, contents);
          return { contents, loader: "default" };
        } catch (error) {
          return {
            errors: [{ text: `it cannot be read: ${messageOf(error).split(", ")[0] ?? ""}` }],
          };
        }
      });
    },
  };
}

/** `EACCES: permission denied, open '…'`: the path is the reader's own affair. */
function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && "errors" in error;
}

/** Where our SDK lies is nothing that helps its user. */
const unknownExport = /^No matching export in ".*[\\/](test-)?imported\.[jt]s" for import (".*")$/;

function unknownExportText(_all: string, test: string | undefined, name: string): string {
  return `"signalbox${test === undefined ? "" : "/test"}" has no ${name}`;
}

/** esbuild's first error as `file:line:column text`; it counts columns from 0. */
function buildFault(error: unknown, file: string): Fault {
  const first = isBuildFailure(error) ? error.errors[0] : undefined;
  if (first === undefined) return { text: `${file} cannot be bundled: ${String(error)}` };
  const { location } = first;
  const text = first.text.replace(unknownExport, unknownExportText);
  if (location === null || location.file.startsWith(around)) return { text: `${file}:1:1 ${text}` };
  const { line, lineText } = location;
  const column = location.column + 1;
  const placed = `${location.file}:${line}:${column} ${text}`;
  const source = sourceLine(lineText, line, column);
  return source === undefined ? { text: placed } : { text: placed, source };
}
