import { type ErrorCode, commandStatusOf } from "../../model/error.ts";
import { type BodyForm, type Received, dataFrom } from "./body.ts";
import { type Blame, holdingOf, pickingOf } from "./rule.ts";
import type { ProviderFile } from "./schema.ts";

/** An answer as it came. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly text: string;
}

/** What a provider's answer to a message means. */
export type Verdict =
  | { readonly outcome: "taken"; readonly id: string }
  | {
      readonly outcome: "temporary" | "throttled" | "permanent" | "down";
      /** In the number of SMPP, as all refusals have one. */
      readonly status: number;
      readonly text: string;
    };

type Refusal = Exclude<Verdict, { outcome: "taken" }>["outcome"];

/** Characters of what a provider says about a refusal; it stands in traces and lists. */
const textMax = 160;

/** Characters of an id; nobody's is longer, and an index of ours holds them. */
const idMax = 200;

const STATUS_OF: Readonly<Record<Refusal, ErrorCode>> = {
  temporary: "try_later",
  throttled: "throttled",
  permanent: "refused_by_rule",
  down: "internal",
};

/**
 * Reads answers by the rules of the file, the first that holds. Where none does the status alone counts:
 * 429 is `throttled`, 401 `down`, 408 and 5xx are `temporary`, all else is `permanent`, since what was not
 * understood may be with the provider, and would be sent for ever.
 */
export function answersBy(
  { body, rules }: ProviderFile["answer"],
  blame: Blame,
): (answer: HttpAnswer) => Verdict {
  const compiled = rules.map((rule, at) => ({
    rule,
    holds: holdingOf(rule.when, ["answer", "rules", at, "when"], blame),
    id: pickingOf(rule.id, ["answer", "rules", at, "id"], blame),
    text: pickingOf(rule.text, ["answer", "rules", at, "text"], blame),
  }));
  for (const [at, rule] of rules.entries())
    if (rule.outcome === "taken" && rule.error !== undefined)
      blame(["answer", "rules", at, "error"], "is for a refusal, and this one takes the message");

  return (answer) => {
    const received = receivedFrom(answer, body);
    for (const { rule, holds, id, text } of compiled) {
      if (!holds(received, received.data, answer.status)) continue;
      const { outcome } = rule;
      if (outcome === "taken")
        return { outcome, id: (id(received, received.data) ?? "").trim().slice(0, idMax) };
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- The schema knows only ours.
      const error = rule.error as ErrorCode | undefined;
      return refusal(outcome, answer.status, text(received, received.data), error);
    }
    return refusal(byStatus(answer.status), answer.status, "an answer that no rule knows");
  };
}

function receivedFrom({ headers, text }: HttpAnswer, form: BodyForm): Received {
  const data = dataFrom(form, text)?.data;
  return { headers, query: new URLSearchParams(), text, data };
}

function byStatus(status: number): Refusal {
  if (status === 429) return "throttled";
  if (status === 401) return "down";
  return status === 408 || status >= 500 ? "temporary" : "permanent";
}

function refusal(
  outcome: Refusal,
  status: number,
  said: string | undefined,
  error?: ErrorCode,
): Verdict {
  // One line, since it stands in one.
  const words = said === undefined ? "" : ` ${said.replaceAll(/\s+/g, " ").trim()}`;
  return {
    outcome,
    status: commandStatusOf(error ?? STATUS_OF[outcome]),
    text: `HTTP ${status}${words}`.slice(0, textMax),
  };
}
