import { bareSms } from "../model/bare-sms.ts";
import type { Clock } from "../model/clock.ts";
import { addressOf } from "../model/address.ts";
import type { OwnSendAction, Sending } from "../model/decision.ts";
import { ERRORS, type ErrorCode } from "../model/error.ts";
import type { Message, Sms, Tlv, TraceLine } from "../model/message.ts";
import type { ChannelTlvs } from "../model/tlv.ts";
import type { Forward, Made } from "../store/writer.ts";
import type { QueueFor } from "./queue-for.ts";
import { tlvsFor } from "./tlvs.ts";

/** A message of our own is given up after a day: what an operator is told later helps nobody. */
const madeValidityMs = 24 * 3_600_000;

/**
 * How often something may be made of something that was made: a trigger that sends for each status
 * would make a message of the status of each of its messages, without an end. The hop over a listener
 * of ours counts, too.
 */
export const hopsMax = 3;

/** registered_delivery 1: what became of it is told (SMPP v3.4 §5.2.17). */
const reportAlways = 1;

/** The event that a message is made because of. */
export interface Because {
  /** Where it happened; the message counts as one that came in there. */
  readonly channel: string;
  /** Its kind and what it was, such as `channel down`. */
  readonly event: string;
  readonly id: string;
  /** Of the message that the event is about; 0 when it is about none. */
  readonly hops: number;
}

/** Messages to be written in the transaction of the decision, and what the trace of its cause tells. */
export interface Makings {
  readonly made: readonly Made[];
  readonly lines: readonly TraceLine[];
}

/** Makes the messages that triggers asked for, all or none: one that can go nowhere is a fault. */
export type Maker = (
  sends: readonly Sending[],
  because: Because,
) => Makings | { readonly fault: ErrorCode; readonly text: string };

export function createMaker(parts: {
  readonly clock: Clock;
  readonly newId: () => string;
  /** The queue that a message goes to, or why there is none. */
  readonly queueFor: QueueFor;
  /** What a channel has agreed with its peer; nothing when left out. */
  readonly tlvsOn?: (channel: string) => ChannelTlvs | undefined;
}): Maker {
  const { clock, newId, queueFor, tlvsOn } = parts;

  return (sends, because) => {
    if (sends.length === 0) return { made: [], lines: [] };
    const at = clock.nowMs();
    const made: Made[] = [];
    const lines: TraceLine[] = [];
    for (const { trigger, action } of sends) {
      const { channel } = action;
      if (because.hops >= hopsMax) {
        lines.push({ at, what: "made", facts: { trigger, channel, dropped: "loop" } });
        continue;
      }
      const target = queueFor(action);
      if ("code" in target) {
        const { code } = target;
        const fault = ERRORS[code].retry === "later" ? code : "trigger_failed";
        return { fault, text: `${trigger} sends to channel ${channel}: ${code}` };
      }
      const tlvs = tlvsFor([], action.tlvs, tlvsOn?.(channel));
      if ("fault" in tlvs) {
        const text = `${trigger} sends to channel ${channel}: ${tlvs.fault}`;
        return { fault: "trigger_failed", text };
      }
      const one = madeOf({ ...action, tlvs }, trigger, because, target.queue, at);
      made.push(one);
      lines.push({ at, what: "made", facts: { trigger, channel, message: one.message.id } });
    }
    return { made, lines };
  };

  function madeOf(
    action: Making,
    trigger: string,
    because: Because,
    queue: string,
    at: number,
  ): Made {
    const id = newId();
    const sms = smsOf(action);
    const facts = { trigger, because: because.event, event: because.id };
    const message: Message = {
      id,
      root: id,
      parent: undefined,
      kind: "sms",
      direction: "in",
      channel: because.channel,
      account: undefined,
      from: action.from,
      to: action.to,
      sms,
      report: undefined,
      sameAsParent: false,
      hops: because.hops + 1,
      ...(action.despiteOptOut === undefined ? {} : { despiteOptOut: true as const }),
      log: [{ at, what: "made", facts }],
    };
    const { channel, account } = action;
    const way = { id: newId(), parent: id, direction: "out", channel, account } as const;
    const forward: Forward = {
      message: { ...message, ...way, sameAsParent: true, log: [] },
      queue,
      priority: sms.priority,
      dueMs: 0,
      expiresMs: at + madeValidityMs,
    };
    return { message, forward };
  }
}

/** Told after the commit, each with its own original, so that its report finds it at once. */
export function offerMade(
  offer: (forwards: readonly Forward[], original: Message) => void,
  made: readonly Made[] = [],
): void {
  for (const { message, forward } of made) offer([forward], message);
}

/** What was asked for, with its optional parameters as they go out. */
type Making = Omit<OwnSendAction, "tlvs"> & { readonly tlvs: readonly Tlv[] };

function smsOf({ from, to, text, dataCoding, priority = 0, tlvs }: Making): Sms {
  return {
    ...bareSms(addressOf(from), addressOf(to)),
    priority,
    registeredDelivery: reportAlways,
    dataCoding: dataCoding ?? 0,
    text,
    ...(dataCoding === undefined ? {} : { codingAsked: true }),
    tlvs,
  };
}
