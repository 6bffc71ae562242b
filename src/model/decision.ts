import { sumOfCredits } from "./amount.ts";
import type { ErrorCode } from "./error.ts";
import type { TlvWishes } from "./tlv.ts";

/** What a script asked for, in the order in which it asked. Data: nothing has happened yet. */
export type Action =
  | { readonly do: "accept"; readonly charge?: number | "route"; readonly account?: string }
  | { readonly do: "reject"; readonly code: ErrorCode | number; readonly reason?: string }
  | ForwardAction
  /** Of a report: the matched message takes its status. */
  | { readonly do: "apply" }
  /** Of a status: the original's account is told, if it asked for that outcome. */
  | ReportAction
  /** Of a message: it is kept as FAILED with this reason, and its sender is answered as usual. */
  | { readonly do: "fail"; readonly reason: string }
  | SendAction
  | { readonly do: "trace"; readonly text: string };

/** Pass the message on. What is not named stays as it came in. */
export interface ForwardAction {
  readonly do: "forward";
  /** Left out: the routing table says where it goes, see docs/routes.md. */
  readonly channel?: string;
  /**
   * Beside a channel: other targets as in docs/routes.md, such as `["SMPP2"]`, tried in their order when
   * it fails there, as the channel's `failures` say. Twenty at most.
   */
  readonly else?: readonly string[];
  /** For a channel that customers bind to: whose sessions get it. */
  readonly account?: string;
  readonly from?: string;
  readonly to?: string;
  /**
   * Of a message to many, the one of its `destinations` that this is for. When it is left out the
   * message goes to all of them, or, with `to`, stands for the one that `to` names, else the first.
   */
  readonly destination?: string;
  readonly text?: string;
  /**
   * data_coding, 0-255 (SMPP v3.4 §5.2.19). A text is written in the coding that this names on that
   * channel, and the message is FAILED `bad_data_coding` when it cannot hold it. Where no text is
   * written the octets stay, and only the number is another.
   */
  readonly dataCoding?: number;
  /** Ask the provider for a report of every outcome, also where the sender did not. */
  readonly report?: true;
  /** Optional parameters, by the names that they have on that channel. */
  readonly tlvs?: TlvWishes;
}

/** Make a message of our own. Whose event it was asked for with is kept in its trace. */
export interface SendAction {
  readonly do: "send";
  readonly channel: string;
  /** For a channel that customers bind to: whose sessions get it. */
  readonly account?: string;
  readonly from: string;
  readonly to: string;
  readonly text: string;
  /** data_coding, 0-255, as in `forward`; the channel chooses when left out. */
  readonly dataCoding?: number;
  /** 0-3; 3 goes first. 0 when left out. */
  readonly priority?: number;
  /** Optional parameters, by the names that they have on that channel. */
  readonly tlvs?: TlvWishes;
}

/** The same as the gateway wants it: what a STOP is answered with goes to who is on the list. */
export interface OwnSendAction extends SendAction {
  readonly despiteOptOut?: true;
}

/** Tell the customer. What is not named is as the network told it, or as the status implies. */
export interface ReportAction {
  readonly do: "report";
  /** `stat:` of the receipt, 1-7 upper case letters. */
  readonly state?: string;
  /** `err:` of the receipt, 1-3 digits or letters. */
  readonly error?: string;
  /** Optional parameters of the receipt, by the names that they have on the customer's channel. */
  readonly tlvs?: TlvWishes;
}

/** Something that a trigger asked the gateway for, and what it was told. */
export interface RanCall {
  /** `kv.get` */
  readonly name: string;
  /** A list, as JSON; the beginning of it where the answer is undefined. */
  readonly args: string;
  /** As JSON; where `ok` is false the text of the error. undefined: cut, or nobody waited for it. */
  readonly answer: string | undefined;
  readonly ok: boolean;
}

