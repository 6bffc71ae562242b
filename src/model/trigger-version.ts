/** The texts that a version of a trigger file was made of, each by its path relative to the folder. */
export type KeptSources = Readonly<Record<string, KeptSource>>;

export interface KeptSource {
  readonly text: string;
  /** Paths of what it imports, by the words of the import. */
  readonly imports: Readonly<Record<string, string>>;
}

/** A version of a trigger file that ran. */
export interface TriggerVersion {
  /** Counts up per file, over restarts. */
  readonly version: number;
  /** Of its sources. */
  readonly hash: string;
  /** When it was brought in, in milliseconds since 1970 UTC. */
  readonly atMs: number;
  /** Who brought it in; `unknown` for a file that was saved. */
  readonly by: string;
}

/** Something that an operator, or the gateway by itself, has settled until it is taken back. */
interface Settled {
  readonly by: string;
  readonly atMs: number;
}

/** A version that runs although the folder has another text. */
export interface TriggerPin extends Settled {
  readonly version: number;
  /** Names the text of the folder that is passed over; any other text ends the pin. */
  readonly passedOver: string;
  /** The version that ran, or would run, instead; undefined when that text never became one. */
  readonly insteadOf: number | undefined;
  /** In a few words; empty when an operator gave no reason. */
  readonly why: string;
}

/** A newer version that only some get. Exactly one of `share` and `accounts` is there. */
export interface TriggerCanary extends Settled {
  /** undefined: the next version that is saved. */
  readonly version: number | undefined;
  /** Percent, above 0 and below 100. */
  readonly share: number | undefined;
  readonly accounts: readonly string[] | undefined;
}

/** A trigger that an operator has switched off, by its name. */
export type TriggerDisabled = Settled;
