import { access, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Command, Option } from "commander";
import { TEMPLATES, type Template } from "../src/trigger/templates/templates.ts";
import { wholeNumber } from "./argument.ts";
import { writeEditorSettings } from "./editor-settings.ts";
import { Refused, WrongArguments } from "./failure.ts";
import { answer, table } from "./print.ts";
import { baseOf, type GlobalOptions, readSettings } from "./settings.ts";
import { answered, type Known } from "./template-answers.ts";
import { openQuestions } from "./template-questions.ts";

/** Characters of a name, so that it stays readable in the trace and the list. */
const nameCharactersMax = 32;

/** Options that all templates have; the rest is asked for by each. */
interface NewOptions {
  readonly template?: string;
  readonly description?: string;
  readonly order?: number;
  readonly file?: string;
  readonly test: boolean;
  readonly force?: boolean;
}

/** `signalbox trigger new` and `trigger templates`. */
export function addTriggerNew(trigger: Command): void {
  const making = trigger
    .command("new")
    .description("write a trigger and its test from a template; asks for what is left out")
    .argument("<name>", "of the trigger, such as FWD; its file is called fwd.ts")
    .option("--template <template>", "what it is to do: see `trigger templates`")
    .option("--description <text>", "the first sentence of the file")
    .option("--order <number>", "smaller runs first", wholeNumber(-1_000_000, 1_000_000))
    .option("--file <file>", "another name for the file, such as forward.ts")
    .option("--no-test", "without its test")
    .option("--force", "write over files that are there");
  for (const option of optionsOfAll()) making.addOption(option);
  making.action(async (name: string, own: NewOptions, command: Command) => {
    const options = command.optsWithGlobals<GlobalOptions>();
    const made = await make(name, own, valuesOf(command), options);
    answer(
      options,
      made,
      ({ files, needs }) => [...files.map((file) => `Wrote ${file}`), ...needs].join("\n"),
      own.test
        ? `It runs as soon as the gateway does. Try it first: signalbox trigger test ${made.file}`
        : "It runs as soon as the gateway does: signalbox trigger list",
    );
  });
  trigger
    .command("templates")
    .description("show what `trigger new` can write, and the options of each")
    .action((_options, command: Command) => {
      const all = TEMPLATES.map(({ name, summary, asks }) => ({
        name,
        summary,
        options: asks.map((ask) => ({
          name: `--${ask.name}`,
          what: ask.what,
          ...(ask.preset === undefined ? {} : { preset: ask.preset }),
        })),
      }));
      answer(
        command.optsWithGlobals<GlobalOptions>(),
        all,
        (shown) =>
          table(
            ["template", "writes a trigger to", "options"],
            shown.map((one) => [
              one.name,
              one.summary,
              one.options.map((option) => option.name).join(" "),
            ]),
          ),
        "Write one: signalbox trigger new FWD --template forward",
      );
    });
}

/** One name is one option, whichever templates have it. */
function optionsOfAll(): readonly Option[] {
  const names = new Set(TEMPLATES.flatMap(({ asks }) => asks.map(({ name }) => name)));
  return [...names].map((name) => {
    const having = TEMPLATES.filter(({ asks }) => asks.some((ask) => ask.name === name));
    const asks = having.flatMap((template) => template.asks.filter((ask) => ask.name === name));
    const whats = new Set(asks.map(({ what }) => what));
    const isEverywhere = having.length > TEMPLATES.length / 2;
    const which = isEverywhere ? "most" : having.map((template) => template.name).join(", ");
    const [what = ""] = whats.size === 1 ? whats : ["depends on the template"];
    const option = new Option(`--${name} <value>`, `${what} (${which})`);
    return option.argParser((value: string, before: readonly string[] | undefined) => [
      ...(before ?? []),
      ...valuesIn(
        value,
        asks.every(({ kind }) => ["channel", "choice", "word"].includes(kind.is)),
      ),
    ]);
  });
}

/** Lists of names may be written with commas; texts may hold some. */
function valuesIn(value: string, isListed: boolean): readonly string[] {
  return isListed ? value.split(",").map((part) => part.trim()) : [value];
}

/** What was said for each ask, by its name. */
function valuesOf(command: Command): Readonly<Record<string, readonly string[] | undefined>> {
  const values: Record<string, readonly string[] | undefined> = {};
  const names = new Set(TEMPLATES.flatMap(({ asks }) => asks.map(({ name }) => name)));
  for (const option of command.options) {
    const name = option.long?.slice(2) ?? "";
    const value: unknown = command.getOptionValue(option.attributeName());
    if (names.has(name) && Array.isArray(value)) values[name] = value.map(String);
  }
  return values;
}

