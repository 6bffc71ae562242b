import type { Command } from "commander";
import { z } from "../src/config/schema.ts";
import type { QueueView } from "../src/model/view.ts";
import { confirm } from "./confirm.ts";
import { ask, segment } from "./gateway.ts";
import { answer, count, overdue, table } from "./print.ts";
import type { GlobalOptions } from "./settings.ts";
import { queueShape, rowsShape } from "./views.ts";

/** ms. Every row is ended in a transaction, and a queue may hold a million. */
const wholeQueueTimeoutMs = 600_000;

/** `signalbox queue …` */
export function addQueue(program: Command): void {
  const queue = program.command("queue").description("what waits to go out");
  queue
    .command("list")
    .description("show every queue: a provider's, or one customer's on the channel he binds to")
    .action(async (_own, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const queues = await queuesOf(options);
      answer(options, queues, listed, "What waits in them: signalbox message list --stuck");
    });

  queue
    .command("retry")
    .description("try all that wait at once, and not only when their time has come")
    .argument("<queue>", QUEUE)
    .action(async (name: string, _own, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const done = await change(options, name, "retry");
      const words = ({ rows }: Rows) =>
        rows === 0
          ? `Nothing in ${name} had to wait for its time.`
          : `${count(rows, "message")} of ${name} had to wait, and ${be(rows)} due now.`;
      answer(options, done, words, "How it goes: signalbox queue list");
    });

  queue
    .command("move")
    .description("let all that wait go another way; what is in flight stays")
    .argument("<queue>", QUEUE)
    .argument("<to>", "where they go from now on: a channel, or CHANNEL/account")
    .action(async (name: string, to: string, _own, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const done = await change(options, name, "move", { to });
      const words = ({ rows }: Rows) =>
        `${count(rows, "message")} of ${name} ${be(rows)} moved to ${to}.`;
      answer(options, done, words, "How it goes: signalbox queue list");
    });

  queue
    .command("drop")
    .description("cancel all that wait; their senders are told, and it cannot be undone")
    .argument("<queue>", QUEUE)
    .option("--yes", "do not ask")
    .action(async (name: string, own: { readonly yes?: true }, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const yes = own.yes === true;
      await confirm({
        warning: await lossOf(options, name, yes),
        word: name,
        named: "the name of the queue",
        yes,
      });
      const done = await change(options, name, "drop");
      const words = ({ rows }: Rows) =>
        `${count(rows, "message")} of ${name} ${be(rows)} cancelled.`;
      answer(options, done, words, "Which: signalbox message list --status CANCELLED");
    });
}

/** How many messages something was done to. */
type Rows = z.infer<typeof rowsShape>;

const QUEUE = "its name, as `signalbox queue list` shows it";

function queuesOf(options: GlobalOptions): Promise<QueueView[]> {
  return ask(options, { method: "GET", path: "/v1/queues", shape: z.array(queueShape) });
}

function change(
  options: GlobalOptions,
  name: string,
  verb: "retry" | "move" | "drop",
  body?: { readonly to: string },
): Promise<Rows> {
  const path = `/v1/queues/${segment(name)}/${verb}`;
  const timeoutMs = wholeQueueTimeoutMs;
  return ask(options, { method: "POST", path, body, timeoutMs, shape: rowsShape });
}

/** What the person is asked about; whoever says yes beforehand is not told. */
async function lossOf(options: GlobalOptions, name: string, yes: boolean): Promise<string> {
  if (yes || !process.stdin.isTTY) return `All that waits in ${name} will be cancelled.`;
  const queue = (await queuesOf(options)).find((one) => one.name === name);
  return `${count(queue?.rows ?? 0, "message")} in ${name} will be cancelled.`;
}

function be(rows: number): string {
  return rows === 1 ? "is" : "are";
}

function listed(queues: readonly QueueView[]): string {
  if (queues.length === 0) return "No queues.";
  return table(
    ["queue", "waiting", "oldest", "in flight", "uncertain"],
    queues.map((one) => [
      one.name,
      one.rows,
      overdue(one.oldestDueMs),
      one.inFlight,
      one.uncertain,
    ]),
  );
}
