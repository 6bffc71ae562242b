import type { Command } from "commander";
import { z } from "../src/config/schema.ts";
import type { ChannelView } from "../src/model/view.ts";
import { ask } from "./gateway.ts";
import { age, answer, paint, table } from "./print.ts";
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
      const down = channels.find(({ state }) => state === "down");
      const next =
        down === undefined
          ? "Who is bound: signalbox session list"
          : `${down.name} is down: the reason is in its detail, more in the gateway's log.`;
      answer(options, channels, listed, next);
    });
}

function listed(channels: readonly ChannelView[]): string {
  if (channels.length === 0) return "No channels.";
  return table(
    ["channel", "type", "state", "for", "sessions", "queued", "in flight", "detail"],
    channels.map((one) => [
      one.name,
      one.type,
      paint(STATES[one.state], one.state),
      age(one.sinceMs),
      one.sessions,
      one.queued,
      one.inFlight,
      one.description === "" ? one.detail : `${one.description}; ${one.detail}`,
    ]),
  );
}

const STATES = { up: "green", down: "red", off: "dim" } as const;
