import type { Pipeline, Step, StepAnswer } from "./pipeline.ts";

/** What a flush's answer says, and what its error means for the flush. */

/** The flush is committed already: it was sent before, and its answer was lost. */
export const committedBefore = "SB001";

/** The flush before, on which this one may build, was undone, and this one with it. */
export const followsUndone = "SB002";

/** The ids that a statement gives. Rejects when they could not be read. */
export async function idsIn(on: Pipeline, step: Step): Promise<ReadonlySet<string>> {
  const outcome = await on.run([step]);
  if (outcome.kind !== "committed") throw outcome.error;
  return new Set(outcome.answers[0]?.rows.map((row) => row[0] ?? ""));
}

/** `{1,5}`, the refused acceptances, as begin_flush tells them. */
export function numbersIn(answer: StepAnswer | undefined): ReadonlySet<number> {
  const text = answer?.rows[0]?.[0] ?? "{}";
  return text === "{}" ? new Set() : new Set(text.slice(1, -1).split(",").map(Number));
}

/** Deadlock and serialization failure: the same again will do. */
export function isUndoneForOthers(code: string): boolean {
  return code === "40P01" || code === "40001";
}

/**
 * No fault of the operations: no resources (53, a full disk is one), intervention (57), system error
 * (58), a read-only server (25006) (PostgreSQL 18 manual, appendix A).
 */
export function isServerUnwell(code: string): boolean {
  return /^(53|57|58)/.test(code) || code === "25006";
}
