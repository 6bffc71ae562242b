/** What stands behind the `@` of a number. */
export type AtName =
  /** `+74992713152@smpp`: some provider over SMPP. */
  | { readonly kind: "smpp"; readonly number: string }
  /** `+74992713152@masslist._smpp`: this provider. */
  | { readonly kind: "named"; readonly number: string; readonly name: string }
  /** `+74992713152@telnum`: a telephone, however it is reached. */
  | { readonly kind: "telnum"; readonly number: string };

const form = /^(\+?\d{3,20})@(?:(smpp)|(telnum)|(.{1,64})\._smpp)$/i;

/** Reads a destination of one of the three forms; undefined for all others. */
export function numberAtName(to: string): AtName | undefined {
  if (!to.includes("@")) return undefined;
  const found = form.exec(to);
  if (found === null) return undefined;
  const [, number = "", smpp, telnum, name = ""] = found;
  if (smpp !== undefined) return { kind: "smpp", number };
  if (telnum !== undefined) return { kind: "telnum", number };
  return { kind: "named", number, name };
}
