import { setTimeout as pause } from "node:timers/promises";
import type { Command } from "commander";
import { z } from "../src/config/schema.ts";
import type { LifeView } from "../src/model/view.ts";
import { createFollower, isOver } from "./follow.ts";
import { ask, segment } from "./gateway.ts";
import { answer, suggest } from "./print.ts";
import type { GlobalOptions } from "./settings.ts";
import { story } from "./story.ts";
import { addTraceExport } from "./trace-export.ts";
import { lifeShape } from "./views.ts";
import { visible } from "./visible.ts";

/** How often `--follow` looks: what a person takes for at once, and nothing for the database. */
const followMs = 500;

interface TraceOptions {
  readonly oldestFirst?: true;
  readonly follow?: true;
}

/** `signalbox trace <id>` */
export function addTrace(program: Command): void {
  const trace = program
    .command("trace")
    .description("tell the story of a message: what came in, what was decided, what went out")
    .argument("<id>", "its id, a provider's id, or a phone number")
    .option("--oldest-first", "begin with the original; else the newest entry is on top")
    .option("--follow", "tell the newest one while it happens, until nothing more can; Ctrl-C ends")
    .action(async (key: string, own: TraceOptions, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const oldestFirst = own.oldestFirst === true;
      const lives = own.follow === true ? await follow(options, key) : await look(options, key);
      // What was followed has been told already; as data it is told once, when it is over.
      if (own.follow === true && options.json !== true) return;
      const tell = (all: readonly LifeView[]) =>
        all.map((life) => story(life, oldestFirst)).join("\n\n");
      const words = (all: readonly LifeView[]) =>
        all.length === 0 ? "Nothing is known of it." : tell(all);
      answer(options, lives, words, "As data: add --json. Others: signalbox message list");
    });
  addTraceExport(trace);
}

function look(options: GlobalOptions, key: string): Promise<LifeView[]> {
  const path = `/v1/lives/${segment(key)}`;
  return ask(options, { method: "GET", path, shape: z.array(lifeShape) });
}

/** Tells the newest life of that key, and gives it once it is over. */
async function follow(options: GlobalOptions, key: string): Promise<LifeView[]> {
  const follower = createFollower();
  // A number may get a new life meanwhile; this one is stayed with.
  let own = key;
  for (;;) {
    const [life] = await look(options, own);
    if (life === undefined) return [];
    own = life.root;
    const lines = options.json === true ? [] : follower.news(visible(life));
    if (lines.length > 0) process.stdout.write(`${lines.join("\n")}\n`);
    if (isOver(life)) {
      suggest(`Nothing more is expected. Newest first: signalbox trace ${life.root}`);
      return [life];
    }
    await pause(followMs);
  }
}
