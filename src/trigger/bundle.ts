import { createHash } from "node:crypto";
import { builtinModules, SourceMap } from "node:module";
import { extname, join } from "node:path";
import { build, type BuildFailure, type Plugin } from "esbuild";

export type Built =
  | {
      readonly ok: true;
      readonly code: string;
      readonly map: SourceMap;
      /** Of the code, which holds everything that the file imports. */
      readonly hash: string;
    }
  | { readonly ok: false; readonly fault: string };

const extension = extname(import.meta.filename);
const sdk = join(import.meta.dirname, `sdk${extension}`);
const runtime = join(import.meta.dirname, "script", `runtime${extension}`);

/**
 * Makes one text of a trigger file and all that it imports: local files, pure JavaScript packages,
 * our SDK; the machine's own modules are refused. Types are taken away, not checked. The text leaves
 * a global `signalbox` behind: what the host takes hold of. Called for each file at each save.
 *
 * @param file relative to the directory.
 */
export async function bundle(directory: string, file: string): Promise<Built> {
  const entry = [
    // The runtime comes first, so that it is set up before the script's first line.
    `import { pump, collect, describe } from ${JSON.stringify(runtime)};`,
    `import * as script from ${JSON.stringify(`./${file}`)};`,
    `const registered = describe(script, ${JSON.stringify(file)});`,
    `globalThis.signalbox = { pump, collect, registered };`,
  ].join("\n");
  try {
    const result = await build({
      stdin: { contents: entry, resolveDir: directory, loader: "ts" },
      absWorkingDir: directory,
      bundle: true,
      write: false,
      outfile: join(directory, "bundle.js"),
      format: "iife",
      platform: "neutral",
      mainFields: ["module", "main"],
      target: "es2024",
      charset: "utf8",
      sourcemap: "external",
      logLevel: "silent",
      alias: { signalbox: sdk },
      plugins: [refuseBuiltins],
      // A script's own tsconfig is for the editor; what runs does not depend on it.
      tsconfigRaw: "{}",
    });
    const code = result.outputFiles.find((output) => output.path.endsWith(".js"))?.text ?? "";
    const map = result.outputFiles.find((output) => output.path.endsWith(".map"))?.text ?? "";
    // Written by esbuild a line above.
    const payload: ConstructorParameters<typeof SourceMap>[0] = JSON.parse(map);
    return {
      ok: true,
      code,
      map: new SourceMap(payload),
      hash: createHash("sha256").update(code).digest("hex"),
    };
  } catch (error) {
    return { ok: false, fault: buildFault(error, file) };
  }
}

const refuseBuiltins: Plugin = {
  name: "no modules of the machine",
  setup(on) {
    const names = new Set(builtinModules);
    on.onResolve({ filter: /^[^./]/ }, ({ path }) =>
      path.startsWith("node:") || names.has(path)
        ? { errors: [{ text: `"${path}" is not there: a trigger has no access to the machine` }] }
        : undefined,
    );
  },
};

/** esbuild's first error as `file:line:column text`; it counts columns from 0. */
function buildFault(error: unknown, file: string): string {
  const failure: Partial<BuildFailure> = error instanceof Error ? error : new Error(String(error));
  const first = failure.errors?.[0];
  if (first === undefined) return `${file} ${failure.message}`;
  const { location, text } = first;
  if (location === null || location.file === "<stdin>") return `${file}:1:1 ${text}`;
  return `${location.file}:${location.line}:${location.column + 1} ${text}`;
}
