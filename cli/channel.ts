import type { Command } from "commander";
import { z } from "../src/config/schema.ts";
import { idBaseWords } from "../src/model/provider-id.ts";
import type { ChannelView } from "../src/model/view.ts";
import { assignments } from "./argument.ts";
import { lastErrorText, stateText } from "./channel-state.ts";
import { change } from "./config.ts";
import { ask, segment } from "./gateway.ts";
import { age, answer, count, overdue, table } from "./print.ts";
import type { GlobalOptions } from "./settings.ts";
import { channelShape } from "./views.ts";

/** `signalbox channel …` */
export function addChannel(program: Command): void {
  const channel = program.command("channel").description("ways in and out");
  channel
    .command("list")
    .description("show every channel, its state and its queue")
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const shape = z.array(channelShape);
      const channels = await ask(options, { method: "GET", path: "/v1/channels", shape });
      answer(options, channels, listed, nextFor(channels));
    });

  channel
    .command("set")
    .description("change settings of a channel in the file; without a value one is taken out")
    .argument("<name>", "the channel")
    .argument(
      "<setting=value...>",
      "such as host=smpp.example.com, reports.waitMs=60000",
      assignments,
    )
    .action(async (name: string, fields: Fields, _own, command: Command) => {
      const { channelSetting } = await import("./channel-setting.ts");
      const body = Object.fromEntries(
        Object.entries(fields).map(([field, text]) => [field, channelSetting(field, text)]),
      );
      await change({ method: "PATCH", path: `/v1/channels/${segment(name)}`, body }, command);
    });

  for (const [verb, { description, told, next }] of Object.entries(HOLDS))
    channel
      .command(verb)
      .description(description)
      .argument("<name>", "the channel")
      .action(async (name: string, _own, command: Command) => {
        const options = command.optsWithGlobals<GlobalOptions>();
        const path = `/v1/channels/${segment(name)}/${verb}`;
        const call = { method: "POST", path, shape: channelShape } as const;
        answer(options, await ask(options, call), told, next(name));
      });
}

type Fields = Readonly<Record<string, string>>;

interface Hold {
  readonly description: string;
  readonly told: (one: ChannelView) => string;
  readonly next: (name: string) => string;
}

/** What an operator may do to a channel; each is kept over a restart. */
const HOLDS: Readonly<Record<string, Hold>> = {
  pause: {
    description: "hand nothing over any more; sessions stay and what comes in is taken",
    told: (one) =>
      `${one.name} is paused; ${waiting(one)}. It stays so over a restart, until it is resumed.`,
    next: (name) => `Go on: signalbox channel resume ${name}`,
  },
  drain: {
    description: "wait for what is in flight, then unbind; nobody can bind, nothing comes in",
    told: (one) =>
      `${one.name} is ${one.sessions === 0 ? "drained" : "being drained"}; ${waiting(one)}. ` +
      "It stays so over a restart, until it is resumed.",
    next: (name) =>
      `How far it is: signalbox channel list. Go on: signalbox channel resume ${name}`,
  },
  resume: {
    description: "take a pause or a drain back",
    told: (one) => `${one.name} goes on; ${waiting(one)}.`,
    next: () => "How it does: signalbox status",
  },
};

function waiting({ queued, inFlight }: ChannelView): string {
  const verb = queued === 1 ? "waits" : "wait";
  return `${count(queued, "message")} ${verb}, ${inFlight} of them in flight`;
}

function nextFor(channels: readonly ChannelView[]): string {
  const down = channels.find(({ state, held }) => state === "down" && held === undefined);
  if (down !== undefined)
    return `${down.name} is down: the reason is in its detail, more in the gateway's log.`;
  const held = channels.find((one) => one.held !== undefined);
  return held === undefined
    ? "Who is bound: signalbox session list"
    : `${held.name} is ${held.held}: signalbox channel resume ${held.name}`;
}

function listed(channels: readonly ChannelView[]): string {
  if (channels.length === 0) return "No channels.";
  const columns = ["channel", "type", "state", "for", "sessions", "queued", "oldest"];
  return table(
    [...columns, "in flight", "uncertain", "detail", "last error"],
    channels.map((one) => [
      one.name,
      one.type,
      stateText(one),
      age(one.sinceMs),
      one.sessions,
      one.queued,
      overdue(one.oldestDueMs),
      one.inFlight,
      one.uncertain,
      detailOf(one),
      lastErrorText(one),
    ]),
  );
}

function detailOf({ description, detail, idBase, stopped }: ChannelView): string {
  const ids =
    idBase === undefined || (idBase.by === "learnt" && idBase.base === "same")
      ? ""
      : `report ids: ${idBaseWords[idBase.base]} (${idBase.by})`;
  const rest = stopped === undefined ? "" : `${stopped.queue} is left alone: ${stopped.why}`;
  return [description, detail, rest, ids].filter((words) => words !== "").join("; ");
}
