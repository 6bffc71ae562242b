import type { Clock } from "../model/clock.ts";
import { GatewayError } from "../model/error.ts";
import { type LogLevel, type LogLevels, levelForMs, levelForMsMax } from "../model/log.ts";
import type { LogLevelView } from "../model/view.ts";

/** From the fewest lines to the most. */
const RANK = { error: 0, warn: 1, info: 2, debug: 3, pdu: 4 } as const satisfies Record<
  LogLevel,
  number
>;

interface Change {
  readonly level: LogLevel;
  readonly untilTickMs: number;
  readonly untilMs: number;
}

/** `configured` is in force where and when nothing else was set. */
export function createLogLevels(configured: LogLevel, clock: Clock): LogLevels {
  /** By channel; undefined is everything that has no level of its own. */
  const changes = new Map<string | undefined, Change>();

  return {
    list: () => [
      viewOf(undefined),
      ...[...changes.keys()]
        .filter((channel) => channel !== undefined)
        .filter((channel) => current(channel) !== undefined)
        .toSorted((one, other) => (one < other ? -1 : 1))
        .map(viewOf),
    ],
    set({ channel, level, forMs = levelForMs }) {
      if (!(forMs > 0 && forMs <= levelForMsMax))
        throw new GatewayError("bad_request", `forMs is from 1 to ${levelForMsMax} (24 hours)`);
      changes.delete(channel);
      if (level === levelOf(channel)) return;
      const untilMs = clock.nowMs() + forMs;
      changes.set(channel, { level, untilMs, untilTickMs: clock.tickMs() + forMs });
    },
    // Asked for each PDU, so it looks at no clock while nothing was changed.
    allows: (level, channel) => RANK[level] <= RANK[levelOf(channel)],
  };

  function levelOf(channel: string | undefined): LogLevel {
    if (changes.size === 0) return configured;
    return (current(channel) ?? current(undefined))?.level ?? configured;
  }

  function current(channel: string | undefined): Change | undefined {
    const change = changes.get(channel);
    if (change === undefined || change.untilTickMs > clock.tickMs()) return change;
    changes.delete(channel);
    return undefined;
  }

  function viewOf(channel: string | undefined): LogLevelView {
    const change = current(channel);
    if (change === undefined) return { channel, level: levelOf(channel), until: undefined };
    const after = channel === undefined ? configured : levelOf(undefined);
    return { channel, level: change.level, until: { atMs: change.untilMs, level: after } };
  }
}
