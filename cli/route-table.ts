import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import type { Command } from "commander";
import { z } from "../src/config/schema.ts";
import type { NumberTableAnswerView, NumberTableImportView } from "../src/model/number-table.ts";
import { wholeNumber } from "./argument.ts";
import { confirm } from "./confirm.ts";
import { WrongArguments } from "./failure.ts";
import { ask, askForFlow, segment } from "./gateway.ts";
import { askAtLength } from "./long-work.ts";
import { age, answer, count, pairs, paint, size, suggest, table as listed } from "./print.ts";
import { createProgress } from "./progress.ts";
import {
  examplesShape,
  importStepShape,
  importedShape,
  numberAnswerShape,
  numberTableShape,
  numberVersionShape,
} from "./route-views.ts";
import type { GlobalOptions } from "./settings.ts";

const what = "as `signalbox route table list` shows it";

/** What an import may say beside the file; what is left out stays as it is. */
export interface TableOptions {
  readonly qualityMin?: number;
  readonly perProvider?: boolean;
}

/** Adds these options to a command. */
export function withTableOptions(command: Command): Command {
  return command
    .option("--quality-min <0-100>", "providers of less quality are not taken", wholeNumber(0, 100))
    .option("--per-provider", "each provider's own longest prefix counts, as in price lists")
    .option("--no-per-provider", "the longest prefix decides for all (the default)");
}

/** `signalbox route table …` */
export function addRouteTable(route: Command): void {
  const table = route
    .command("table")
    .description("number tables: prefixes, ranges and numbers with providers and prices");

  table
    .command("list")
    .description("show which there are, with what they take up")
    .action(async (_own, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const shape = z.array(numberTableShape);
      const all = await ask(options, { method: "GET", path: "/v1/number-tables", shape });
      const words = (): string =>
        all.length === 0
          ? "There is no number table."
          : listed(
              ["name", "entries", "version", "age", "by", "memory", "rules"],
              all.map((one) => [
                one.name,
                one.entries,
                one.version,
                age(one.atMs),
                one.by,
                size(one.octets),
                optionsText(one.options),
              ]),
            );
      const next =
        all.length === 0
          ? "Make one: signalbox route table import <name> <file>"
          : "Where a number goes: signalbox route table show <name> <number>";
      answer(options, all, words, next);
    });

  table
    .command("show")
    .description("show what a table says of a number: every provider, and why it is taken or not")
    .argument("<name>", what)
    .argument("<number>", "with its country code, with or without +")
    .action(async (name: string, number: string, _own, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const call = { method: "GET", path: pathOf(name, "/find"), query: { number } } as const;
      const found = await ask(options, { ...call, shape: numberAnswerShape });
      answer(options, found, foundText, `All of it: signalbox route table export ${name}`);
    });

  const importing = table
    .command("import")
    .description("take a file of CSV as the whole table, or none of it when a line is wrong")
    .argument("<name>", "of the table; rules name it as table:<name>")
    .argument("<file>", "CSV with a heading; prefix, from, to, number, network, provider, price, …")
    .option("--dry-run", "only tell what would change");
  withTableOptions(importing).action(
    async (name: string, file: string, own: ImportOptions, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const { dryRun = false, qualityMin, perProvider } = own;
      const done = await importFile(options, name, file, {
        try: dryRun,
        qualityMin,
        perProvider,
      });
      const next = dryRun
        ? `What that means for messages: signalbox route plan ${file} --table ${name}`
        : `Back: signalbox route table rollback ${name}`;
      answer(options, done, importText, next);
    },
  );

  table
    .command("export")
    .description("print a table as CSV that can be imported again")
    .argument("<name>", what)
    .argument("[file]", "where to write it; standard output when left out")
    .option("--version <n>", "of this version; the one that runs when left out", version)
    .action(
      async (
        name: string,
        file: string | undefined,
        own: { version?: number },
        command: Command,
      ) => {
        const options = command.optsWithGlobals<GlobalOptions>();
        if (options.json === true)
          throw new WrongArguments("a table is printed as CSV, not as JSON");
        const flow = await askForFlow(options, {
          method: "GET",
          path: pathOf(name),
          query: { version: own.version },
        });
        if (file === undefined) await pipeline(flow, process.stdout, { end: false });
        else {
          // Closed to others: a table may hold the numbers of persons.
          await pipeline(flow, createWriteStream(file, { mode: 0o600, flags: "wx" })).catch(
            (cause: NodeJS.ErrnoException) => {
              if (cause.path === undefined) throw cause;
              throw new WrongArguments(`${file} cannot be written (${cause.code ?? ""})`);
            },
          );
          suggest(`Take it back: signalbox route table import ${name} ${file}`);
        }
      },
    );

  table
    .command("versions")
    .description("show which versions of a table are kept")
    .argument("<name>", what)
    .action(async (name: string, _own, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const shape = z.array(numberVersionShape);
      const all = await ask(options, { method: "GET", path: pathOf(name, "/versions"), shape });
      const words = (): string =>
        listed(
          ["version", "runs", "entries", "age", "by", "rules"],
          all.map((one) => [
            one.version,
            one.runs ? "yes" : "",
            one.entries,
            age(one.atMs),
            one.by,
            optionsText(one.options),
          ]),
        );
      answer(options, all, words, `Back to one: signalbox route table rollback ${name} --to <n>`);
    });

  table
    .command("rollback")
    .description("run an older version of a table again")
    .argument("<name>", what)
    .option("--to <n>", "the version; the one before when left out", version)
    .action(async (name: string, own: { to?: number }, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const body = own.to === undefined ? {} : { version: own.to };
      const call = { method: "POST", path: pathOf(name, "/rollback"), body } as const;
      const now = await ask(options, { ...call, timeoutMs: longMs, shape: numberTableShape });
      const words = (): string =>
        `Version ${now.version} of ${now.name} runs, with ${count(now.entries, "entry", "entries")}.`;
      answer(options, now, words, `All versions: signalbox route table versions ${name}`);
    });

  table
    .command("drop")
    .description("remove a table with all its versions; not while rules name it")
    .argument("<name>", what)
    .option("--yes", "do not ask")
    .action(async (name: string, own: { readonly yes?: true }, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      await confirm({
        warning: `The number table ${name} will be removed with all its versions.`,
        word: name,
        named: "its name",
        yes: own.yes === true,
      });
      const call = { method: "DELETE", path: pathOf(name) } as const;
      const gone = await ask(options, { ...call, timeoutMs: longMs, shape: numberTableShape });
      answer(
        options,
        gone,
        () => `${gone.name} is gone.`,
        "The others: signalbox route table list",
      );
    });
}

