import type { EngineOptions } from "../trigger/engine.ts";
import type { ChannelSettings } from "../trigger/sdk-channels.ts";

/** What of a channel's settings is for scripts; those of customers' channels have none of it. */
export interface ScriptedSettings {
  readonly type: string;
  readonly dialogs?: boolean;
  readonly dialogMs?: number;
  readonly recipient?: string | undefined;
  readonly default?: boolean;
}

/** A dialog's time where a channel has no setting for it: nothing goes by it there. */
const dialogUsualMs = 24 * 3_600_000;

/** `channels` of scripts: nothing but what is named here leaves the configuration. */
export function createChannelSettings({
  settingsOf,
  defaultChannel,
}: {
  /** As they are in force; undefined for a name that no channel has. */
  readonly settingsOf: (channel: string) => ScriptedSettings | undefined;
  readonly defaultChannel: () => string | undefined;
}): EngineOptions["calls"] {
  return {
    "channels.default": async () => defaultChannel(),
    "channels.settings": async ([name]) => {
      const found = typeof name === "string" ? settingsOf(name) : undefined;
      if (found === undefined) return undefined;
      const { dialogs = false, dialogMs = dialogUsualMs, recipient = "" } = found;
      return {
        dialogs,
        dialogMs,
        recipient: recipient === "" ? undefined : recipient,
        default: found.default ?? false,
      } satisfies ChannelSettings;
    },
  };
}
