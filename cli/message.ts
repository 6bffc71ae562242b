import type { Command } from "commander";
import { Option } from "commander";
import { z } from "../src/config/schema.ts";
import { FOLLOWERS } from "../src/model/status.ts";
import type { MessageView } from "../src/model/view.ts";
import { duration, wholeNumber } from "./argument.ts";
import { momentMs } from "./moment.ts";
import { ask, segment } from "./gateway.ts";
import { answer, dateTime, paint, pairs, shortened, table } from "./print.ts";
import type { GlobalOptions } from "./settings.ts";
import { statusText } from "./status-text.ts";
import { stepLines, stepsOf } from "./steps.ts";
import { cancelledShape, messageShape, resentShape } from "./views.ts";

/** Messages that the gateway gives in one answer. */
const listMax = 1_000;

/** ms. Longer than any message is kept by default. */
const stuckMaxMs = 30 * 86_400_000;

/** Characters of an error in the list; a script may have written a long one. */
const errorCharactersMax = 40;

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
    .option("--to <number>", "only what was sent to this number")
    .option("--from <number>", "only what was sent from this number")
    .option("--since <time>", "only since then: 30m, 2h, 1d, a day or a moment", momentMs)
    .option("--channel <name>", "only on this channel")
    .option("--account <id>", "only of this account")
    .addOption(
      new Option("--status <status>", "only in this status").choices(Object.keys(FOLLOWERS)),
    )
    .addOption(
      new Option("--stuck [time]", "only what has been due or unreported for so long (10m)")
        .argParser(duration(1_000, stuckMaxMs))
        .conflicts(["uncertain", "unrouted"]),
    )
    .addOption(
      new Option("--uncertain", "only what a peer may have twice").conflicts(["stuck", "unrouted"]),
    )
    .addOption(
      new Option("--unrouted", "only what was accepted and never forwarded").conflicts([
        "stuck",
        "uncertain",
      ]),
    )
    .action(async (own: ListOptions, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const { all, limit, number, to, from, since: sinceMs, channel, account, status } = own;
      const asked = { all, limit, number, to, from, sinceMs, channel, account, status };
      const query = { ...asked, ...onlyOf(own) };
      const shape = z.array(messageShape);
      const newest = await ask(options, { method: "GET", path: "/v1/messages", query, shape });
      const messages = own.oldestFirst === true ? newest.toReversed() : newest;
      answer(options, messages, listed, nextFor(own, newest[0]));
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
    .command("resend")
    .description("send it again: one that ended, or one that may have been lost")
    .argument("<id>", "its id")
    .action(async (id: string, _own, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const path = `/v1/messages/${segment(id)}/resend`;
      const made = await ask(options, { method: "POST", path, shape: resentShape });
      const words = (one: typeof made) => `It goes out again as ${one.id}, over ${one.queue}.`;
      answer(options, made, words, `What comes of it: signalbox trace ${made.root} --follow`);
    });

  message
    .command("cancel")
    .description("end one that still waits; its sender is told")
    .argument("<id>", "its id")
    .action(async (id: string, _own, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const path = `/v1/messages/${segment(id)}/cancel`;
      const ended = await ask(options, { method: "POST", path, shape: cancelledShape });
      const words = (one: typeof ended) => `Message ${one.id} is ${statusText(one.status)}.`;
      answer(options, ended, words, `Its whole story: signalbox trace ${ended.id}`);
    });
}

interface ListOptions {
  readonly all?: boolean;
  readonly oldestFirst?: true;
  readonly limit: number;
  readonly number?: string;
  readonly to?: string;
  readonly from?: string;
  /** ms since 1970 UTC. */
  readonly since?: number;
  readonly channel?: string;
  readonly account?: string;
  readonly status?: string;
  /** ms, or true for what the gateway takes for long. */
  readonly stuck?: number | true;
  readonly uncertain?: true;
  readonly unrouted?: true;
}

/** What an operator looks for when something is wrong. */
function onlyOf({ stuck, uncertain, unrouted }: ListOptions): Record<string, string | number> {
  if (stuck !== undefined) return { only: "stuck", ...(stuck === true ? {} : { stuckMs: stuck }) };
  if (uncertain === true) return { only: "uncertain" };
  return unrouted === true ? { only: "unrouted" } : {};
}

function nextFor(own: ListOptions, first: MessageView | undefined): string {
  if (first === undefined)
    return Object.keys(onlyOf(own)).length > 0
      ? "The newest of all: signalbox message list"
      : "Send one: signalbox simulate esme --to +15551234567 --text Hello";
  const about = `All about one: signalbox trace ${first.root}`;
  const queue = own.stuck === undefined ? undefined : first.pending?.queue;
  return queue === undefined ? about : `${about}. Try at once: signalbox queue retry ${queue}`;
}

/** `FAILED (no_credit)`, `SENT, maybe twice` */
function stateText({ status, error, maybeTwice }: MessageView): string {
  const why = error === undefined ? "" : ` (${shortened(error, errorCharactersMax)})`;
  return statusText(status) + why + (maybeTwice ? paint("yellow", ", maybe twice") : "");
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
      stateText(one),
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
    ["data coding", [one.dataCoding, one.encoding].filter((part) => part !== undefined).join(", ")],
    [one.kind === "report" ? "says" : "text", contentOf(one)],
  ];
  if (one.part !== undefined) {
    const { number, total, reference, by } = one.part;
    rows.push(["part", `${number} of ${total}, reference ${reference} (${by})`]);
  }
  if (one.joined !== undefined) rows.push(["joined of", one.joined.join(", ")]);
  if (one.clientReference !== undefined) rows.push(["reference", one.clientReference]);
  if (one.reportAsked) rows.push(["report", "asked for"]);
  if (one.pending !== undefined) {
    const { queue, dueMs, tries } = one.pending;
    rows.push(["waits", `in ${queue}, due ${dateTime(dueMs)}, ${tries} tries so far`]);
  }
  if (one.maybeTwice) rows.push(["maybe twice", "it was in flight when a connection or we ended"]);
  return [pairs(rows), ...stepLines(stepsOf(one))].join("\n");
}

/** The text, or what stands there instead. */
export function contentOf(one: MessageView): string {
  if (one.report !== undefined) {
    const { state, error } = one.report;
    return error === "" ? `stat:${state}` : `stat:${state} err:${error}`;
  }
  return one.text ?? (one.kind === "bind" ? "" : "(not text)");
}
