import type { LogLevelView } from "./view.ts";

type Facts = Readonly<Record<string, unknown>>;

/**
 * Where parts of the gateway tell what happened to the gateway (what happened to a message goes
 * into its trace). Never given the text of a message, a password or a hash. Handed in; pino fits it.
 */
export interface Log {
  debug(facts: Facts, text: string): void;
  info(facts: Facts, text: string): void;
  warn(facts: Facts, text: string): void;
  error(facts: Facts, text: string): void;
  /** The same log with facts on every line, such as the channel. */
  child(facts: Record<string, unknown>): Log;
}

/** `pdu` tells each PDU besides all that `debug` tells. */
export type LogLevel = LogLevelView["level"];

/** ms. A level that somebody sets falls back after this, so that one forgotten fills no disk. */
export const levelForMs = 15 * 60_000;

/** ms. Nobody reads PDUs for longer than a day; who wants `debug` for good sets it in the file. */
export const levelForMsMax = 24 * 3_600_000;

/** What is told, for everything or for one channel; may be changed while the gateway runs. */
export interface LogLevels {
  /** The level for everything first, then the channels that have one of their own, by name. */
  list(): LogLevelView[];
  /**
   * Sets a level for `forMs` (15 minutes if undefined, at most 24 hours), after which it falls back
   * by itself. Setting what it would fall back to ends the change at once. Throws `bad_request`.
   */
  set(change: {
    readonly channel: string | undefined;
    readonly level: LogLevel;
    readonly forMs: number | undefined;
  }): void;
  /** Is a line of this level told? `channel` is the one that it is about. */
  allows(level: LogLevel, channel: string | undefined): boolean;
}
