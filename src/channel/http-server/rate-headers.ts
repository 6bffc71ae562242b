import type { FastifyReply } from "../../http/api-server.ts";
import { type RateStanding, perMs } from "../../model/rate.ts";
import type { ChannelHost } from "../channel.ts";
import { deskOf } from "./messages.ts";

/**
 * Tells with each answer to who sends how the rates stand that hold him: the same buckets as over SMPP
 * (draft-ietf-httpapi-ratelimit-headers). `q` in `w` seconds; `r` of it may go now, and in `t` seconds all
 * of it. Nothing where there is no rate.
 */
export function tellRates(reply: FastifyReply, host: ChannelHost, account: string): void {
  const standing = deskOf(host).rates(account, host.name);
  if (standing === undefined) return;
  const all = [
    ...standing.account.map((one) => ["account", one] as const),
    ...standing.channel.map((one) => ["channel", one] as const),
  ];
  if (all.length === 0) return;
  reply.header("ratelimit-policy", all.map(policyOf).join(", "));
  reply.header("ratelimit", all.map(limitOf).join(", "));
}

type Named = readonly [whose: string, standing: RateStanding];

function policyOf([whose, { rate }]: Named): string {
  return `"${nameOf(whose, rate)}";q=${rate.count};w=${perMs[rate.per] / 1_000}`;
}

function limitOf([whose, { rate, left, fullInMs }]: Named): string {
  return `"${nameOf(whose, rate)}";r=${left};t=${Math.ceil(fullInMs / 1_000)}`;
}

function nameOf(whose: string, { of, per }: RateStanding["rate"]): string {
  return `${whose}-${of}-per-${per}`;
}
