import { isDeepStrictEqual } from "node:util";
import type { Settings } from "../settings.ts";

export type ChannelSettings = Settings["channels"][string];

/** What a change of the configuration does to one channel. */
export interface ChannelStep {
  readonly channel: string;
  readonly what: "open" | "close" | "reopen" | "adjust";
}

/**
 * Settings that are read each time that they are needed, so that they change under a channel that goes
 * on; a change of any other makes it anew.
 */
const QUIET: ReadonlySet<string> = new Set([
  "description",
  "numbers",
  "validityMs",
  "acceptAnyBind",
  "acceptAnyMessage",
  "onUnhandled",
  "onUnhandledBind",
  "answerTimeoutMs",
  "basicRememberedMs",
  "dialogs",
  "dialogMs",
  "default",
  "failures",
]);

/** What leads from these channels to those; a channel with `enabled: false` is none. */
export function channelSteps(
  before: ReadonlyMap<string, ChannelSettings>,
  after: Settings["channels"],
): readonly ChannelStep[] {
  const names = new Set([...before.keys(), ...Object.keys(after)]);
  return [...names].flatMap((channel) => {
    const what = stepOf(enabled(before.get(channel)), enabled(after[channel]));
    return what === undefined ? [] : { channel, what };
  });
}

/** Puts the quiet settings of `next` into `now`, which a channel reads. */
export function adjust(now: ChannelSettings, next: ChannelSettings): void {
  const quiet = Object.entries(next).filter(([key]) => QUIET.has(key));
  Object.assign(now, Object.fromEntries(quiet));
}

function enabled(settings: ChannelSettings | undefined): ChannelSettings | undefined {
  return settings?.enabled === true ? settings : undefined;
}

function stepOf(
  before: ChannelSettings | undefined,
  after: ChannelSettings | undefined,
): ChannelStep["what"] | undefined {
  if (before === undefined) return after === undefined ? undefined : "open";
  if (after === undefined) return "close";
  if (isDeepStrictEqual(before, after)) return undefined;
  return isDeepStrictEqual(loud(before), loud(after)) ? "adjust" : "reopen";
}

function loud(settings: ChannelSettings): unknown {
  return Object.fromEntries(Object.entries(settings).filter(([key]) => !QUIET.has(key)));
}
