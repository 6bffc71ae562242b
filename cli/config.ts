import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { jsonSchema } from "../src/config/document.ts";
import { redacted, redactedText } from "../src/config/redacted.ts";
import { z } from "../src/config/schema.ts";
import type { ConfigVersionView } from "../src/model/view.ts";
import { wholeNumber } from "./argument.ts";
import { planText, tellFailed } from "./config-plan.ts";
import { WrongArguments } from "./failure.ts";
import { type Call, ask } from "./gateway.ts";
import { answer, dateTime, table } from "./print.ts";
import { type GlobalOptions, readSettings } from "./settings.ts";
import { configPlanShape, configVersionShape } from "./views.ts";

/** ms. Channels that are made anew wait for the answers of their peers, all together for `drainMs`. */
const changeTimeoutMs = 120_000;

/** `signalbox config …`; check, show and schema need no gateway. */
export function addConfig(program: Command): void {
  const config = program.command("config").description("the configuration file");
  addReading(config);
  addChanging(config);
}

function addChanging(config: Command): void {
  config
    .command("plan")
    .description("tell what would change if this file were in force")
    .argument("[file]", "another file; the configuration file itself when left out")
    .action(async (file: string | undefined, _own, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const body = { text: textOf(file ?? options.config) };
      const call = { method: "POST", path: "/v1/config/plan", body } as const;
      const plan = await ask(options, { ...call, shape: configPlanShape });
      const next = plan.changes.length === 0 ? undefined : `Do it: signalbox config apply`;
      answer(options, plan, planText, file === undefined ? next : next && `${next} ${file}`);
    });

  config
    .command("apply")
    .description("bring this file into force: it becomes the configuration file")
    .argument("[file]", "another file; the configuration file itself when left out")
    .action(async (file: string | undefined, _own, command: Command) => {
      const body = { text: textOf(file ?? command.optsWithGlobals<GlobalOptions>().config) };
      await change({ method: "PUT", path: "/v1/config", body }, command);
    });

  config
    .command("history")
    .description("list the versions that were in force")
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const shape = z.array(configVersionShape);
      const call = { method: "GET", path: "/v1/config/versions", shape } as const;
      answer(options, await ask(options, call), versionsText, "Go back: signalbox config rollback");
    });

  config
    .command("rollback")
    .description("make the file what it was, and bring that into force")
    .argument("[version]", "of the history; the one before the present one when left out", version)
    .action(async (number: number | undefined, _own, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const to = number ?? (await versionBefore(options));
      await change({ method: "POST", path: `/v1/config/versions/${to}/restore` }, command);
    });
}

/** Tells what a change of the configuration has done; also of `channel set`. */
export async function change(call: Call, command: Command): Promise<void> {
  const options = command.optsWithGlobals<GlobalOptions>();
  const asked = { timeoutMs: changeTimeoutMs, ...call, shape: configPlanShape };
  const plan = await ask(options, asked);
  const words = () => `${planText(plan)}\nVersion ${plan.version} is in force.`;
  answer(options, plan, words, "How it does: signalbox status");
  tellFailed(plan);
}

const version = wholeNumber(1, 999_999_999);

async function versionBefore(options: GlobalOptions): Promise<number> {
  const shape = z.array(configVersionShape);
  const [, before] = await ask(options, { method: "GET", path: "/v1/config/versions", shape });
  if (before !== undefined) return before.number;
  throw new WrongArguments("there is no version before the present one");
}

function versionsText(versions: readonly ConfigVersionView[]): string {
  const rows = versions.map(({ number, atMs, by }, at) => [
    number,
    dateTime(atMs),
    by,
    at === 0 ? "in force" : "",
  ]);
  return table(["version", "since", "by", ""], rows);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WrongArguments(`${file} cannot be read: ${why}`);
  }
}

function addReading(config: Command): void {
  config
    .command("check")
    .description("tell all faults of the configuration, without starting")
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const channels = Object.keys((await readSettings(options)).channels);
      const value = { file: options.config, faults: [], channels };
      const words = () => `${options.config} is right; channels: ${channels.join(", ") || "none"}.`;
      answer(options, value, words, "Start with it: signalbox start");
    });

  config
    .command("show")
    .description("show what is in force: the file, the environment and the defaults together")
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const settings = await readSettings(options);
      const { settingsSchema } = await import("../src/settings.ts");
      const words = () => redactedText(settings, settingsSchema).trimEnd();
      answer(options, redacted(settings, settingsSchema), words);
    });

  config
    .command("schema")
    .description("print the JSON Schema of the file, for editors that complete and check it")
    .action(async () => {
      const { settingsSchema } = await import("../src/settings.ts");
      const schema = jsonSchema(settingsSchema, "signalbox.yaml");
      process.stdout.write(`${JSON.stringify(schema, null, 2)}\n`);
    });
}
