import { createHash } from "node:crypto";
import { relative, resolve } from "node:path";
import type { Metafile, Plugin } from "esbuild";
import type { KeptSource, KeptSources } from "../model/trigger-version.ts";

/** What a version is made of: texts, and which of them each import meant. */
export interface Sources {
  readonly all: KeptSources;
  /** Of all texts with their paths: two versions with the same one are the same. */
  readonly hash: string;
}

/**
 * Collects the texts that one trigger file was bundled from: itself, local files and packages, but
 * nothing of ours.
 *
 * @param texts what the bundler read, by absolute path.
 * @param directory where the folder really lies, not a link to it.
 */
export function sourcesOf(
  file: string,
  inputs: Metafile["inputs"],
  texts: ReadonlyMap<string, string>,
  directory: string,
): Sources {
  const all: Record<string, KeptSource> = {};
  const keyOf = (path: string) => relative(directory, resolve(directory, path));
  const add = (path: string) => {
    const text = texts.get(resolve(directory, path));
    const key = keyOf(path);
    if (text === undefined || Object.hasOwn(all, key)) return;
    const imports: Record<string, string> = {};
    all[key] = { text, imports };
    for (const one of inputs[path]?.imports ?? []) {
      if (one.external === true || !texts.has(resolve(directory, one.path))) continue;
      imports[one.original ?? one.path] = keyOf(one.path);
      add(one.path);
    }
  };
  // The entry is what we wrote around the file; the file is the only one that it imports from there.
  for (const one of inputs[file]?.imports ?? []) add(one.path);
  return { all, hash: hashOf(all) };
}

/** Of paths and texts; what the imports mean follows from them. */
function hashOf(all: KeptSources): string {
  const hash = createHash("sha256");
  for (const path of Object.keys(all).sort())
    hash.update(
      `${JSON.stringify(path)}\n${all[path]?.text.length ?? 0}\n${all[path]?.text ?? ""}`,
    );
  return hash.digest("hex");
}

/** The namespace of kept texts while they are bundled; no path of a person begins with it. */
export const keptNamespace = "kept";

/**
 * Lets the bundler read kept texts instead of files; `sdk` is what stands for ours. What was not kept is not
 * there: a version is whole or it is none.
 */
export function keptFiles(all: KeptSources, file: string, sdk: string): Plugin {
  return {
    name: "kept texts",
    setup(on) {
      on.onResolve({ filter: /./, namespace: "around" }, ({ path }) =>
        path === `./${file}` ? { path: entryOf(all, file), namespace: keptNamespace } : undefined,
      );
      on.onResolve({ filter: /./, namespace: keptNamespace }, ({ path, importer }) => {
        if (path === "signalbox") return { path: sdk };
        const meant = all[importer]?.imports[path];
        if (meant === undefined) return { errors: [{ text: `"${path}" was not kept` }] };
        return { path: meant, namespace: keptNamespace };
      });
      on.onLoad({ filter: /./, namespace: keptNamespace }, ({ path }) => {
        const kept = all[path];
        if (kept === undefined) return { errors: [{ text: "it was not kept" }] };
        return { contents: kept.text, loader: "default" };
      });
    },
  };
}

/** The first text is that of the trigger file: a link may have led to it, so it need not bear its name. */
function entryOf(all: KeptSources, file: string): string {
  return Object.hasOwn(all, file) ? file : (Object.keys(all)[0] ?? file);
}
