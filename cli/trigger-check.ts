import type { Command } from "commander";
import { exitCodes } from "./failure.ts";
import { answer, count } from "./print.ts";
import type { GlobalOptions } from "./settings.ts";
import { type TriggerFolder, triggerFolder } from "./trigger-folder.ts";
import { isOfSyntax, typeFaults } from "./type-check.ts";

/** What is wrong with a file of the trigger folder. */
interface Checked {
  readonly file: string;
  /** In one line, with `file:line:column` in front where that is known. */
  readonly text: string;
  /** The author's line, and a second one with a caret under the column. */
  readonly source: readonly string[];
}

interface CheckView {
  readonly directory: string;
  readonly files: number;
  readonly triggers: readonly string[];
  readonly faults: readonly Checked[];
  /** What runs and is perhaps not meant so. */
  readonly warnings: readonly string[];
}

/** `signalbox trigger check` */
export function addTriggerCheck(trigger: Command): void {
  trigger
    .command("check")
    .description("look for faults in all trigger files: types, imports, what they register")
    .option("--folder <directory>", "of the triggers; else that of the configuration")
    .action(async (own: { readonly folder?: string }, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const view = await checked(await triggerFolder(options, own));
      answer(
        options,
        view,
        told,
        view.faults.length === 0 ? "Run their tests: signalbox trigger test" : undefined,
      );
      if (view.faults.length > 0) process.exitCode = exitCodes.refused;
    });
}

async function checked({ directory, channels }: TriggerFolder): Promise<CheckView> {
  // Read here only: the other commands of this noun need no bundler.
  const { openRehearsal } = await import("../src/trigger/rehearsal.ts");
  const { sourceLine } = await import("../src/trigger/position.ts");
  const known = channels === undefined ? {} : { channels: () => channels };
  await using rehearsal = await openRehearsal({ directory, ...known });
  const views = rehearsal.list();
  const broken = rehearsal.faults();
  const types = await typeFaults(directory);
  const loading = broken
    // What the compiler tells of the same place, or of a file that neither can read, is told better.
    .filter(
      ({ file, fault }) =>
        !types.some(
          (type) =>
            fault.startsWith(`${placeOf(type)} `) || (type.file === file && isOfSyntax(type)),
        ),
    )
    .map(({ file, fault, source }) => ({ file, text: fault, source: linesOf(source) }));
  const typed = types.map((type) => ({
    file: type.file,
    text: `${placeOf(type)} ${type.text}`,
    source: linesOf(sourceLine(type.written, type.line, type.column)),
  }));
  return {
    directory,
    files: new Set(views.map(({ file }) => file)).size,
    triggers: views.filter(({ state }) => state === "active").map(({ name }) => name),
    faults: [...typed, ...loading].sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0)),
    warnings: views.flatMap(({ name, file, detail }) => {
      const [, missing] = /there is no channel (.*)$/.exec(detail) ?? [];
      return missing === undefined
        ? []
        : [`${file}: ${name} names ${missing}, and there is no such channel`];
    }),
  };
}

function placeOf({ file, line, column }: { file: string; line: number; column: number }): string {
  return `${file}:${line}:${column}`;
}

function told({ files, triggers, faults, warnings }: CheckView): string {
  const found = `${count(files, "file")}, ${count(triggers.length, "trigger")}`;
  const lines = faults.flatMap(({ text, source }) => [text, ...source]);
  const end =
    faults.length === 0 ? `${found}: no fault.` : `${found}: ${count(faults.length, "fault")}.`;
  return [...lines, ...warnings.map((text) => `Warning: ${text}.`), end].join("\n");
}

function linesOf(source: string | undefined): readonly string[] {
  return source?.split("\n") ?? [];
}
