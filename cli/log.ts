import type { Command } from "commander";
import { Argument } from "commander";
import { z } from "../src/config/schema.ts";
import { levelForMsMax } from "../src/model/log.ts";
import type { LogLevelView } from "../src/model/view.ts";
import { duration } from "./argument.ts";
import { WrongArguments } from "./failure.ts";
import { ask } from "./gateway.ts";
import { answer, overdue, table } from "./print.ts";
import type { GlobalOptions } from "./settings.ts";
import { logLevelShape, logLevels } from "./views.ts";

const path = "/v1/log-levels";
const shape = z.array(logLevelShape);

/** `signalbox log …` */
export function addLog(program: Command): void {
  const log = program.command("log").description("what the gateway tells of itself");
  log
    .command("level")
    .description("show the levels, or set one for a while; it falls back by itself")
    .addArgument(new Argument("[level]", "what to tell from now on").choices(logLevels))
    .option("--channel <name>", "only of this channel")
    .option(
      "--for <time>",
      "for so long, like 10m or 2h (15m unless said)",
      duration(1_000, levelForMsMax),
    )
    .action(async (level: string | undefined, own: LevelOptions, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const { channel, for: forMs } = own;
      if (level === undefined) {
        if (forMs !== undefined) throw new WrongArguments("--for needs a level to set");
        const levels = await ask(options, { method: "GET", path, shape });
        const wanted = levels.filter((one) => channel === undefined || one.channel === channel);
        answer(options, wanted, listed, "See every PDU: signalbox log level pdu --channel <name>");
        return;
      }
      const body = { channel, level, forMs };
      const levels = await ask(options, { method: "PUT", path, body, shape });
      answer(options, levels, listed, "It is told on the gateway's standard error.");
    });
}

interface LevelOptions {
  readonly channel?: string;
  readonly for?: number;
}

function listed(levels: readonly LogLevelView[]): string {
  if (levels.length === 0) return "No level of its own: that of everything holds.";
  return table(
    ["what", "level", "falls back"],
    levels.map((one) => [
      one.channel ?? "everything",
      one.level,
      one.until === undefined ? "" : `to ${one.until.level} ${overdue(one.until.atMs)}`,
    ]),
  );
}
