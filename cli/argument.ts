import { InvalidArgumentError } from "commander";
import { amountNumber, parseAmount } from "../src/model/amount.ts";
import { GatewayError } from "../src/model/error.ts";

/** Reads an argument that is a whole number within these bounds; anything else is refused. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = /^[+-]?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

/** Reads credits such as 12 or 0.0065, within what an account may have. */
export function credits(options: { readonly negative: boolean }): (text: string) => number {
  return (text) => {
    try {
      return amountNumber(parseAmount(text, options));
    } catch (cause) {
      if (cause instanceof GatewayError) throw new InvalidArgumentError(cause.message);
      throw cause;
    }
  };
}

const UNITS_MS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 } as const;

/** Reads a time like `30s`, `10m`, `2h` or `1d` and gives it in milliseconds, within these bounds. */
export function duration(leastMs: number, mostMs: number): (text: string) => number {
  return (text) => {
    const [, number, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
    const ms = isUnit(unit) ? Number(number) * UNITS_MS[unit] : Number.NaN;
    if (ms >= leastMs && ms <= mostMs) return ms;
    throw new InvalidArgumentError(
      `It must be a time like 30s, 10m, 2h or 1d, from ${short(leastMs)} to ${short(mostMs)}.`,
    );
  };
}

function isUnit(text: string | undefined): text is keyof typeof UNITS_MS {
  return text !== undefined && Object.hasOwn(UNITS_MS, text);
}

/** As it would be typed. */
function short(ms: number): string {
  const [unit, unitMs] = Object.entries(UNITS_MS).find(([, one]) => ms % one === 0) ?? ["ms", 1];
  return `${ms / unitMs}${unit}`;
}

/** Reads `name=value` into what was read before; a value may hold further `=`, or nothing. */
export function assignments(
  text: string,
  before: Readonly<Record<string, string>> | undefined,
): Record<string, string> {
  const at = text.indexOf("=");
  if (at > 0) return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
  throw new InvalidArgumentError("It must be name=value; name= takes it back to the standard.");
}

/** Reads a day such as 2026-11-20, of any zone. */
export function day(text: string): string {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (!Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text)) return text;
  throw new InvalidArgumentError("It must be a day such as 2026-11-20.");
}
