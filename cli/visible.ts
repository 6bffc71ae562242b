/**
 * A value as it may be shown: all control characters in its texts written out, since what came in a
 * message must not steer the terminal.
 */
export function visible<T>(value: T): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every text stays a text, so T stays T.
  return shown(value) as T;
}

// Control characters, line separators, and what turns the direction of writing around.
// oxlint-disable-next-line no-control-regex -- control characters are what this is about.
const steering = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function shown(value: unknown): unknown {
  if (typeof value === "string")
    return value.replaceAll(
      steering,
      (one) => SHORT[one] ?? `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shown(inner)]));
}