/** ms. A table of two million lines is read in some seconds. */
const longMs = 120_000;

interface ImportOptions extends TableOptions {
  readonly dryRun?: true;
}

async function importFile(
  options: GlobalOptions,
  name: string,
  path: string,
  query: { readonly try: boolean } & {
    readonly qualityMin: number | undefined;
    readonly perProvider: boolean | undefined;
  },
): Promise<NumberTableImportView> {
  const progress = createProgress(options, { label: "Importing", unit: "%" });
  let examples: readonly string[] = [];
  const sums = await askAtLength(
    options,
    { method: "POST", path: pathOf(name), query, file: { path, type: "text/csv" } },
    {
      progress,
      step(line) {
        tellImportStep(progress, line);
        examples = examplesShape.safeParse(line).data?.examples ?? examples;
      },
      end: (line) => importedShape.safeParse(line).data?.imported,
    },
  );
  return { ...sums, examples };
}

/** Reading the file and looking at all of it together are half of the work each. */
export function tellImportStep(progress: ReturnType<typeof createProgress>, line: unknown): void {
  const { data } = importStepShape.safeParse(line);
  if (data === undefined || data.total === 0) return;
  const half = Math.round((data.done / data.total) * 50);
  progress.at(data.step === "reading" ? half : 50 + half, 100, data.step);
}

function importText(done: NumberTableImportView): string {
  const { name, version: now, entries, added, removed, changed, examples } = done;
  const head =
    now === undefined
      ? `Nothing was changed. ${name} would have ${count(entries, "entry", "entries")}`
      : `Version ${now} of ${name} runs, with ${count(entries, "entry", "entries")}`;
  const more = added + removed + changed - examples.length;
  return [
    `${head}: ${added} added, ${removed} removed, ${changed} changed.`,
    ...examples.map((one) => `  ${one}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ].join("\n");
}

function foundText({ candidates, passedOver, blocked }: NumberTableAnswerView): string {
  const rows: [string, string][] = [
    ...candidates.map(({ provider, why }, nth): [string, string] => [
      `${nth === 0 ? paint("green", "takes") : "then"} ${provider}`,
      why,
    ]),
    ...passedOver.map(({ target, why }): [string, string] => [`not ${target}`, why]),
  ];
  if (blocked !== undefined) rows.unshift(["blocked", blocked]);
  return rows.length === 0 ? "The table says nothing of it." : pairs(rows);
}

function optionsText({ qualityMin, perProvider }: Required<TableOptions>): string {
  const words = [
    ...(qualityMin > 0 ? [`quality from ${qualityMin}`] : []),
    ...(perProvider ? ["per provider"] : []),
  ];
  return words.join(", ");
}

function version(text: string): number {
  return wholeNumber(1, 1_000_000_000)(text);
}

function pathOf(name: string, rest = ""): string {
  return `/v1/number-tables/${segment(name)}${rest}`;
}
