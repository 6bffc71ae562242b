import type { Command } from "commander";
import { GatewayError } from "../src/model/error.ts";
import type { StatusView } from "../src/model/view.ts";
import { errorText, exitCodeOf, exitCodes, Unwell, WrongArguments } from "./failure.ts";
import { ask } from "./gateway.ts";
import { overview } from "./overview.ts";
import { answer, paint } from "./print.ts";
import type { GlobalOptions } from "./settings.ts";
import { statusShape } from "./views.ts";
import { visible } from "./visible.ts";
import { watch } from "./watch.ts";

/** ms. It is answered within a second even when the database hangs; longer than this it is unwell. */
const statusTimeoutMs = 5_000;

/** `signalbox status`: what an operator looks at first. */
export function addStatus(program: Command): void {
  program
    .command("status")
    .description(`the whole gateway at a glance; exit code ${exitCodes.unwell} when it is not well`)
    .option("--watch", "look again every 2 s, until Ctrl-C")
    .action(async (own: { readonly watch?: true }, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      if (own.watch === true) {
        if (options.json === true || !process.stdout.isTTY)
          throw new WrongArguments("--watch is for a person at a terminal");
        // At once: a look that is under way would keep us here.
        process.exit(await watch(() => frame(options)));
      }
      const status = await look(options);
      answer(options, status, overview, nextFor(status));
      process.exitCode = codeOf(status);
    });
}

async function look(options: GlobalOptions): Promise<StatusView> {
  const timeoutMs = statusTimeoutMs;
  try {
    return await ask(options, { method: "GET", path: "/v1/status", timeoutMs, shape: statusShape });
  } catch (cause) {
    throw cause instanceof GatewayError && isItsFault(cause) ? new Unwell(cause) : cause;
  }
}

function isItsFault({ code, entry }: GatewayError): boolean {
  return entry.fault === "us" || code === "database_unreachable";
}

/** One look of many: a gateway that is away may come back, so it is told and not an end. */
async function frame(options: GlobalOptions) {
  try {
    const status = await look(options);
    return { text: overview(visible(status)), exitCode: codeOf(status) };
  } catch (cause) {
    return { text: paint("red", errorText(cause)), exitCode: exitCodeOf(cause) };
  }
}

function codeOf({ well }: StatusView): number {
  return well ? exitCodes.done : exitCodes.unwell;
}

function nextFor({ well }: StatusView): string {
  return well
    ? "Stay with it: signalbox status --watch"
    : "What to do: docs/operations.md, At 3 am";
}
