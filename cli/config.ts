import type { Command } from "commander";
import { jsonSchema } from "../src/config/document.ts";
import { redacted, redactedText } from "../src/config/redacted.ts";
import { settingsSchema } from "../src/settings.ts";
import { answer } from "./print.ts";
import { type GlobalOptions, readSettings } from "./settings.ts";

/** `signalbox config …`; needs no gateway. */
export function addConfig(program: Command): void {
  const config = program.command("config").description("the configuration file");

  config
    .command("check")
    .description("tell all faults of the configuration, without starting")
    .action((_options, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const channels = Object.keys(readSettings(options).channels);
      const value = { file: options.config, faults: [], channels };
      const words = () => `${options.config} is right; channels: ${channels.join(", ") || "none"}.`;
      answer(options, value, words, "Start with it: signalbox start");
    });

  config
    .command("show")
    .description("show what is in force: the file, the environment and the defaults together")
    .action((_options, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const settings = readSettings(options);
      const words = () => redactedText(settings, settingsSchema).trimEnd();
      answer(options, redacted(settings, settingsSchema), words);
    });

  config
    .command("schema")
    .description("print the JSON Schema of the file, for editors that complete and check it")
    .action(() => {
      const schema = jsonSchema(settingsSchema, "signalbox.yaml");
      process.stdout.write(`${JSON.stringify(schema, null, 2)}\n`);
    });
}
