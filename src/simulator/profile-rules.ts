import type { ReceiptState } from "../smpp/receipt-state.ts";
import type { Delay, Profile } from "./profile.ts";
import { byShares, type OutcomeOf, type PlannedReport, randomFrom } from "./rules.ts";
import type { SmscRules } from "./smsc.ts";

/**
 * The rules by which `startSmsc` plays a profile. For each message the same number of draws is made,
 * in the order in which messages come, so that what happens to the tenth does not hang on what happened
 * to the ninth.
 */
export function profileRules(profile: Profile, seed = profile.seed): SmscRules {
  const { ids, answerDelayMs } = profile;
  const outcome = outcomesOf(profile, seed);
  // Its own sequence, so that whether a delay is drawn changes nothing else.
  const random = randomFrom(seed ^ 0x5bd1e995);
  return {
    outcome,
    answerDelayMs: () => drawnDelay(answerDelayMs, random()),
    idForm: ids.answer,
    ...(ids.report !== undefined && { reportIdForm: ids.report }),
    ...(ids.first !== undefined && { firstId: ids.first }),
    ...(ids.reusedAfter !== undefined && { idsReusedAfter: ids.reusedAfter }),
  };
}

function outcomesOf(profile: Profile, seed: number): OutcomeOf {
  const { outcomes, errors, forms, intermediateFlag } = profile;
  // Zod says that each share may be undefined, where it may only be left out.
  const shares = Object.fromEntries(Object.entries(outcomes).filter(([, part]) => part > 0));
  const basic = byShares(shares, seed);
  const random = randomFrom(seed ^ 0x2545f491);
  return (sms) => {
    const drawn = basic(sms);
    const hits = (percent: number): boolean => random() * 100 < percent;
    const pick = <T>(all: readonly T[]): T | undefined => all[Math.floor(random() * all.length)];
    // All draws are made for each message, whether they are needed or not.
    const lost = hits(profile.lost);
    const early = hits(profile.early);
    const twice = hits(profile.duplicate);
    const besides = hits(profile.intermediate);
    const last = hits(profile.outOfOrder);
    const flag = hits(profile.flagless) ? "none" : "receipt";
    const otherBind = hits(profile.otherBind);
    const form = pick(forms) ?? "standard";
    const error = pick(errors) ?? "006";
    const delayMs = drawnDelay(profile.reportDelayMs, random());
    const secondMs = drawnDelay(profile.duplicateDelayMs, random());
    const enrouteShare = random();

    if (drawn.answer !== 0 || drawn.report === "none" || lost) return { ...drawn, reports: [] };
    const final: PlannedReport = {
      state: drawn.report,
      after: early ? "early" : delayMs,
      form,
      flag,
      otherBind,
      ...(FAILURES.has(drawn.report) && { error }),
    };
    const reports = [final];
    if (besides) {
      const after = last ? delayMs + 1 : early ? "early" : Math.floor(delayMs * enrouteShare);
      const enroute = { state: "ENROUTE", after, form, flag: intermediateFlag, otherBind } as const;
      if (last) reports.push(enroute);
      else reports.unshift(enroute);
    }
    if (twice) reports.push({ ...final, after: Math.max(secondMs, early ? 0 : delayMs) });
    return { ...drawn, reports };
  };
}

const FAILURES: ReadonlySet<ReceiptState> = new Set(["EXPIRED", "DELETED", "UNDELIV", "REJECTD"]);

/** Milliseconds by one draw below 1. */
function drawnDelay(delay: Delay, drawn: number): number {
  if (typeof delay === "number") return delay;
  if ("from" in delay) return Math.round(delay.from + drawn * (delay.to - delay.from));
  // Exponential, as the time until a phone is found again is.
  return Math.min(delay.most, Math.round(-Math.log(1 - drawn) * delay.mean));
}
