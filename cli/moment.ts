import { InvalidArgumentError } from "commander";

const UNITS_MS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 } as const;

/**
 * Reads a time that has been, in milliseconds since 1970 UTC: `30m`, `2h`, `1d` ago, a day or a moment as
 * in ISO 8601, which without a zone is this machine's.
 */
export function momentMs(text: string): number {
  const [, number, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (unit === "s" || unit === "m" || unit === "h" || unit === "d")
    return Math.max(0, Date.now() - Number(number) * UNITS_MS[unit]);
  // A day alone would be read as UTC, a moment without a zone as local.
  const ms = Date.parse(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00` : text);
  if (/^\d{4}-\d{2}-\d{2}/.test(text) && ms >= 0 && ms <= Date.now()) return ms;
  throw new InvalidArgumentError(
    "It must be a time that has been, like 30m, 2h, 1d, 2026-11-21 or 2026-11-21T08:00.",
  );
}
