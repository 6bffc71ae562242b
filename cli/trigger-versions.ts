import type { Command } from "commander";
import { z } from "../src/config/schema.ts";
import type { TriggerVersionText, TriggerVersionView, TriggerView } from "../src/model/view.ts";
import { wholeNumber } from "./argument.ts";
import { WrongArguments } from "./failure.ts";
import { ask, segment } from "./gateway.ts";
import { age, answer, table } from "./print.ts";
import type { GlobalOptions } from "./settings.ts";
import { share } from "./trigger-share.ts";
import { listed } from "./trigger-list.ts";
import { triggerShape, triggerTextShape, triggerVersionShape } from "./views.ts";
import { visible } from "./visible.ts";

/** A million saves; more is a slip. */
const versionsMax = 1_000_000;

const what = "a trigger, or its file";

/** `signalbox trigger versions`, `show`, `rollback`, `canary` and what else is settled of a trigger. */
export function addTriggerVersions(trigger: Command): void {
  trigger
    .command("versions")
    .description("show which versions of a file are kept")
    .argument("<name>", what)
    .action(async (name: string, _own, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const shape = z.array(triggerVersionShape);
      const versions = await ask(options, { method: "GET", path: pathOf(name, "versions"), shape });
      const next = `One of them: signalbox trigger show ${name} --version <n>. Back to it: signalbox trigger rollback ${name} --to <n>`;
      answer(options, versions, versionsListed, next);
    });

  trigger
    .command("show")
    .description("print the text of a version, with all that it imports")
    .argument("<name>", what)
    .option("--version <n>", "which one; the one that runs when left out", version)
    .action(async (name: string, own: { version?: number }, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const query = own.version === undefined ? "" : `?version=${own.version}`;
      const path = pathOf(name, `source${query}`);
      const shown = await ask(options, { method: "GET", path, shape: triggerTextShape });
      const lines = { ...shown, texts: shown.texts.map(linesOf) };
      answer(
        options,
        options.json === true ? shown : lines,
        () => textsShown(visible(lines)),
        `All versions: signalbox trigger versions ${name}`,
      );
    });

  trigger
    .command("rollback")
    .description("run an older version for all, whatever the folder has; kept over a restart")
    .argument("<name>", what)
    .option("--to <n>", "the version; the one before when left out", version)
    .option("--undo", "run what the folder has again")
    .action(async (name: string, own: { to?: number; undo?: true }, command: Command) => {
      if (own.to !== undefined && own.undo === true)
        throw new WrongArguments("either --to or --undo, not both");
      const next =
        own.undo === true
          ? `What ran before: signalbox trigger versions ${name}`
          : `It stays so until the file changes. Back: signalbox trigger rollback ${name} --undo`;
      await settle(command, { path: pathOf(name, "rollback"), body: own, next });
    });

  for (const [verb, { description, next }] of Object.entries(VERBS))
    trigger
      .command(verb)
      .description(description)
      .argument("<name>", what)
      .action((name: string, _own, command: Command) =>
        settle(command, { path: pathOf(name, verb), body: undefined, next: next(name) }),
      );

  trigger
    .command("canary")
    .description("let only some customers have the next saved version, or one that is kept")
    .argument("<name>", what)
    .option("--share <percent>", "share of the accounts, or of the senders without one", share)
    .option("--account <name...>", "these accounts")
    .option("--version <n>", "a version that is kept; the next one saved when left out", version)
    .option("--off", "nobody has it any more; the version before it runs for all")
    .action(async (name: string, own: CanaryOptions, command: Command) => {
      const { account: accounts, off, ...wanted } = own;
      const given = [own.share, accounts, off].filter((one) => one !== undefined);
      if (given.length !== 1) throw new WrongArguments("one of --share, --account and --off");
      const path = pathOf(name, "canary");
      if (off === true) {
        if (own.version !== undefined) throw new WrongArguments("--off takes no --version");
        const next = `The folder's version for all: signalbox trigger rollback ${name} --undo`;
        await settle(command, { method: "DELETE", path, body: undefined, next });
        return;
      }
      const body = accounts === undefined ? wanted : { ...wanted, accounts };
      const next = `How it does: signalbox trigger list. For all: signalbox trigger promote ${name}`;
      await settle(command, { path, body, next });
    });
}

interface CanaryOptions {
  readonly share?: number;
  readonly account?: readonly string[];
  readonly version?: number;
  readonly off?: true;
}

/** What needs no further words; each is kept over a restart. */
const VERBS: Readonly<
  Record<string, { readonly description: string; readonly next: (name: string) => string }>
> = {
  disable: {
    description: "never run a trigger, whatever becomes of its file; that is no fault",
    next: (name) => `Back: signalbox trigger enable ${name}`,
  },
  enable: {
    description: "run a trigger again that was disabled",
    next: () => "How it does: signalbox trigger list",
  },
  release: {
    description: "end a quarantine now; the version that runs is loaded anew",
    next: () => "Whether it comes back: signalbox trigger list",
  },
  promote: {
    description: "run the version of a canary for all",
    next: (name) => `Back: signalbox trigger rollback ${name}`,
  },
};

async function settle(
  command: Command,
  call: {
    readonly method?: "DELETE";
    readonly path: string;
    readonly body: unknown;
    readonly next: string;
  },
): Promise<void> {
  const options = command.optsWithGlobals<GlobalOptions>();
  const { method = "POST", path, body, next } = call;
  const shape = z.array(triggerShape);
  const settled = { method, path, ...(body === undefined ? {} : { body }), shape } as const;
  const triggers: readonly TriggerView[] = await ask(options, settled);
  answer(options, triggers, listed, next);
}

function version(text: string): number {
  return wholeNumber(1, versionsMax)(text);
}

function pathOf(name: string, rest: string): string {
  return `/v1/triggers/${segment(name)}/${rest}`;
}

function versionsListed(versions: readonly TriggerVersionView[]): string {
  if (versions.length === 0) return "No version is kept.";
  return table(
    ["version", "runs for", "age", "by", "hash", "file"],
    versions.map((one) => [one.version, one.runs, age(one.atMs), one.by, one.hash, one.file]),
  );
}

/** A line each, so that what ends them is not written out as if somebody meant to steer the terminal. */
interface Lines {
  readonly path: string;
  readonly lines: readonly string[];
}

function linesOf({ path, text }: TriggerVersionText["texts"][number]): Lines {
  return { path, lines: text.trimEnd().replaceAll("\t", "  ").split(/\r?\n/) };
}

function textsShown({
  file,
  version,
  texts,
  runs,
  by,
}: Omit<TriggerVersionText, "texts"> & { readonly texts: readonly Lines[] }): string {
  const head = `// ${file}, version ${version}, by ${by}, runs for ${runs}`;
  const [first, ...others] = texts;
  const parts = others.map(({ path, lines }) => `// ${path}\n${lines.join("\n")}`);
  return [head, first?.lines.join("\n") ?? "", ...parts].join("\n\n");
}
