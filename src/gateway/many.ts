import { type Address, canonical } from "../model/address.ts";
import type { ForwardAction } from "../model/decision.ts";
import type { ErrorCode } from "../model/error.ts";
import type { MessageEvent } from "../model/event.ts";
import type { Message, Sent } from "../model/message.ts";
import type { Candidate } from "../route/question.ts";
import type { Forward } from "../store/writer.ts";

/** A forward of a message to many, for one of those whom its sender named. */
export interface Undirected extends ForwardAction {
  readonly receiver?: { readonly address: Address; readonly to: string };
}

/** The same with the channel that it goes to. */
export interface ForwardToOne extends Undirected {
  readonly channel: string;
  /** Of one that the routing table has found its way: the other ways, best first, for when it fails. */
  readonly candidates?: readonly Candidate[];
  /** Of one short message on that way, as the routing table knows it. */
  readonly price?: string;
}

/**
 * What triggers asked for a message to many, one for each message that goes out: an action that names
 * no receiver is for all of them. The rules are those of `ForwardAction`.
 */
export function forwardsToEach(
  { message, destinations = [] }: MessageEvent,
  actions: readonly ForwardAction[],
): readonly Undirected[] | { readonly fault: ErrorCode; readonly text: string } {
  const receivers = (message.destinations ?? []).map((address, at) => ({
    address,
    to: destinations[at] ?? message.to,
  }));
  const each: Undirected[] = [];
  for (const action of actions) {
    const { to, destination } = action;
    if (to === undefined && destination === undefined) {
      for (const receiver of receivers) each.push({ ...action, receiver });
      continue;
    }
    const named = receivers.find((one) => one.to === (destination ?? to));
    if (named === undefined && destination !== undefined)
      return { fault: "trigger_failed", text: "forward names a destination that it does not have" };
    const receiver = named ?? receivers[0];
    each.push(receiver === undefined ? action : { ...action, receiver });
  }
  return each;
}

/**
 * The receivers that no trigger forwarded it to, which its sender is told. When it was forwarded to
 * nobody it was meant for us: then there are none.
 */
export function leftOut(
  { destinations = [] }: Message,
  forwards: readonly Forward[],
): readonly { readonly to: Address; readonly code: ErrorCode }[] {
  if (forwards.length === 0) return [];
  const reached = new Set(forwards.flatMap(({ message }) => message.destinations ?? []));
  return destinations.flatMap((to) => (reached.has(to) ? [] : { to, code: "refused_by_rule" }));
}

/** So is it kept: an erasure finds a number by the message that went to it. */
export function withoutSome(
  message: Message,
  unreached: readonly { readonly to: Address }[],
): Message {
  const some = new Set(unreached.map(({ to }) => to));
  const { destinations = [] } = message;
  return { ...message, destinations: destinations.filter((to) => !some.has(to)) };
}

/**
 * As its sender knows it: of a message to many, what became of one receiver is told as of a message to
 * that one. Costs one look for all others.
 */
export function toItsReceiver({ message, original }: Sent): Message {
  const { destinations } = message;
  const [receiver] = destinations ?? [];
  if (receiver === undefined || original.sms === undefined) return original;
  const isSame = message.sms?.to.digits === receiver.digits;
  const to = isSame ? message.to : canonical(receiver, "asReceived");
  return { ...original, to, sms: { ...original.sms, to: receiver } };
}
