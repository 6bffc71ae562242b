import { type Amount, amountOf, parseAmount, timesParts } from "../model/amount.ts";
import type { Ruling } from "../model/decision.ts";
import type { Charge, Forward } from "../store/writer.ts";
import type { ForwardToOne } from "./many.ts";

/** What is wrong with a charge that a script asked for. */
export interface ChargeFault {
  readonly fault: "trigger_failed";
  readonly text: string;
}

/** A forward with the way that it takes first. */
export interface Priced {
  readonly forward: Forward;
  readonly action: Pick<ForwardToOne, "channel" | "price">;
}

/**
 * What is to be held: the credits that triggers named and, with `charge: "route"`, what the way of each
 * forward costs for its parts. undefined: nothing. What fails at once costs nothing, unless its account
 * is refunded nothing. The price is that of the way taken first, whatever way it ends up on.
 */
export function chargeOf(
  { charge, chargesRoute, failed }: Extract<Ruling, { verdict: "accept" }>,
  priced: readonly Pick<Priced, "action">[],
  given: {
    readonly account: string | undefined;
    readonly final: boolean;
    /** Short messages that the message is, to one receiver. */
    readonly parts: number;
  },
): Charge | undefined | ChargeFault {
  const { account, final, parts } = given;
  if ((charge === 0 && chargesRoute !== true) || account === undefined) return undefined;
  if (failed !== undefined && !final) return undefined;
  const named = amountOf(charge);
  if (chargesRoute !== true) return { account, amount: named, final };
  const prices: Amount[] = [];
  for (const { action } of priced) {
    const { channel, price } = action;
    if (price === undefined)
      return {
        fault: "trigger_failed",
        text: `accept charges the price of the route, but the way over ${channel} has none`,
      };
    prices.push(timesParts(parseAmount(price), parts));
  }
  const shares = withNamed(prices, named);
  const amount = shares.reduce((sum, share) => sum + share, prices.length === 0 ? named : 0n);
  return { account, amount, final, ...(shares.length < 2 ? {} : { shares }) };
}

/** What is charged beside the prices is shared equally, as without them. */
function withNamed(prices: readonly Amount[], named: Amount): Amount[] {
  const count = BigInt(prices.length);
  return prices.map((price, at) => {
    const rest = BigInt(at) < named % count ? 1n : 0n;
    return price + named / count + rest;
  });
}
