import { InvalidArgumentError } from "commander";

/** Reads an argument that is a whole number within these bounds; anything else is refused. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = /^[+-]?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}
