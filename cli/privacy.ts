import type { Command } from "commander";
import type { z } from "../src/config/schema.ts";
import { GatewayError } from "../src/model/error.ts";
import { confirm } from "./confirm.ts";
import { askForFlow, refusalIn } from "./gateway.ts";
import { linesOf } from "./lines.ts";
import { answer, count } from "./print.ts";
import { createProgress } from "./progress.ts";
import type { GlobalOptions } from "./settings.ts";
import { erasedShape, erasingShape } from "./views.ts";

/** `signalbox privacy …` */
export function addPrivacy(program: Command): void {
  const privacy = program.command("privacy").description("what is known about a person");
  privacy
    .command("erase")
    .description("erase a number and all texts from and to it; it cannot be undone")
    .argument("<number>", "the number, as `signalbox message list` shows it")
    .option("--yes", "do not ask")
    .action(async (number: string, own: { readonly yes?: true }, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      await confirm({
        warning: `Everything from and to ${number} will be erased, what still waits included.`,
        word: number,
        named: "the number",
        yes: own.yes === true,
      });
      const next = "Backups still hold it: make a new one and destroy the old ones.";
      answer(options, await erase(options, number), told, next);
    });
}

type Erased = z.infer<typeof erasedShape>;

function told({ erased: { messages, traces, reports } }: Erased): string {
  const sums = [count(messages, "message"), count(traces, "trace"), count(reports, "report")];
  return messages + traces + reports === 0
    ? "Nothing was known of it."
    : `Erased: ${sums.join(", ")}.`;
}

async function erase(options: GlobalOptions, number: string): Promise<Erased> {
  const call = { method: "POST", path: "/v1/erasures", body: { number } } as const;
  const chunks = await askForFlow(options, call);
  const progress = createProgress(options, { label: "Erasing", unit: "lives" });
  try {
    for await (const line of linesOf(chunks)) {
      const step = erasingShape.safeParse(line);
      if (step.success) progress.at(step.data.done, step.data.total);
      const end = erasedShape.safeParse(line);
      if (end.success) return end.data;
      const refused = refusalIn(line);
      if (refused !== undefined) throw refused;
    }
  } finally {
    progress.end();
  }
  // What was erased stays so; the rest is found again.
  throw new GatewayError("internal", "not all of it was erased; run the same command again");
}
