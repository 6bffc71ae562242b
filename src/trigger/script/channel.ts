import type { ChannelChange } from "../../model/channel-change.ts";
import type { ChannelNotice } from "../../model/event.ts";
import type { Channel, Decided } from "../sdk-events.ts";
import { decidedBefore, type Run } from "./run.ts";

/** What happened to a channel, as it crosses into an isolate. */
export type ChannelTuple = readonly [
  id: string,
  name: string,
  what: ChannelChange,
  sinceMs: number,
  forMs: number,
  reason: string,
  first: boolean,
];

export function channelTuple(notice: ChannelNotice): ChannelTuple {
  const { id, channel, what, sinceMs, forMs, reason, first } = notice;
  return [id, channel, what, sinceMs, forMs, reason, first];
}

export function channelFrom(tuple: ChannelTuple, run: Run): Channel {
  const [id, name, what, sinceMs, forMs, reason, first] = tuple;
  return {
    id,
    name,
    what,
    sinceMs,
    forMs,
    reason,
    first,
    get decided(): readonly Decided[] {
      return decidedBefore(run);
    },
  };
}
