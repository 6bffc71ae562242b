import type { Sms } from "../model/message.ts";
import type { ReceiptState } from "../smpp/receipt-state.ts";
import type { ReceiptFormName } from "./receipt-forms.ts";

/** What the simulated provider does with one message. */
export interface Outcome {
  /** command_status of its answer; `silent`: it never answers. */
  readonly answer: number | "silent";
  /** What it reports later, when it has taken the message and a report was asked for. */
  readonly report: ReceiptState | "none";
  /** Tells of it by these instead of one report of that state; none of them is lost by itself. */
  readonly reports?: readonly PlannedReport[];
}

/** One report about a message; what is left out is as an honest provider has it. */
export interface PlannedReport {
  readonly state: ReceiptState;
  /** Milliseconds after the answer; `early`: written before the answer. The rules' delay. */
  readonly after?: number | "early";
  /** `err:`, as the provider writes it; `000`, or `006` of a failure. */
  readonly error?: string;
  /** `standard` */
  readonly form?: ReceiptFormName;
  /**
   * `receipt`; `intermediate`: a notification (esm_class 0x20), told only to who asked for those;
   * `none`: the flag is forgotten.
   */
  readonly flag?: "receipt" | "intermediate" | "none";
  /** Over another session than the one that brought the message, if one is bound. */
  readonly otherBind?: boolean;
}

/** Decides about each message; called once per message, in the order in which they came. */
export type OutcomeOf = (sms: Sms) => Outcome;

/** Every message is taken and delivered. */
export const allDelivered: OutcomeOf = () => ({ answer: 0, report: "DELIVRD" });

/**
 * The destination's last character decides, so that a person can choose what happens by the number
 * that he types: 0-4 delivered, and one digit for each way in which it can end otherwise.
 */
export const byLastDigit: OutcomeOf = (sms) => LAST_DIGITS[sms.to.digits.at(-1) ?? ""] ?? DELIVERED;

/**
 * Percentages decide, drawn from a seed so that a run can be repeated: `refused` is answered 0x45,
 * `none` is taken and never reported; what is left to 100 is delivered.
 * Throws a RangeError for shares below 0 or above 100 together.
 */
export function byShares(shares: Shares, seed: number): OutcomeOf {
  const steps: { readonly below: number; readonly outcome: Outcome }[] = [];
  let sum = 0;
  for (const [name, share] of Object.entries(shares)) {
    sum += share;
    if (!(share >= 0) || sum > 100) throw new RangeError("shares are percentages, 100 at most");
    steps.push({ below: sum, outcome: outcomeNamed(name) });
  }
  const random = randomFrom(seed);
  return () => {
    const drawn = random() * 100;
    return steps.find(({ below }) => drawn < below)?.outcome ?? DELIVERED;
  };
}

/** Percentages by what is to happen. */
export type Shares = Readonly<Partial<Record<ReceiptState | "none" | "refused", number>>>;

const DELIVERED: Outcome = { answer: 0, report: "DELIVRD" };

const LAST_DIGITS: Readonly<Record<string, Outcome>> = {
  "5": { answer: 0, report: "UNDELIV" },
  "6": { answer: 0, report: "EXPIRED" },
  "7": { answer: 0, report: "none" },
  // 0x58 ESME_RTHROTTLED: to be tried again; 0x0B ESME_RINVDSTADR: never.
  "8": { answer: 0x58, report: "none" },
  "9": { answer: 0x0b, report: "none" },
};

export function outcomeNamed(name: string): Outcome {
  // 0x45 ESME_RSUBMITFAIL. The names are the keys of `Shares`, all others of which are states.
  if (name === "refused") return { answer: 0x45, report: "none" };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.entries loses the keys' type.
  return { answer: 0, report: name as ReceiptState | "none" };
}

/** mulberry32: 32 bits of state, good enough for percentages and the same everywhere. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
