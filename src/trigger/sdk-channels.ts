/** What triggers may know of a channel. Part of "signalbox". */

/** The channels of signalbox.yaml. */
export interface Channels {
  /**
   * The channel that has `default: true` in signalbox.yaml, now; undefined when none has.
   *
   * ```ts
   * export const FWD = onMessage({ channels: ["SMPP_SERVER1"] }, async (message, { channels }) => {
   *   message.forward({ channel: (await channels.default()) ?? "SMPP1" });
   * });
   * ```
   */
  default(): Promise<string | undefined>;
  /**
   * What signalbox.yaml says now of a channel for its triggers; undefined when it has none of that name.
   * About 0.1 ms. A change of these settings is in force with the next event, and no session ends for it.
   *
   * ```ts
   * export const MARK = onMessage({ channels: ["SMPP_SERVER1"] }, async (message, { channels }) => {
   *   const settings = await channels.settings("SMPP1");
   *   message.forward({ channel: settings?.dialogs === true ? "SMPP1" : "SMPP2" });
   * });
   * ```
   */
  settings(channel: string): Promise<ChannelSettings | undefined>;
}

/** The settings of a channel that its triggers act by; the gateway itself acts by `recipient` alone. */
export interface ChannelSettings {
  /** Phones can answer the senders of what goes out here; false for a channel that customers bind to. */
  readonly dialogs: boolean;
  /** How long a dialog lasts that neither side uses, in milliseconds. */
  readonly dialogMs: number;
  /**
   * For whom messages are that are for nobody else; undefined when there is no such. Without `dialogs` a
   * message has it as its `to` already.
   */
  readonly recipient: string | undefined;
  /** It is the channel for what is for a provider, and not for a certain one. */
  readonly default: boolean;
}
