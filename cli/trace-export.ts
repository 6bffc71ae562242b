import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { eventFileText, type RecordedEvent } from "../src/trigger/event-file.ts";
import { Refused } from "./failure.ts";
import { answer, count, suggest } from "./print.ts";
import { recordedEvents } from "./recorded-events.ts";
import type { GlobalOptions } from "./settings.ts";

/** `signalbox trace export <id>` */
export function addTraceExport(trace: Command): void {
  trace
    .command("export")
    .description("write the events of a life as a file, for `trigger replay` and `trigger run`")
    .argument("<id>", "its id, a provider's id, or a phone number")
    .option("--to <file>", "which must not be there yet; else it is printed")
    .action(async (key: string, { to }: { readonly to?: string }, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const events: RecordedEvent[] = [];
      for await (const event of recordedEvents(options, { message: key })) events.push(event);
      const text = `${JSON.stringify(
        events.map((event): unknown => JSON.parse(eventFileText(event))),
        null,
        2,
      )}\n`;
      const next = `Decide them again: signalbox trigger replay --file ${to ?? "<file>"}`;
      if (to === undefined) {
        process.stdout.write(text);
        suggest(next);
        return;
      }
      await written(to, text);
      const view = { file: to, events: events.length };
      answer(options, view, () => `${to}: ${count(events.length, "event")}.`, next);
    });
}

async function written(file: string, text: string): Promise<void> {
  try {
    // It holds texts and numbers, so it is for nobody else.
    await writeFile(file, text, { flag: "wx", mode: 0o600 });
  } catch (cause) {
    const isThere = cause instanceof Error && "code" in cause && cause.code === "EEXIST";
    const why = isThere ? "is there already" : "cannot be written";
    throw new Refused(`${file} ${why}`, "Name another file with --to.", { cause });
  }
}
