import type { Channel } from "../channel/channel.ts";
import { GatewayError } from "../model/error.ts";
import type { Hold, HoldsTable } from "../store/holds.ts";

export interface HoldsParts {
  readonly table: HoldsTable;
  /** Rejects for a name that is no channel. */
  readonly channel: (name: string) => Channel;
  /** At a drain, how long the answers of peers are waited for. */
  readonly drainMs: number;
  /** The channel may be handed messages again. */
  readonly onResumed: (channel: string) => void;
  /** It is written down; told before the channel is, so that what follows from it is no surprise. */
  readonly changed: (channel: string, what: "paused" | "drained" | "resumed", by: string) => void;
}

/** Channels that operators hold. What is held is written down first, so that a crash keeps it. */
export interface Holds {
  /** Called once, before the channels are opened. */
  read(): Promise<void>;
  /** Asked for each message that goes out, so it costs nothing. */
  of(channel: string): Hold | undefined;
  /**
   * Nothing is handed over any more; sessions stay, and what comes in is taken. Rejects with
   * `unknown_channel`, and with `bad_request` for one that is drained.
   */
  pause(channel: string, by: string): Promise<void>;
  /** Besides, nobody stays bound; settles when nobody is. Rejects with `unknown_channel`. */
  drain(channel: string, by: string): Promise<void>;
  /** Takes either back. Rejects with `unknown_channel`. */
  resume(channel: string, by: string): Promise<void>;
}

export function createHolds({ table, channel, drainMs, onResumed, changed }: HoldsParts): Holds {
  let holds = new Map<string, Hold>();
  /** Of each channel the last thing that was asked; the next waits for it. */
  const turns = new Map<string, Promise<void>>();

  return {
    async read() {
      holds = await table.all();
    },
    of: (name) => holds.get(name),
    pause: (name, by) =>
      inTurn(name, async () => {
        const hold = holds.get(name);
        if (hold?.held === "drained")
          throw new GatewayError(
            "bad_request",
            `${name} is drained, which is more than paused; resume it first.`,
          );
        if (hold === undefined) await put(name, "paused", by);
      }),
    drain: (name, by) =>
      inTurn(name, async (one) => {
        if (holds.get(name)?.held !== "drained") await put(name, "drained", by);
        await one.drain(drainMs);
      }),
    resume: (name, by) =>
      inTurn(name, async (one) => {
        if (!holds.has(name)) return;
        await table.remove(name);
        holds.delete(name);
        changed(name, "resumed", by);
        one.resume();
        onResumed(name);
      }),
  };

  async function put(name: string, held: Hold["held"], by: string): Promise<void> {
    holds.set(name, await table.put(name, held, by));
    changed(name, held, by);
  }

  /** One after another for a channel, so that what is written down is what is. */
  function inTurn(name: string, act: (one: Channel) => Promise<void>): Promise<void> {
    const one = channel(name);
    const turn = (turns.get(name) ?? Promise.resolve()).then(() => act(one));
    turns.set(
      name,
      turn.catch(() => undefined),
    );
    return turn;
  }
}
