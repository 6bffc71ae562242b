import type { Channel } from "../channel/channel.ts";
import { isDatagram } from "../model/mode.ts";
import type { End, SendRow } from "./finish.ts";
import type { OptOuts } from "./opt-outs.ts";

/** One attempt, and none by another start: it is not known whether the peer has it. */
const notTakenUp = { status: "FAILED", error: "not_taken_up", providerId: undefined } as const;

/** Forwarded, made or scheduled before its receiver said STOP, or to somebody who was not looked at. */
const optedOut = { status: "FAILED", error: "opted_out", providerId: undefined } as const;

/** How a message ends that must not be handed over any more; undefined for nearly all. */
export function stoppedEnd(
  row: SendRow,
  { taken }: Pick<Channel, "taken">,
  parts: { readonly startId?: string; readonly optOuts?: Pick<OptOuts, "holdsBack"> },
): Omit<End, "tries"> | undefined {
  if (isDatagram(row.message) && row.id < (parts.startId ?? "")) return notTakenUp;
  // What a customer is brought is no message to somebody who could have said STOP.
  if (taken === "SENT" && parts.optOuts?.holdsBack(row.message) === true) return optedOut;
  return undefined;
}
