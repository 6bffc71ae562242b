import { resolve } from "node:path";
import type { Command } from "commander";
import type { Running } from "../src/main.ts";
import type { Settings } from "../src/settings.ts";
import { exitCodes } from "./failure.ts";
import { answer, table } from "./print.ts";
import { signalled } from "./signalled.ts";
import { baseOf, type GlobalOptions, readSettings } from "./settings.ts";

/** `signalbox start`: runs the gateway in this process until a signal ends it. */
export function addStart(program: Command): void {
  program
    .command("start")
    .description("run the gateway until Ctrl-C")
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const settings = await readSettings(options);
      const asked = signalled();
      // Only here, so that every other command answers without loading the gateway.
      const { start } = await import("../src/main.ts");
      const running = await start(settings, {
        base: baseOf(options.config),
        file: resolve(options.config),
      });
      answer(
        options,
        viewOf(running),
        () => told(running, settings),
        "Ctrl-C ends it in good order.",
      );

      await asked;
      await running.stop();
      process.exit(exitCodes.done);
    });
}

function viewOf(running: Running) {
  const channels = [...running.channels.values()].map((channel) => ({
    ...channel.view(),
    ports: channel.ports(),
  }));
  return { channels };
}

/** What listens where, and what to try first. */
function told(running: Running, settings: Settings): string {
  const rows = [...running.channels.values()].map((channel) => {
    const { name, type, detail } = channel.view();
    return [name, type, detail];
  });
  const { simulator } = running;
  if (simulator !== undefined)
    rows.push(["", "simulator", `a provider to try with, on ${simulator.host}:${simulator.port}`]);
  const server = [...running.channels.values()].find((channel) => channel.ports().length > 0);
  const port = server?.ports()[0];
  const elsewhere = port === undefined || port === 2775 ? "" : ` --port ${port}`;
  const password = settings.example ? "" : " --system-id <account> --password -";
  return [
    "Signalbox runs.",
    "",
    table(["channel", "type", ""], rows),
    "",
    "Try, in another terminal:",
    `  npx signalbox simulate esme${elsewhere}${password} --to +15551234567 --text "Hello"`,
    "  npx signalbox message list",
    "  npx signalbox trace +15551234567",
  ].join("\n");
}
