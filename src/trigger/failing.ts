import type { TriggerLimits } from "./limits.ts";
import type { LiveTrigger, Script } from "./routes.ts";

/** What is counted of a version. */
interface Counted {
  readonly triggers: readonly Pick<LiveTrigger, "runs" | "faults">[];
}

/**
 * Whether a version fails so much more often than the one before it that going back is right; in a few
 * words why. Asked at a fault only.
 */
export function failing(
  script: Counted & Pick<Script, "faultShareBefore">,
  limits: Pick<TriggerLimits, "freshRuns" | "freshFaultShare">,
): string | undefined {
  const { runs, faults, share } = countsOf(script);
  if (runs < limits.freshRuns || share <= limits.freshFaultShare) return undefined;
  // What fails as often without it, because a service is away, say, is not mended by going back.
  if (share <= 2 * script.faultShareBefore) return undefined;
  return `${faults} of ${runs} runs were faults`;
}

/** A trigger that never came to an end has no run, but a fault. */
export function countsOf({ triggers }: Counted): {
  readonly runs: number;
  readonly faults: number;
  readonly share: number;
} {
  let runs = 0;
  let faults = 0;
  for (const trigger of triggers) {
    runs += Math.max(trigger.runs, trigger.faults);
    faults += trigger.faults;
  }
  return { runs, faults, share: runs === 0 ? 0 : faults / runs };
}
