import { extname, join } from "node:path";
import { build, type Plugin } from "esbuild";
import { withBundler } from "./bundler.ts";
import type { PreludeTexts } from "./prelude.ts";

const extension = extname(import.meta.filename);
export const sdk = join(import.meta.dirname, `sdk${extension}`);
const measure = join(import.meta.dirname, "..", "sms", `measure${extension}`);

/** How the texts that run in isolates are written. */
export const forIsolates = {
  bundle: true,
  write: false,
  format: "iife",
  platform: "neutral",
  target: "es2024",
  charset: "utf8",
  logLevel: "silent",
  // A script's own tsconfig is for the editor; what runs does not depend on it.
  tsconfigRaw: "{}",
} as const;

/** Makes what runs in an isolate before the script. Rejects when the bundler cannot be started. */
export async function makePreludes(): Promise<PreludeTexts> {
  const [trigger = "", test = ""] = await Promise.all(
    ["prelude", "test-prelude"].map(async (name) => {
      const entry = join(import.meta.dirname, "script", `${name}${extension}`);
      const result = await withBundler(() =>
        build({ ...forIsolates, entryPoints: [entry], plugins: [leaveOutUnused] }),
      );
      return result.outputFiles[0]?.text;
    }),
  );
  return { trigger, test };
}

/**
 * Puts what measures texts in its place, with the tables of all alphabets, in the bundle of a file that
 * asks for it only: they are made when they are loaded, which esbuild would else take for something that
 * must happen.
 */
export const leaveOutUnused: Plugin = {
  name: "sms when it is used",
  setup(on) {
    on.onResolve({ filter: /^\.\/script\/measure\.[jt]s$/ }, ({ importer }) =>
      importer === sdk ? { path: measure, sideEffects: false } : undefined,
    );
  },
};
