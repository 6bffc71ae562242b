import { Command, CommanderError } from "commander";
import { exitCodes, tellError } from "./failure.ts";
import { addNouns } from "./nouns.ts";
import type { GlobalOptions } from "./settings.ts";

// The command line. Each noun is one file beside this one (nouns.ts); what they share is reaching the gateway
// (gateway.ts), printing (print.ts) and failing (failure.ts).

const program = new Command("signalbox")
  .description("A programmable SMS centre.")
  .option("--config <file>", "configuration file", "signalbox.yaml")
  .option("--json", "print one JSON value and nothing else")
  .addHelpText(
    "after",
    `
Exit codes:
  ${exitCodes.done}  done
  ${exitCodes.refused}  refused, not found, or failed
  ${exitCodes.wrongArguments}  wrong arguments
  ${exitCodes.notRunning}  no gateway is running
  ${exitCodes.configuration}  the configuration has faults
  ${exitCodes.unwell}  something is wrong with what runs (of status, load)

Try it:
  signalbox start
  signalbox simulate esme --to +15551234567 --text "Hello"
  signalbox trace +15551234567
  signalbox status`,
  );

await addNouns(program, process.argv.slice(2));
refuseQuietly(program);

// Whoever reads us may have had enough, as `head` has.
process.stdout.on("error", (cause: NodeJS.ErrnoException) => {
  process.exit(cause.code === "EPIPE" ? exitCodes.done : exitCodes.refused);
});

try {
  await program.parseAsync();
} catch (cause) {
  if (cause instanceof CommanderError)
    process.exitCode = cause.exitCode === 0 ? exitCodes.done : exitCodes.wrongArguments;
  // At once: a gateway that could not start may have left something open that would keep us here.
  else process.exit(tellError(cause, { json: program.opts<GlobalOptions>().json === true }));
}

/** Wrong arguments are one line of ours and an exit code of ours, for each command alike. */
function refuseQuietly(command: Command): void {
  command
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => {
        const what = text
          .replace(/^error: /, "")
          .trimEnd()
          .replaceAll("\n", " ");
        write(`signalbox: ${what.replace(/\.?$/, ".")} See \`${pathOf(command)} --help\`.\n`);
      },
    });
  for (const inner of command.commands) refuseQuietly(inner);
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}
