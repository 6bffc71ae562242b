import { InvalidArgumentError } from "commander";

/** Reads a share in percent, with or without its sign; anything else is refused. */
export function share(text: string): number {
  const percent = /^\d{1,2}(\.\d{1,2})?%?$/.test(text) ? Number.parseFloat(text) : Number.NaN;
  if (percent > 0 && percent < 100) return percent;
  throw new InvalidArgumentError("It must be a share in percent, above 0 and below 100.");
}
