import type { Assert } from "../sdk-test.ts";
import { shown } from "./test-show.ts";

/** What an assert throws: with both values as text, so that whoever reads it sees where they differ. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
  readonly expected: string | undefined;
  readonly actual: string | undefined;

  constructor(message: string, actual?: string, expected?: string) {
    super(message);
    this.actual = actual;
    this.expected = expected;
  }
}

/** Our own and small: what Node brings along is not there in the sandbox. */
export const assert: Assert = {
  ok(value, message) {
    if (!isTruthy(value)) fault(message ?? "is not true", shown(value), "a value that is true");
  },
  equal(actual, expected, message) {
    if (!Object.is(actual, expected))
      fault(message ?? "is another value", shown(actual), shown(expected));
  },
  notEqual(actual, expected, message) {
    if (Object.is(actual, expected))
      fault(message ?? "is the same value", shown(actual), `not ${shown(expected)}`);
  },
  deepEqual(actual, expected, message) {
    if (!isSame(actual, expected, []))
      fault(message ?? "is another value", shown(actual), shown(expected));
  },
  match(text, pattern, message) {
    if (text === undefined || !pattern.test(text))
      fault(message ?? "does not match", shown(text), String(pattern));
  },
  doesNotMatch(text, pattern, message) {
    if (text !== undefined && pattern.test(text))
      fault(message ?? "matches", shown(text), `not ${String(pattern)}`);
  },
  throws(run, pattern, message) {
    try {
      run();
    } catch (error) {
      return expectedError(error, pattern, message);
    }
    fault(message ?? "did not throw", undefined, undefined);
  },
  async rejects(run, pattern, message) {
    try {
      await (typeof run === "function" ? run() : run);
    } catch (error) {
      return expectedError(error, pattern, message);
    }
    fault(message ?? "did not reject", undefined, undefined);
  },
  fail(message) {
    throw new AssertionError(message);
  },
};

function fault(message: string, actual: string | undefined, expected: string | undefined): never {
  throw new AssertionError(message, actual, expected);
}

function expectedError(error: unknown, pattern: RegExp | undefined, message: string | undefined) {
  const text = error instanceof Error ? error.message : String(error);
  if (pattern !== undefined && !pattern.test(text))
    fault(message ?? "is another error", shown(text), String(pattern));
}

function isTruthy(value: unknown): boolean {
  return Boolean(value);
}

/** `above`: pairs that are being compared, so that a circle ends. */
function isSame(
  one: unknown,
  other: unknown,
  above: readonly (readonly [unknown, unknown])[],
): boolean {
  if (Object.is(one, other)) return true;
  if (!isObject(one) || !isObject(other)) return false;
  if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return false;
  if (above.some(([a, b]) => a === one && b === other)) return true;
  if (one instanceof Date) return other instanceof Date && one.getTime() === other.getTime();
  if (one instanceof RegExp) return other instanceof RegExp && String(one) === String(other);
  const within = [...above, [one, other] as const];
  if (one instanceof Map || one instanceof Set) {
    const mine = [...one];
    const its = other instanceof Map || other instanceof Set ? [...other] : [];
    return isSame(mine, its, within);
  }
  const keys = Object.keys(one);
  if (keys.length !== Object.keys(other).length) return false;
  return keys.every((key) => Object.hasOwn(other, key) && isSame(one[key], other[key], within));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
