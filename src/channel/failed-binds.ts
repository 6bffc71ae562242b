import type { Clock } from "../model/clock.ts";
import { createTokenBucket, type TokenBucket } from "../model/token-bucket.ts";

/** Addresses that are counted apart; above, those whose last failure is longest ago are forgotten. */
export const addressesMax = 10_000;

/**
 * Who fails to bind again and again has to wait: a password check costs 31 ms of a core, and guessing
 * has to be slow. Each address may fail so often at once and as often in a minute; one that has used
 * that up is hung up on before it has said anything.
 */
export interface FailedBinds {
  /** Asked for each connection. */
  waits(address: string): boolean;
  /** Milliseconds that it still has to; 0 when it need not. */
  waitMs(address: string): number;
  /** A bind from there was refused for a reason that lies there. True when it has to wait from now on. */
  failed(address: string): boolean;
}

/** `perMinute` 0: nobody ever waits. */
export function createFailedBinds(perMinute: number, clock: Pick<Clock, "tickMs">): FailedBinds {
  const rate = { count: perMinute, of: "messages", per: "minute", burst: perMinute } as const;
  /** What each may still fail; the one that failed last stands last. */
  const left = new Map<string, TokenBucket>();

  return {
    waits(address) {
      if (left.size === 0) return false;
      const network = networkOf(address);
      const nowMs = clock.tickMs();
      const bucket = left.get(network);
      if (bucket === undefined) return false;
      const room = bucket.room(nowMs);
      if (room === perMinute) left.delete(network);
      return room === 0;
    },
    waitMs: (address) => left.get(networkOf(address))?.waitMs(1, clock.tickMs()) ?? 0,
    failed(address) {
      if (perMinute === 0) return false;
      const network = networkOf(address);
      const nowMs = clock.tickMs();
      const bucket = left.get(network) ?? createTokenBucket(rate, nowMs);
      left.delete(network);
      left.set(network, bucket);
      const [oldest] = left.keys();
      if (left.size > addressesMax && oldest !== undefined) left.delete(oldest);
      bucket.take(1, nowMs);
      return bucket.room(nowMs) === 0;
    },
  };
}

/** Of IPv6 the first 64 bits: that much is one customer's own (RFC 6177), with no end of addresses. */
function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1] !== undefined) return mapped[1];
  const [head = "", tail] = (address.split("%")[0] ?? "").split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => "0");
  const groups = tail === undefined ? before : [...before, ...zeros, ...after];
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, "").toLowerCase())
    .join(":");
}