async function make(
  name: string,
  own: NewOptions,
  values: Readonly<Record<string, readonly string[] | undefined>>,
  options: GlobalOptions,
) {
  const trigger = triggerName(name);
  const file = fileName(name, own.file);
  const { known, folder, shown } = await site(options);
  const isTerminal = process.stdin.isTTY && process.stderr.isTTY && options.json !== true;
  const screen = { input: process.stdin, output: process.stderr };
  const template = await templateOf(own.template, isTerminal ? screen : undefined);
  // Before anything is asked: answers that come to nothing are a nuisance.
  const paths = { script: join(folder, file), test: join(folder, testName(file)) };
  if (own.force !== true)
    await refuseExisting(own.test ? [paths.script, paths.test] : [paths.script]);
  const base = {
    name: trigger,
    description: own.description ?? template.description,
    order: own.order ?? template.order,
  };
  const question = isTerminal ? await openQuestions(screen) : undefined;
  const given = await answered(template, values, base, known, question);
  const { script, test, needs = [] } = template.write(given);
  await refuseTaken(folder, file, script);
  await mkdir(folder, { recursive: true });
  const flag = own.force === true ? "w" : "wx";
  // The test first: a gateway that wants it finds it when it sees the script.
  if (own.test) await write(paths.test, test, flag);
  await write(paths.script, script, flag).catch(async (cause: unknown) => {
    if (own.test && flag === "wx") await rm(paths.test, { force: true });
    throw cause;
  });
  const settings = await writeEditorSettings(folder);
  const files = [
    file,
    ...(own.test ? [testName(file)] : []),
    ...(settings === undefined ? [] : [settings]),
  ];
  return {
    trigger,
    template: template.name,
    file,
    files: files.map((one) => join(shown, one)),
    needs: [...needs, ...(await sourceTypes(folder, shown, script))],
  };
}

/** The names of data sources are types of their own, which an editor has to be told. */
async function sourceTypes(
  folder: string,
  shown: string,
  script: string,
): Promise<readonly string[]> {
  if (!/\bdb\.\w/.test(script) || (await isThere(join(folder, "data-sources.d.ts")))) return [];
  const path = join(shown, "data-sources.d.ts");
  return [`Tell the editor what db has: signalbox datasource types > ${path}`];
}

function triggerName(name: string): string {
  if (!/^[A-Za-z][A-Za-z0-9_-]*$/.test(name) || name.length > nameCharactersMax)
    throw new WrongArguments(
      `${name} is no name for a trigger: it has up to ${nameCharactersMax} letters, digits, _ and -, and begins with a letter`,
    );
  return name.toUpperCase().replaceAll("-", "_");
}

function fileName(name: string, file: string | undefined): string {
  if (file === undefined) return `${name.toLowerCase().replaceAll("_", "-")}.ts`;
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}\.ts$/.test(file))
    throw new WrongArguments(`--file ${file}: it must be a name such as forward.ts`);
  return file;
}

function testName(file: string): string {
  return file.replace(/\.ts$/, ".test.ts");
}

async function site(options: GlobalOptions) {
  const { channels, dataSources, triggers } = await readSettings(options);
  const known: Known = {
    channels: Object.entries(channels).map(([name, { type }]) => ({
      name,
      leads: type.endsWith("-server") ? "customers" : "provider",
    })),
    dataSources: Object.keys(dataSources),
  };
  return { known, folder: resolve(baseOf(options.config), triggers), shown: triggers };
}

async function templateOf(
  name: string | undefined,
  screen: Parameters<typeof openQuestions>[0] | undefined,
): Promise<Template> {
  if (name === undefined && screen !== undefined) {
    const { select } = await import("@inquirer/prompts");
    const choices = TEMPLATES.map((one) => ({
      value: one,
      name: `${one.name}: ${one.summary}`,
    }));
    return select({ message: "What is it to do?", choices, pageSize: choices.length }, screen);
  }
  const found = TEMPLATES.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = TEMPLATES.map((one) => one.name).join(", ");
  throw new WrongArguments(
    name === undefined
      ? `--template is missing; it is one of ${names}`
      : `there is no template ${name}; there are ${names}`,
  );
}

async function refuseExisting(paths: readonly string[]): Promise<void> {
  for (const path of paths)
    if (await isThere(path))
      throw new Refused(
        `${path} is there already`,
        "Nothing was written. Name another file with --file, or write over it with --force.",
      );
}

/** Two triggers of one name: the gateway would take neither file. */
async function refuseTaken(folder: string, file: string, script: string): Promise<void> {
  const names = namesIn(script);
  const others = await readdir(folder).catch((): string[] => []);
  for (const other of others) {
    if (!other.endsWith(".ts") || /\.(test|d)\.ts$/.test(other) || other === file) continue;
    const text = await readFile(join(folder, other), "utf8").catch(() => "");
    const taken = namesIn(text).find((one) => names.includes(one));
    if (taken !== undefined)
      throw new Refused(
        `${taken} is a trigger of ${other} already`,
        "Nothing was written. Give the new one another name.",
      );
  }
}

function namesIn(script: string): readonly string[] {
  return [...script.matchAll(/^export const (\w+) = on[A-Z]/gm)].map(([, name]) => name ?? "");
}

async function write(path: string, text: string, flag: "w" | "wx"): Promise<void> {
  try {
    await writeFile(path, text, { flag });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Refused(why, "The trigger was not written.", { cause });
  }
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