/** What one trigger did with one event. */
export type Ran = {
  readonly trigger: string;
  /** Counts up with each change of the file. */
  readonly version: number;
  /** Microseconds that it took, its share of a batch. */
  readonly us: number;
  /** What it asked the gateway for, in its order; left out when nothing, or when that is not kept. */
  readonly calls?: readonly RanCall[];
} & (
  | { readonly actions: readonly Action[] }
  | {
      readonly fault: ErrorCode;
      readonly text: string;
      /** The author's line that it happened on, with its number, and a second line with a caret. */
      readonly source?: string;
      /** `onFault: "skip"`: the rest goes on. */
      readonly skipped: boolean;
    }
);

/** A message of our own to be made, and by whose word. */
export interface Sending {
  readonly trigger: string;
  readonly action: OwnSendAction;
}

/** The one decision on one event, out of what all its triggers did. */
export type Ruling =
  | {
      readonly verdict: "accept";
      /** Credits, summed over all triggers. */
      readonly charge: number;
      /** Besides, what the ways cost that it takes. */
      readonly chargesRoute?: true;
      readonly account: string | undefined;
      readonly forwards: readonly ForwardAction[];
      /** Of a report: somebody said that it applies. */
      readonly applied: boolean;
      readonly reports: readonly ReportAction[];
      readonly sends: readonly Sending[];
      /** Why the message is to be FAILED; the first that said so. */
      readonly failed: string | undefined;
      readonly ran: readonly Ran[];
    }
  | {
      readonly verdict: "reject";
      readonly code: ErrorCode | number;
      readonly reason: string;
      readonly ran: readonly Ran[];
    }
  | { readonly verdict: "unanswered"; readonly ran: readonly Ran[] }
  | {
      readonly verdict: "undecided";
      readonly fault: ErrorCode;
      readonly text: string;
      readonly ran: readonly Ran[];
    };

/**
 * Makes one decision of what the triggers did, which ran by (order, name). The rules, as in the
 * triggers guide:
 * a) the first accept answers, charges add up; b) a reject wins over everything before it and only
 * trace lines stay; c) accept and reject by one trigger, or two accepts that contradict each other
 * in anything but charge, is the fault `answered_twice`; d) where somebody waits, effects without
 * an answer are dropped, elsewhere silence is acceptance. A fault that is not skipped leaves the
 * event undecided.
 */
export function rule(ran: readonly Ran[], silence: "unanswered" | "accept"): Ruling {
  let accepted = silence === "accept";
  let answered = false;
  let account: string | undefined;
  let charge = 0;
  let chargesRoute = false;
  const forwards: ForwardAction[] = [];
  const reports: ReportAction[] = [];
  const sends: Sending[] = [];
  let applied = false;
  let failed: string | undefined;
  for (const one of ran) {
    if ("fault" in one) {
      if (one.skipped) continue;
      return { verdict: "undecided", fault: one.fault, text: one.text, ran };
    }
    let accepts = false;
    let reject: (Action & { do: "reject" }) | undefined;
    for (const action of one.actions) {
      switch (action.do) {
        case "accept":
          if (answered && action.account !== undefined && account !== action.account)
            return contradiction(one.trigger, ran);
          if (!answered || action.account !== undefined) account = action.account;
          answered = accepts = accepted = true;
          if (action.charge === "route") chargesRoute = true;
          else charge = sumOfCredits(charge, action.charge ?? 0);
          break;
        case "reject":
          reject ??= action;
          break;
        case "forward":
          forwards.push(action);
          break;
        case "apply":
          applied = true;
          break;
        case "report":
          reports.push(action);
          break;
        case "fail":
          failed ??= action.reason;
          break;
        case "send":
          sends.push({ trigger: one.trigger, action });
          break;
        case "trace":
          break;
      }
    }
    if (reject !== undefined) {
      if (accepts) return contradiction(one.trigger, ran);
      return { verdict: "reject", code: reject.code, reason: reject.reason ?? "", ran };
    }
  }
  return accepted
    ? {
        verdict: "accept",
        charge,
        account,
        forwards,
        applied,
        reports,
        sends,
        failed,
        ran,
        ...(chargesRoute && { chargesRoute }),
      }
    : { verdict: "unanswered", ran };
}

function contradiction(trigger: string, ran: readonly Ran[]): Ruling {
  const text = `${trigger} gave an answer that contradicts one given before`;
  return { verdict: "undecided", fault: "answered_twice", text, ran };
}
