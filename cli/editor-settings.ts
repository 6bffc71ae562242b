import { access, writeFile } from "node:fs/promises";
import { extname, join, relative } from "node:path";

const extension = extname(import.meta.filename);
const ours = join(import.meta.dirname, "..", "src", "trigger");

/**
 * Writes a tsconfig.json into a trigger folder that has none, by which an editor finds the SDK and shows
 * wrong fields as one types. Gives its name, or undefined when one is there.
 */
export async function writeEditorSettings(folder: string): Promise<string | undefined> {
  const file = "tsconfig.json";
  const path = join(folder, file);
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere) return undefined;
  const at = (name: string) => relative(folder, join(ours, name)).replaceAll("\\", "/");
  const settings = {
    compilerOptions: {
      target: "es2024",
      lib: ["es2024"],
      types: [],
      module: "esnext",
      moduleResolution: "bundler",
      moduleDetection: "force",
      noEmit: true,
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      allowImportingTsExtensions: true,
      skipLibCheck: true,
      paths: {
        signalbox: [at(`sdk${extension}`)],
        "signalbox/test": [at(`sdk-test${extension}`)],
      },
    },
    include: ["**/*.ts", at("script/globals.d.ts")],
  };
  await writeFile(path, `${JSON.stringify(settings, null, 2)}\n`, { flag: "wx" });
  return file;
}
