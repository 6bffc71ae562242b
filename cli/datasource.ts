import type { Command } from "commander";
import { z } from "../src/config/schema.ts";
import { GatewayError } from "../src/model/error.ts";
import type { DataSourceTestView, DataSourceView } from "../src/model/data-source-view.ts";
import { exitCodes, Refused } from "./failure.ts";
import { ask, segment } from "./gateway.ts";
import { age, answer, count, pairs, size, table } from "./print.ts";
import { type GlobalOptions, readSettings } from "./settings.ts";
import { dataSourceShape, dataSourceTestShape } from "./data-source-shapes.ts";

/** `signalbox datasource …`. All of it also answers while no gateway runs, by the configuration. */
export function addDatasource(program: Command): void {
  const datasource = program.command("datasource").description("databases that triggers may ask");
  datasource
    .command("list")
    .description("show every data source with its limits, and how it does")
    .action(async (_own, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const sources = await sourcesOf(options);
      answer(options, sources, listed, "Does it answer? signalbox datasource test <name>");
    });

  datasource
    .command("test")
    .description("connect to one and tell what is there, or what is wrong and what to do")
    .argument("<name>", "as it stands under dataSources")
    .action(async (name: string, _own, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const found = await testOf(options, name);
      const next = found.ok
        ? `In a trigger: const rows = await db.${name}\`select …\``
        : `When it is mended: signalbox datasource test ${name}`;
      answer(options, found, told, next);
      if (!found.ok) process.exitCode = exitCodes.refused;
    });

  datasource
    .command("types")
    .description("print the names for the editor: save it as data-sources.d.ts beside the triggers")
    .action(async (_own, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const names = (await declaredSources(options)).map(({ name }) => name);
      answer(options, { names }, declared);
    });
}

async function sourcesOf(options: GlobalOptions): Promise<readonly DataSourceView[]> {
  const shape = z.array(dataSourceShape);
  const running = await orNothing(ask(options, { method: "GET", path: "/v1/data-sources", shape }));
  return running ?? declaredSources(options);
}

async function testOf(options: GlobalOptions, name: string): Promise<DataSourceTestView> {
  const path = `/v1/data-sources/${segment(name)}/test`;
  const shape = dataSourceTestShape;
  return (
    (await orNothing(ask(options, { method: "POST", path, shape }))) ?? testAlone(options, name)
  );
}

async function testAlone(options: GlobalOptions, name: string): Promise<DataSourceTestView> {
  const source = (await readSettings(options)).dataSources[name];
  const view = (await declaredSources(options)).find((one) => one.name === name);
  if (source === undefined || view === undefined)
    throw new GatewayError("unknown_data_source", `There is no data source ${name}.`);
  if (view.own)
    throw new Refused(
      `${name} is our own database, which only the running gateway reaches`,
      "Start it by `signalbox start`, then test again.",
    );
  const { testSource } = await import("../src/store/data-source.ts");
  return testSource(view, { connectionString: source.url });
}

async function declaredSources(options: GlobalOptions): Promise<readonly DataSourceView[]> {
  const { dataSourcesOf } = await import("../src/settings.ts");
  return dataSourcesOf(await readSettings(options));
}

/** Undefined where no gateway runs. */
async function orNothing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (cause) {
    if (cause instanceof GatewayError && cause.code === "not_running") return undefined;
    throw cause;
  }
}

function listed(sources: readonly DataSourceView[]): string {
  if (sources.length === 0)
    return "No data sources; they stand under dataSources in signalbox.yaml.";
  const columns = [
    "name",
    "where",
    "role",
    "may",
    "limits",
    "calls",
    "errors",
    "mean",
    "last error",
  ];
  return table(
    columns,
    sources.map((one) => [
      one.name,
      one.where,
      one.role ?? "",
      one.readOnly ? "read" : "read and write",
      `${one.timeoutMs} ms, ${count(one.rowsMax, "row")}, ${size(one.octetsMax)}, ${count(one.connectionsMax, "connection")}`,
      one.calls,
      one.errors,
      one.meanMs === undefined ? "" : milliseconds(one.meanMs),
      one.lastError === undefined ? "" : `${one.lastError.text} (${age(one.lastError.atMs)} ago)`,
    ]),
  );
}

function told(found: DataSourceTestView): string {
  if (!found.ok)
    return `${found.name} cannot be asked. ${found.trouble.what}. ${found.trouble.advice}`;
  const lines = pairs([
    ["server", `PostgreSQL ${found.version} at ${found.where}`],
    ["role", found.role],
    ["may", found.readOnly ? "read (readOnly: true)" : "read and write (readOnly: false)"],
    ["encrypted", found.tls ? "yes" : "no"],
    ["to connect", milliseconds(found.connectMs)],
    ["a statement", milliseconds(found.answerMs)],
  ]);
  return [`${found.name} answers.`, lines, ...found.warnings].join("\n");
}

function declared({ names }: { readonly names: readonly string[] }): string {
  return [
    "// Made by `signalbox datasource types`.",
    'import type { DataSource } from "signalbox";',
    "",
    'declare module "signalbox" {',
    "  interface DataSources {",
    ...names.map((name) => `    readonly ${name}: DataSource;`),
    "  }",
    "}",
  ].join("\n");
}

function milliseconds(ms: number): string {
  return `${ms.toFixed(1)} ms`;
}
