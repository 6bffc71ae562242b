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
