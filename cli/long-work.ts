import { GatewayError } from "../src/model/error.ts";
import { type Call, askForFlow, refusalIn } from "./gateway.ts";
import { linesOf } from "./lines.ts";
import type { Progress } from "./progress.ts";
import type { GlobalOptions } from "./settings.ts";

/**
 * Asks for what takes its time and gives its last line, as `end` reads it; each line before is handed
 * on. Rejects with what the gateway refuses, at once or in the middle.
 */
export async function askAtLength<T>(
  options: GlobalOptions,
  call: Call,
  told: {
    readonly step: (line: unknown) => void;
    /** undefined: it is not the last one. */
    readonly end: (line: unknown) => T | undefined;
    readonly progress: Progress;
  },
): Promise<T> {
  const chunks = await askForFlow(options, call);
  try {
    for await (const line of linesOf(chunks)) {
      const end = told.end(line);
      if (end !== undefined) return end;
      const refused = refusalIn(line);
      if (refused !== undefined) throw refused;
      told.step(line);
    }
  } finally {
    told.progress.end();
  }
  throw new GatewayError("internal", "the gateway broke off in the middle; run the command again");
}
