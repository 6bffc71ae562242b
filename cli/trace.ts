import type { Command } from "commander";
import { z } from "../src/config/schema.ts";
import type { LifeView, MessageView } from "../src/model/view.ts";
import { ask, segment } from "./gateway.ts";
import { contentOf } from "./message.ts";
import { answer, dateTime, paint } from "./print.ts";
import type { GlobalOptions } from "./settings.ts";
import { statusText } from "./status.ts";
import { stepsOf } from "./steps.ts";
import { lifeShape } from "./views.ts";

/** `signalbox trace <id>` */
export function addTrace(program: Command): void {
  program
    .command("trace")
    .description("tell the story of a message: what came in, what was decided, what went out")
    .argument("<id>", "its id, a provider's id, or a phone number")
    .option("--oldest-first", "begin with the original; else the newest entry is on top")
    .action(async (key: string, own: { readonly oldestFirst?: true }, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const path = `/v1/lives/${segment(key)}`;
      const lives = await ask(options, { method: "GET", path, shape: z.array(lifeShape) });
      const tell = (all: readonly LifeView[]) =>
        all.map((life) => story(life, own.oldestFirst === true)).join("\n\n");
      const words = (all: readonly LifeView[]) =>
        all.length === 0 ? "Nothing is known of it." : tell(all);
      answer(options, lives, words, "As data: add --json. Others: signalbox message list");
    });
}

function story(life: LifeView, oldestFirst: boolean): string {
  const count = life.entries.length === 1 ? "1 entry" : `${life.entries.length} entries`;
  const order = life.entries.length < 2 ? "" : oldestFirst ? ", oldest first" : ", newest first";
  const error = life.error === undefined ? "" : ` (${life.error})`;
  const head = `${paint("bold", life.root)}  ${statusText(life.status)}${error}  ${count}${order}`;
  const numbered = life.entries.map((entry, index) => chapter(entry, index + 1));
  return [head, ...(oldestFirst ? numbered : numbered.toReversed())].join("\n");
}

/** Entries keep the number of their age, whichever way they are listed. */
function chapter(entry: MessageView, number: number): string {
  const account = entry.account === undefined ? "" : `  account ${entry.account}`;
  const content = contentOf(entry);
  const lines = [
    "",
    `${paint("bold", `${number}. ${entry.kind} ${entry.direction}`)}  ${entry.channel}${account}  ` +
      `${entry.from} → ${entry.to}  ${statusText(entry.status)}` +
      (entry.error === undefined ? "" : ` (${entry.error})`),
    `  ${dateTime(entry.atMs)}  ${entry.id}`,
  ];
  if (content !== "") lines.push(`  "${content}"`);
  lines.push(...stepsOf(entry));
  if (entry.pending !== undefined) {
    const { queue, dueMs, tries } = entry.pending;
    lines.push(`  waits in ${queue}, due ${dateTime(dueMs)}, ${tries} tries so far`);
  }
  if (entry.maybeTwice)
    lines.push(
      paint(
        "yellow",
        "  maybe sent twice: it was in flight when a connection or the gateway ended",
      ),
    );
  return lines.join("\n");
}
