import { type Address, type Numbers, canonical } from "../model/address.ts";
import { type ErrorCode, commandStatusOf } from "../model/error.ts";
import type { MessageAnswer, MessageEvent } from "../model/event.ts";
import type { Destination, Unreached } from "../smpp/rare.ts";
import { destinationFault } from "../smpp/submit-rules.ts";

/** The receivers of a message to many (submit_multi). */
export interface Receivers {
  /** Those that it may go to, as they stood. */
  readonly to: readonly Address[];
  /** The others, with the status that their sender is told for each. */
  readonly unreached: readonly Unreached[];
}

/** Whom the message may go to: there are no lists here, and a number must say something. */
export function receiversOf(destinations: readonly Destination[]): Receivers {
  const to: Address[] = [];
  const unreached: Unreached[] = [];
  for (const one of destinations) {
    if ("list" in one)
      unreached.push(unreachedOf({ ton: 0, npi: 0, digits: one.list }, "no_lists"));
    else {
      const fault = destinationFault(one);
      if (fault === undefined) to.push(one);
      else unreached.push(unreachedOf(one, fault));
    }
  }
  return { to, unreached };
}

/**
 * The message as one to all of them. A trigger that knows nothing of messages to many charges for
 * each of them (`parts`) and forwards to all.
 */
export function toMany(event: MessageEvent, { to }: Receivers, numbers: Numbers): MessageEvent {
  const [first] = to;
  const { message } = event;
  if (first === undefined || message.sms === undefined) return event;
  const [received, ...others] = message.log;
  const facts = { ...received?.facts, destinations: to.length };
  return {
    ...event,
    parts: event.parts * to.length,
    destinations: to.map((one) => canonical(one, numbers)),
    message: {
      ...message,
      to: canonical(first, numbers),
      sms: { ...message.sms, to: first },
      destinations: to,
      log: received === undefined ? others : [{ ...received, facts }, ...others],
    },
  };
}

/** What the sender is told of those that it does not go to: of ours and of the gateway's. */
export function unreachedIn(
  { unreached }: Receivers,
  answer: Extract<MessageAnswer, { kind: "accepted" }>,
): readonly Unreached[] {
  if (answer.unreached === undefined) return unreached;
  return [...unreached, ...answer.unreached.map(({ to, code }) => unreachedOf(to, code))];
}

function unreachedOf({ ton, npi, digits }: Address, code: ErrorCode): Unreached {
  return { ton, npi, digits, status: commandStatusOf(code) };
}
