import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { build, type Plugin } from "esbuild";
import { withBundler } from "./bundler.ts";
import { makePreludes } from "./for-isolates.ts";

/** What a host is started with. */
export interface HostProgram {
  /** CommonJS, to be given to its standard input. */
  readonly code: string;
  /** Patterns of the files that it may read: its one addon, and nothing else. */
  readonly reads: readonly string[];
}

let made: Promise<HostProgram> | undefined;

/**
 * The program of a trigger host as one text, made once in each process. Started from its own files a host
 * would need twice the time: Node takes the types away anew each time, since a host may write no cache. It
 * runs from source as well as from a build. Rejects when the bundler cannot be started.
 */
export function hostProgram(): Promise<HostProgram> {
  made ??= make().catch((cause: unknown) => {
    made = undefined;
    throw cause;
  });
  return made;
}

async function make(): Promise<HostProgram> {
  const addon = createRequire(import.meta.url).resolve("isolated-vm");
  const loader = createRequire(addon).resolve("node-gyp-build");
  const building = withBundler(() =>
    build({
      entryPoints: [join(import.meta.dirname, `host${extname(import.meta.filename)}`)],
      bundle: true,
      write: false,
      format: "cjs",
      platform: "node",
      target: "es2024",
      charset: "utf8",
      logLevel: "silent",
      plugins: [leaveOut("isolated-vm", addon)],
      tsconfigRaw: "{}",
    }),
  );
  const [result, preludes] = await Promise.all([building, makePreludes()]);
  const text = result.outputFiles[0]?.text ?? "";
  const code = `const PRELUDES = ${JSON.stringify(preludes)};\n${text}`;
  // The last one tells the addon's loader which C library there is.
  const reads = [`${dirname(addon)}/*`, `${dirname(loader)}/*`, "/etc/alpine-release"];
  return { code, reads };
}

/** Has the package loaded from where it lies: the program itself lies nowhere. */
function leaveOut(name: string, path: string): Plugin {
  return {
    name: "addon",
    setup: (on) =>
      on.onResolve({ filter: new RegExp(`^${name}$`) }, () => ({ path, external: true })),
  };
}
