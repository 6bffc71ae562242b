import { GatewayError } from "../model/error.ts";

// Arguments of host calls come from a script and may be anything; each reader throws `bad_request`.

export function textAt(args: readonly unknown[], at: number, name: string): string {
  const value = args[at];
  if (typeof value !== "string") throw wrong(`${name} must be a text`);
  return value;
}

/** undefined for null, which is how a script leaves something out. */
export function textOrNone(args: readonly unknown[], at: number, name: string): string | undefined {
  return args[at] === null ? undefined : textAt(args, at, name);
}

export function wholeNumberAt(
  args: readonly unknown[],
  at: number,
  { name, least, most }: { readonly name: string; readonly least: number; readonly most: number },
): number {
  const value = args[at];
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most)
    return value;
  throw wrong(`${name} must be a whole number from ${least} to ${most}`);
}

export function wrong(why: string): GatewayError {
  return new GatewayError("bad_request", why);
}

/** What a script hands over as octets, or as a text, which is UTF-8. */
export function octetsFrom(value: unknown, name: string): Buffer {
  if (typeof value === "string") return Buffer.from(value);
  // script/crossing.ts writes octets as a list of one text, a character for each.
  if (Array.isArray(value) && value.length === 1 && typeof value[0] === "string")
    return Buffer.from(value[0], "latin1");
  throw wrong(`${name} must be a text or a Uint8Array`);
}
