import { onMessage } from "signalbox";

/** How numbers begin, and what a part costs with each provider, in hundredths of a cent. */
const prices: readonly (readonly [prefix: string, costs: Readonly<Record<string, number>>])[] = [
  ["+316", { SMPP1: 520, SMPP2: 480 }],
  ["+31", { SMPP1: 610 }],
  ["+32", { SMPP1: 700, SMPP2: 690 }],
  ["+", { SMPP2: 2_500 }],
];

/** Passes a message on to whoever is cheapest for its number; the longest beginning counts. */
export const CHEAPEST = onMessage({ channels: ["SMPP_SERVER1"], order: 20 }, (message) => {
  const [range] = prices
    .filter(([prefix]) => message.to.startsWith(prefix))
    .toSorted(([one], [other]) => other.length - one.length);
  const [offer] = Object.entries(range?.[1] ?? {}).toSorted(([, one], [, other]) => one - other);
  if (offer === undefined) return message.reject("no_route", `nobody takes ${message.to}`);
  const [channel, cost] = offer;
  message.trace(`${channel} for ${cost} of ${range?.[0]}`);
  message.forward({ channel });
});
