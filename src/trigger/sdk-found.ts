import type { Status } from "../model/status.ts";

/** Messages that are kept, as a handler may ask for them. Part of "signalbox". */

/** Which messages: an id, a root, a peer's id or an account must be among it; all that is named counts. */
export interface MessageSearch {
  /** Ours, in any form that a customer may have been given. */
  readonly id?: string;
  /** All messages of the life that began with this one, also reports to its sender. */
  readonly root?: string;
  /** A provider's, as he wrote it in his answer; upper or lower case, with or without zeros in front. */
  readonly peerId?: string;
  /**
   * The customer's: messages that he sent, that went out for him, or that went to him. With neither an
   * id nor a number beside it, only the newest 20,000 messages of all are looked through.
   */
  readonly account?: string;
  /** E.164 with `+` where that is known, as in `message.from`; finds the first messages of lives. */
  readonly from?: string;
  /** The same for the destination. The newest 1,000 of a number are looked through. */
  readonly to?: string;
  readonly channel?: string;
  /** Only what was made at this time or after it, milliseconds since 1970 UTC. */
  readonly sinceMs?: number;
  /** 1-100, the newest of them; 100 when left out. */
  readonly limit?: number;
}

/** A message that is kept. */
export interface FoundMessage {
  readonly id: string;
  /** The id of the first message of its life. */
  readonly root: string;
  /** That it came in on, or goes out on. */
  readonly channel: string;
  readonly account: string | undefined;
  readonly direction: "in" | "out";
  readonly from: string;
  readonly to: string;
  /** How it stands; of the first message of a life, how that stands. */
  readonly status: Status;
  /** A code of docs/errors.md or a peer's own words; undefined when all is well. */
  readonly error: string | undefined;
  /** When it was made, milliseconds since 1970 UTC. */
  readonly atMs: number;
  /** Undefined when it is no text, or when `privacy.showText` is false. */
  readonly text: string | undefined;
}
