import { readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join, posix } from "node:path";
import { importsOf, type Import } from "./imports.ts";

/** What a part of the tree may import besides itself. */
export interface Row {
  /** Other parts, by folder or, right under src, by file. */
  readonly parts: readonly string[];
  /** npm packages whose home it is; `@scope/*` stands for all of a scope. */
  readonly packages?: readonly string[];
  /** Packages that live elsewhere and are used here too. */
  readonly guests?: readonly string[];
  /** Files by which others enter; undefined: by any. */
  readonly doors?: readonly string[];
  /** May others take types past the doors? */
  readonly typesPastDoors?: boolean;
  /** Node's own modules are refused. */
  readonly noBuiltins?: boolean;
}

export interface Law {
  readonly rows: Readonly<Record<string, Row>>;
  /** Single imports that are allowed though their row does not: of types, or when they are needed. */
  readonly lazily: readonly { readonly from: string; readonly to: string }[];
  /** Parts that may import anything; nothing but themselves imports them. */
  readonly free: readonly string[];
}

/** Every source file under these folders of `root`, as a path with `/`, in order. */
export function sourceFiles(root: string, folders: readonly string[]): readonly string[] {
  return folders
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) =>
        posix.join(folder, name.replaceAll("\\", "/")),
      ),
    )
    .filter((path) => /\.(ts|js)$/.test(path) && !path.includes("node_modules/"))
    .sort();
}

/** Every breach of the law in these files, one sentence each, beginning with `file:line`. */
export function breachesOf(law: Law, root: string, files: readonly string[]): readonly string[] {
  const graph = new Map<string, readonly string[]>();
  const breaches: string[] = [];
  for (const file of files) {
    const imports = importsOf(readFileSync(join(root, file), "utf8"));
    graph.set(
      file,
      // Types are gone when the code runs, so they close no circle.
      imports.flatMap((one) => (one.kind === "type" ? [] : (targetOf(file, one.specifier) ?? []))),
    );
    for (const one of imports) {
      const why = breachOf(law, file, one);
      if (why !== undefined) breaches.push(`${file}:${one.line} imports ${one.specifier}: ${why}`);
    }
  }
  return [...breaches, ...circles(graph), ...packagesWithTwoHomes(law)];
}

/** The part that a file belongs to: `src/store/writer.ts` to store, `src/main.ts` to main.ts. */
function partOf(file: string): string {
  const [top = "", next = ""] = file.split("/");
  return top === "src" ? next : top;
}

function targetOf(file: string, specifier: string): string | undefined {
  return specifier.startsWith(".") ? posix.join(posix.dirname(file), specifier) : undefined;
}

function breachOf(law: Law, file: string, one: Import): string | undefined {
  const part = partOf(file);
  const row = law.rows[part];
  if (law.free.includes(part)) return undefined;
  if (row === undefined) return `${part} has no row in the law`;
  const target = targetOf(file, one.specifier);
  if (target === undefined) return foreignBreach(row, one.specifier);

  const to = partOf(target);
  if (to === part) return undefined;
  const isLazy = law.lazily.some((it) => it.from === file && it.to === target);
  if (isLazy && one.kind !== "value") return undefined;
  if (!row.parts.includes(to)) return `${part} may not import ${to}`;
  const { doors, typesPastDoors } = law.rows[to] ?? {};
  if (doors === undefined || doors.includes(posix.basename(target))) return undefined;
  if (typesPastDoors === true && one.kind === "type") return undefined;
  return `${to} is entered by ${doors.join(" and ")} only`;
}

function foreignBreach(row: Row, specifier: string): string | undefined {
  if (isBuiltin(specifier))
    return row.noBuiltins === true ? "Node's own modules are not for here" : undefined;
  const [scope = "", name = ""] = specifier.split("/");
  const names = scope.startsWith("@") ? [`${scope}/${name}`, `${scope}/*`] : [scope];
  const allowed = [...(row.packages ?? []), ...(row.guests ?? [])];
  return names.some((it) => allowed.includes(it)) ? undefined : "this package has no home here";
}

function packagesWithTwoHomes(law: Law): readonly string[] {
  const homes = Object.entries(law.rows).flatMap(([part, row]) =>
    (row.packages ?? []).map((name) => ({ part, name })),
  );
  return homes
    .filter(({ name }, at) => homes.findIndex((other) => other.name === name) < at)
    .map(({ part, name }) => `${name} has a second home in ${part}`);
}

/** Each circle once, told from the file at which the walk met it first. */
function circles(graph: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const walk = (file: string) => {
    const since = path.indexOf(file);
    if (since >= 0) {
      found.push(`a circle: ${[...path.slice(since), file].join(" -> ")}`);
      return;
    }
    if (done.has(file)) return;
    path.push(file);
    for (const next of graph.get(file) ?? []) walk(next);
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) walk(file);
  return found;
}
