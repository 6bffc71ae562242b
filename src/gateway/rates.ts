import type { Channel } from "../channel/channel.ts";
import type { RatesStanding } from "../channel/customer-desk.ts";
import type { KeptOptions } from "../model/account-options.ts";
import type { Clock } from "../model/clock.ts";
import type { MessageEvent } from "../model/event.ts";
import { type Pace, type Use, createPace } from "../model/pace.ts";
import { rateText } from "../model/rate.ts";

/** Holds what comes in to the rates of accounts and channels. */
export interface Rates {
  /**
   * The rate that this message is above, as it is told to people, and until when; undefined when it may
   * come in, and then it is counted. Costs two look-ups where there are no rates.
   */
  excess(event: MessageEvent): { readonly text: string; readonly waitMs: number } | undefined;
  /** How those stand that hold this account on this channel; undefined where none does. */
  standing(account: string, channel: string): RatesStanding | undefined;
  /** What an account has sent in the day before this start; `channel` is where it came in. */
  usedToday(of: { readonly account?: string; readonly channel?: string }, use: Use): void;
}

export function createRates(parts: {
  readonly optionsOf: (account: string) => KeptOptions;
  readonly channel: (name: string) => Pick<Channel, "rate"> | undefined;
  readonly clock: Pick<Clock, "tickMs">;
}): Rates {
  const { optionsOf, clock } = parts;
  /** One for each account and channel that has rates; each is made when it is first needed. */
  const accounts = new Map<string, Kept>();
  const channels = new Map<string, Kept>();

  return {
    excess(event) {
      const { account, channel, destinations } = event.message;
      const nowMs = clock.tickMs();
      const paces = pacesOf(account, channel, nowMs);
      if (paces === undefined) return undefined;
      const { own, all } = paces;
      const use = { messages: destinations?.length ?? 1, parts: event.parts };
      const waitMs = (): number =>
        Math.max(own?.waitMs(nowMs, use) ?? 0, all?.waitMs(nowMs, use) ?? 0);
      const rate = own?.inTheWay(use, nowMs);
      if (rate !== undefined)
        return { text: `account ${account}: ${rateText(rate)}`, waitMs: waitMs() };
      const shared = all?.inTheWay(use, nowMs);
      if (shared !== undefined)
        return { text: `channel ${channel}: ${rateText(shared)}`, waitMs: waitMs() };
      own?.take(use, nowMs);
      all?.take(use, nowMs);
      return undefined;
    },
    standing(account, channel) {
      const nowMs = clock.tickMs();
      const paces = pacesOf(account, channel, nowMs);
      if (paces === undefined) return undefined;
      const { own, all } = paces;
      return { account: own?.standing(nowMs) ?? [], channel: all?.standing(nowMs) ?? [] };
    },
    usedToday({ account, channel }, use) {
      const nowMs = clock.tickMs();
      if (account !== undefined)
        paceOf(accounts, account, optionsOf(account).rate, nowMs)?.usedToday(use, nowMs);
      if (channel !== undefined)
        paceOf(channels, channel, parts.channel(channel)?.rate ?? "", nowMs)?.usedToday(use, nowMs);
    },
  };

  function pacesOf(account: string | undefined, channel: string, nowMs: number) {
    const ofAccount = account === undefined ? "" : optionsOf(account).rate;
    const ofChannel = parts.channel(channel)?.rate ?? "";
    if (ofAccount === "" && ofChannel === "") return undefined;
    const own = paceOf(accounts, account ?? "", ofAccount, nowMs);
    return { own, all: paceOf(channels, channel, ofChannel, nowMs) };
  }
}

interface Kept {
  readonly text: string;
  readonly pace: Pace;
}

/** An operator may change them at any time: what was used of the old ones is used of the new ones. */
function paceOf(
  kept: Map<string, Kept>,
  name: string,
  text: string,
  nowMs: number,
): Pace | undefined {
  if (text === "") return undefined;
  const known = kept.get(name);
  if (known?.text === text) return known.pace;
  const pace = known === undefined ? createPace(text, nowMs) : known.pace.changed(text, nowMs);
  kept.set(name, { text, pace });
  return pace;
}
