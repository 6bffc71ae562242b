import { readFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { type Command, Option } from "commander";
import type { RecordedEvent } from "../src/trigger/event-file.ts";
import type { HostFunctions } from "../src/trigger/engine.ts";
import type { DryRun } from "../src/trigger/dry-run.ts";
import { assignments } from "./argument.ts";
import { exitCodes, Refused, WrongArguments } from "./failure.ts";
import { answer, pairs } from "./print.ts";
import { recordedEvents } from "./recorded-events.ts";
import type { GlobalOptions } from "./settings.ts";
import { triggerFolder } from "./trigger-folder.ts";

const KINDS = [
  "bind",
  "message",
  "report",
  "status",
  "session",
  "channel",
  "account",
  "schedule",
] as const;

interface RunOptions {
  readonly event?: string;
  readonly kind: (typeof KINDS)[number];
  readonly to?: string;
  readonly from?: string;
  readonly text?: string;
  readonly channel?: string;
  readonly account?: string;
  readonly field?: Readonly<Record<string, string>>;
  readonly answer?: Readonly<Record<string, string>>;
  readonly folder?: string;
}

/** `signalbox trigger run` */
export function addTriggerRun(trigger: Command): void {
  trigger
    .command("run")
    .description(
      "run the triggers of one file for an event, and print what they decide: nothing is done",
    )
    .argument("<file>", "such as stop.ts")
    .option(
      "--event <file or id>",
      "a file of `trace export`, or the id of a message; else one is made up",
    )
    .addOption(
      new Option("--kind <kind>", "of the made-up event").choices(KINDS).default("message"),
    )
    .option("--to <number>", "of the made-up event, like the options below")
    .option("--from <number>")
    .option("--text <text>")
    .option("--channel <name>")
    .option("--account <id>")
    .option(
      "--field <name=value>",
      "any other field by its name in the SDK, JSON or a text",
      assignments,
    )
    .option(
      "--answer <call=json>",
      'what a host call is answered, such as db.query=[{"n":1}]',
      assignments,
    )
    .option("--folder <directory>", "of the triggers; else that of the configuration")
    .action(async (file: string, own: RunOptions, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const { dryRun } = await import("../src/trigger/dry-run.ts");
      const place = await placeOf(file, options, own);
      const event = await eventOf(options, own);
      const view = await dryRun({ ...place, event, answers: answersOf(own.answer ?? {}) });
      answer(options, view, told, "What it did with all recent messages: signalbox trigger replay");
      if (view.outcome.verdict === "undecided") process.exitCode = exitCodes.refused;
    });
}

/** A name with a path lies where it says, one without in the trigger folder. */
async function placeOf(
  file: string,
  options: GlobalOptions,
  own: RunOptions,
): Promise<{ readonly directory: string; readonly file: string }> {
  if (/[\\/]/.test(file)) return { directory: dirname(resolve(file)), file: basename(file) };
  const { directory } = await triggerFolder(options, own);
  return { directory, file };
}

async function eventOf(options: GlobalOptions, own: RunOptions): Promise<RecordedEvent> {
  const { madeUpEvent, readEventFile } = await import("../src/trigger/event-file.ts");
  if (own.event === undefined) {
    const atMs = Date.now();
    return {
      atMs,
      request: madeUpEvent(own.kind, fieldsOf(own), atMs),
      calls: [],
      outcome: undefined,
    };
  }
  if (Object.keys(fieldsOf(own)).length > 0)
    throw new WrongArguments("--event brings all fields with it, so none can be named besides.");
  const events = /[\\/]|\.jsonl?$/.test(own.event)
    ? readEventFile(await textOf(own.event), own.event)
    : await exported(options, own.event);
  const [first] = events.filter(({ request }) => request.kind === own.kind);
  const [any] = events;
  const event = first ?? any;
  if (event === undefined) throw new Refused(`${own.event} holds no event`, "Name another one.");
  return event;
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new Refused(
      `${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      "Write one: signalbox trace export <id>",
      { cause },
    );
  }
}

/** The events of a life, as the running gateway has recorded them. */
async function exported(
  options: GlobalOptions,
  message: string,
): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const event of recordedEvents(options, { message })) events.push(event);
  return events;
}

function fieldsOf({
  to,
  from,
  text,
  channel,
  account,
  field = {},
}: RunOptions): Record<string, unknown> {
  const named = Object.entries({ to, from, text, channel, account });
  const further = Object.entries(field).map(([name, value]) => [name, valueOf(value)] as const);
  return Object.fromEntries([...named.filter(([, value]) => value !== undefined), ...further]);
}

/** JSON where it is, else a text. */
function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function answersOf(answers: Readonly<Record<string, string>>): HostFunctions {
  return Object.fromEntries(
    Object.entries(answers).map(([name, text]) => {
      const value = valueOf(text);
      return [name, () => Promise.resolve(value)];
    }),
  );
}

function told({ file, event, triggers, outcome, source }: DryRun): string {
  const rows: (readonly [string, string])[] = [
    ["event", event],
    ["triggers", triggers.length === 0 ? `none of ${file} is for this event` : triggers.join(", ")],
    ["decision", VERDICTS[outcome.verdict]],
  ];
  const row = (name: string, value: unknown) => rows.push([name, shown(value)]);
  if (outcome.fault !== undefined) row("fault", outcome.fault);
  for (const line of source) row("", line);
  if (outcome.code !== undefined) row("code", outcome.code);
  if (outcome.reason !== "") row("reason", outcome.reason);
  if (outcome.account !== undefined) row("account", outcome.account);
  if (outcome.charge > 0) row("charge", outcome.charge);
  for (const one of outcome.forwards) row("forward", one);
  for (const one of outcome.sends) row("send", one);
  for (const one of outcome.reports) row("report", one);
  if (outcome.applied) row("apply", "the status of the report");
  if (outcome.failed !== undefined) row("fail", outcome.failed);
  for (const line of outcome.trace) row("trace", line);
  for (const line of outcome.log) row("log", line);
  for (const { name, args, answer: got } of outcome.calls)
    row("call", `${name}${shown(args).replace(/^\[(.*)\]$/, "($1)")} → ${shown(got)}`);
  return pairs(rows);
}

const VERDICTS = {
  accept: "accept",
  reject: "reject",
  unanswered: "unanswered: unless another file answers, what is asked for below is dropped",
  undecided: "undecided",
} as const;

function shown(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
