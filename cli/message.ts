import type { Command } from "commander";
import { Option } from "commander";
import { z } from "../src/config/schema.ts";
import { FOLLOWERS } from "../src/model/status.ts";
import type { MessageView } from "../src/model/view.ts";
import { wholeNumber } from "./argument.ts";
import { ask, segment } from "./gateway.ts";
import { answer, dateTime, shortened, table } from "./print.ts";
import type { GlobalOptions } from "./settings.ts";
import { statusText } from "./status.ts";
import { stepsOf } from "./steps.ts";
import { messageShape } from "./views.ts";

/** Messages that the gateway gives in one answer. */
const listMax = 1_000;

/** Characters of a text in the list; `message show` has all of it. */
const textCharactersMax = 40;

/** `signalbox message …` */
export function addMessage(program: Command): void {
  const message = program.command("message").description("messages and reports that were stored");

  message
    .command("list")
    .description("show the newest messages")
    .option("--all", "binds too")
    .option("--limit <number>", "at most so many", wholeNumber(1, listMax), 20)
    .option("--number <number>", "only from or to this number")
    .option("--channel <name>", "only on this channel")
    .option("--account <id>", "only of this account")
    .addOption(
      new Option("--status <status>", "only in this status").choices(Object.keys(FOLLOWERS)),
    )
    .action(async (own: ListOptions, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const { all, limit, number, channel, account, status } = own;
      const query = { all, limit, number, channel, account, status };
      const shape = z.array(messageShape);
      const messages = await ask(options, { method: "GET", path: "/v1/messages", query, shape });
      const first = messages[0];
      const next =
        first === undefined
          ? "Send one: signalbox simulate esme --to +15551234567 --text Hello"
          : `All about one: signalbox trace ${first.id}`;
      answer(options, messages, listed, next);
    });

  message
    .command("show")
    .description("show all of one message")
    .argument("<id>", "its id")
    .action(async (id: string, _own, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const path = `/v1/messages/${segment(id)}`;
      const found = await ask(options, { method: "GET", path, shape: messageShape });
      const next = `What came of it: signalbox trace ${found.root}`;
      answer(options, found, detailed, next);
    });
}

interface ListOptions {
  readonly all?: boolean;
  readonly limit: number;
  readonly number?: string;
  readonly channel?: string;
  readonly account?: string;
  readonly status?: string;
}

function listed(messages: readonly MessageView[]): string {
  if (messages.length === 0) return "No messages.";
  return table(
    ["id", "time", "what", "channel", "account", "from", "to", "status", "text"],
    messages.map((one) => [
      one.id,
      dateTime(one.atMs),
      `${one.kind} ${one.direction}`,
      one.channel,
      one.account ?? "",
      one.from,
      one.to,
      statusText(one.status),
      shortened(contentOf(one), textCharactersMax),
    ]),
  );
}

function detailed(one: MessageView): string {
  const rows: [string, string][] = [
    ["id", one.id],
    ["original", one.root === one.id ? "itself" : one.root],
    ["time", dateTime(one.atMs)],
    ["what", `${one.kind} ${one.direction}`],
    ["channel", one.channel],
    ["account", one.account ?? "none"],
    ["from", one.from],
    ["to", one.to],
    ["status", statusText(one.status) + (one.error === undefined ? "" : ` (${one.error})`)],
    ["data coding", String(one.dataCoding)],
    ["text", contentOf(one)],
  ];
  if (one.pending !== undefined) {
    const { queue, dueMs, tries } = one.pending;
    rows.push(["waits", `in ${queue}, due ${dateTime(dueMs)}, ${tries} tries so far`]);
  }
  if (one.maybeTwice) rows.push(["maybe twice", "it was in flight when a connection or we ended"]);
  return [table(["", ""], rows).trim(), ...stepsOf(one)].join("\n");
}

/** The text, or what stands there instead. */
export function contentOf(one: MessageView): string {
  return one.text ?? (one.kind === "bind" ? "" : "(not text)");
}
