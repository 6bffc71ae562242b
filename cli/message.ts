import type { Command } from "commander";
import { Option } from "commander";
import { z } from "../src/config/schema.ts";
import { FOLLOWERS } from "../src/model/status.ts";
import type { DeadLetterView, MessageView } from "../src/model/view.ts";
import { wholeNumber } from "./argument.ts";
import { ask, segment } from "./gateway.ts";
import { answer, dateTime, shortened, table } from "./print.ts";
import type { GlobalOptions } from "./settings.ts";
import { statusText } from "./status.ts";
import { stepLines, stepsOf } from "./steps.ts";
import { deadLetterShape, messageShape } from "./views.ts";

/** Messages that the gateway gives in one answer. */
const listMax = 1_000;

/** Characters of a text in the list; `message show` has all of it. */
const textCharactersMax = 40;

/** `signalbox message …` */
export function addMessage(program: Command): void {
  const message = program.command("message").description("messages and reports that were stored");

  message
    .command("list")
    .description("show the newest messages and reports, the newest first")
    .option("--all", "binds too")
    .option("--oldest-first", "turn the list round: what is newest stands at the end")
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
      const newest = await ask(options, { method: "GET", path: "/v1/messages", query, shape });
      const messages = own.oldestFirst === true ? newest.toReversed() : newest;
      const first = newest[0];
      const next =
        first === undefined
          ? "Send one: signalbox simulate esme --to +15551234567 --text Hello"
          : `All about one: signalbox trace ${first.root}`;
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

  message
    .command("dead")
    .description(
      "show what was given up: reports for nobody, statuses that no trigger could decide",
    )
    .action(async (_own, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const shape = z.array(deadLetterShape);
      const letters = await ask(options, { method: "GET", path: "/v1/dead-letters", shape });
      answer(options, letters, givenUp, "All of it as data: add --json");
    });
}

/** Characters of what a dead letter was; `--json` has all of it. */
const payloadCharactersMax = 200;

interface ListOptions {
  readonly all?: boolean;
  readonly oldestFirst?: true;
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

function givenUp(letters: readonly DeadLetterView[]): string {
  if (letters.length === 0) return "No dead letters.";
  return table(
    ["time", "what", "message", "why", "content"],
    letters.map((one) => [
      dateTime(one.atMs),
      one.kind,
      one.root ?? "",
      one.reason,
      shortened(one.payload, payloadCharactersMax),
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
    [one.kind === "report" ? "says" : "text", contentOf(one)],
  ];
  if (one.reportAsked) rows.push(["report", "asked for"]);
  if (one.pending !== undefined) {
    const { queue, dueMs, tries } = one.pending;
    rows.push(["waits", `in ${queue}, due ${dateTime(dueMs)}, ${tries} tries so far`]);
  }
  if (one.maybeTwice) rows.push(["maybe twice", "it was in flight when a connection or we ended"]);
  return [table(["", ""], rows).trim(), ...stepLines(stepsOf(one))].join("\n");
}

/** The text, or what stands there instead. */
export function contentOf(one: MessageView): string {
  if (one.report !== undefined) {
    const { state, error } = one.report;
    return error === "" ? `stat:${state}` : `stat:${state} err:${error}`;
  }
  return one.text ?? (one.kind === "bind" ? "" : "(not text)");
}
