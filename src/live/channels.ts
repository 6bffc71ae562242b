import { openChannel } from "../channel/catalog.ts";
import type { Channel, ChannelHost, OwnView } from "../channel/channel.ts";
import type { Log } from "../model/log.ts";
import type { ChannelPlanView } from "../model/view.ts";
import type { Settings } from "../settings.ts";
import { type ChannelSettings, type ChannelStep, adjust, channelSteps } from "./channel-plan.ts";

export interface LiveChannelsParts {
  readonly hostOf: (name: string, settings: ChannelSettings) => ChannelHost;
  /** An operator has drained it. */
  readonly isDrained: (name: string) => boolean;
  /** Messages that wait for it. */
  readonly queued: (name: string) => number;
  /** ms. How long the answers of peers are waited for when a channel closes. */
  readonly drainMs: number;
  readonly now: () => number;
  readonly log: Log;
}

/** The channels that are open, and how they become others while the gateway runs. */
export interface LiveChannels {
  /** Changes in place. */
  readonly opened: ReadonlyMap<string, Channel>;
  /** Those with `enabled: false`, which are listed and nothing else. */
  off(): readonly OwnView[];
  /** One after another; rejects at the first that cannot be opened. Called once. */
  open(settings: Settings["channels"]): Promise<void>;
  /** What a change to these settings would do. */
  plan(settings: Settings["channels"]): readonly ChannelPlanView[];
  /**
   * Makes the channels those of these settings. What is not changed is not touched. A channel that is
   * made anew is bound again only when its old sessions are unbound, so that a provider never sees more
   * binds than it allows; meanwhile messages for it wait. One that cannot be opened goes on as it was.
   */
  change(settings: Settings["channels"]): Promise<readonly ChannelPlanView[]>;
  close(): Promise<void>;
}

export function createLiveChannels(parts: LiveChannelsParts): LiveChannels {
  const { hostOf, isDrained, queued, drainMs, now, log } = parts;
  const opened = new Map<string, Channel>();
  /** As the channels were opened, each a copy of its own, because channels read from it. */
  const inForce = new Map<string, ChannelSettings>();
  const offSince = new Map<string, { readonly view: OwnView }>();

  return {
    opened,
    off: () => [...offSince.values()].map(({ view }) => view),
    async open(settings) {
      for (const [name, channel] of Object.entries(settings)) {
        if (channel.enabled) put(name, await make(name, channel));
        else switchedOff(name, channel);
      }
    },
    plan: (settings) => channelSteps(inForce, settings).map(planned),
    async change(settings) {
      const steps = channelSteps(inForce, settings);
      const failed = new Map<string, string>();
      const made = await prepared(steps, settings, failed);
      // All that closes does so before anything opens: a port may go from one channel to another.
      await Promise.all(
        steps.map(async ({ channel: name, what }) => {
          const now = inForce.get(name);
          const next = settings[name];
          if (failed.has(name)) return;
          if (what === "adjust" && now !== undefined && next !== undefined) adjust(now, next);
          if (what !== "close" && what !== "reopen") return;
          await opened.get(name)?.close(drainMs);
          if (what === "reopen") return;
          opened.delete(name);
          inForce.delete(name);
        }),
      );
      for (const { channel: name, what } of steps) {
        const next = settings[name];
        if (next === undefined || failed.has(name)) continue;
        if (what !== "open" && what !== "reopen") continue;
        try {
          put(name, made.get(name) ?? (await make(name, next)));
        } catch (cause) {
          failed.set(name, wordsOf(cause));
          await asBefore(name);
        }
      }
      offSince.clear();
      for (const [name, channel] of Object.entries(settings))
        if (!channel.enabled) switchedOff(name, channel);
      return steps.map((step) => ({ ...planned(step), failed: failed.get(step.channel) }));
    },
    async close() {
      await Promise.all([...opened.values()].map((channel) => channel.close(drainMs)));
    },
  };

  function planned({ channel, what }: ChannelStep): ChannelPlanView {
    return { channel, what, queued: queued(channel) };
  }

  /**
   * Channels that call out are made beforehand, as if they were drained: what is wrong with their files
   * is known before the old one is let go of.
   */
  async function prepared(
    steps: readonly ChannelStep[],
    settings: Settings["channels"],
    failed: Map<string, string>,
  ): Promise<ReadonlyMap<string, Opened>> {
    const made = new Map<string, Opened>();
    for (const { channel: name, what } of steps) {
      const next = settings[name];
      if (what !== "reopen" || next?.type !== "smpp-client") continue;
      try {
        made.set(name, await make(name, next, { drained: true }));
      } catch (cause) {
        failed.set(name, wordsOf(cause));
      }
    }
    return made;
  }

  async function make(
    name: string,
    settings: ChannelSettings,
    { drained = isDrained(name) } = {},
  ): Promise<Opened> {
    const own = structuredClone(settings);
    const channel = await openChannel(own, { ...hostOf(name, own), drained });
    return { channel, settings: own, drained };
  }

  function put(name: string, { channel, settings, drained }: Opened): void {
    opened.set(name, channel);
    inForce.set(name, settings);
    if (drained && !isDrained(name)) channel.resume();
  }

  /** Its settings were good a moment ago, so it mostly opens again. */
  async function asBefore(name: string): Promise<void> {
    const before = inForce.get(name);
    if (before === undefined) return;
    try {
      put(name, await make(name, before));
    } catch (cause) {
      // Without settings in force the next change opens it, whatever it says.
      inForce.delete(name);
      log.error(
        { channel: name, err: cause },
        "it does not open as before either; it stays closed",
      );
    }
  }

  function switchedOff(name: string, { type, description }: ChannelSettings): void {
    const view: OwnView = {
      name,
      type,
      description,
      state: "off",
      detail: "switched off: `enabled` is false",
      sinceMs: now(),
      sessions: 0,
      lastError: undefined,
    };
    offSince.set(name, { view });
  }
}

interface Opened {
  readonly channel: Channel;
  readonly settings: ChannelSettings;
  /** It was opened as after a drain. */
  readonly drained: boolean;
}

function wordsOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
