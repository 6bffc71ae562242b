import type { Channel } from "../channel/channel.ts";
import type { Clock } from "../model/clock.ts";
import type { FailurePolicy } from "../model/failure-policy.ts";
import { isThere } from "./moving.ts";
import type { QueueState } from "./queues.ts";
import type { Stops } from "./stops.ts";

/**
 * Why what may go another way should do so now; undefined while it should not. What an operator holds
 * waits for him. Nothing is looked up while the peer has something to answer.
 */
export function createAway(parts: {
  readonly clock: Clock;
  readonly held: (channel: string) => boolean;
  readonly stops: Pick<Stops, "of">;
  readonly policyOf: (channel: string) => FailurePolicy;
  /** To ask again. */
  readonly wakeIn: (state: QueueState, waitMs: number) => void;
}): (state: QueueState, channel: Channel | undefined) => string | undefined {
  const { clock, held, stops, policyOf, wakeIn } = parts;

  return (state, channel) => {
    const { channel: name, account } = state;
    if (held(name)) return undefined;
    if (stops.of(state) === "breakerOpen") return `${state.name} failed too often`;
    const hasRoom = channel !== undefined && channel.room(account, 1) > 0;
    const isBusy = state.busy.size > state.kept.size;
    if (hasRoom || isBusy || (channel !== undefined && isThere(channel, account))) {
      state.awaySinceMs = undefined;
      return undefined;
    }
    const { awayMs } = policyOf(name);
    if (awayMs === 0 || state.rows === 0) return undefined;
    const nowMs = clock.tickMs();
    state.awaySinceMs ??= nowMs;
    const leftMs = state.awaySinceMs + awayMs - nowMs;
    if (leftMs <= 0) return `nobody was bound on ${state.name} for ${awayMs / 1_000} s`;
    wakeIn(state, leftMs);
    return undefined;
  };
}
