import type { Clock } from "../model/clock.ts";
import { idTimeMs } from "../model/id.ts";
import type { Message, Sms } from "../model/message.ts";
import { askedOf } from "../smpp/submit-rules.ts";
import { relativeTime, timeFrom } from "../smpp/time.ts";
import { version50 } from "../smpp/version.ts";

/** What a channel says of the fields of a message that its author leaves to us. */
export interface OnwardSettings {
  /** Of a message that has none; empty to leave it so. */
  readonly serviceType: string;
}

/** The most urgent one that a peer before 5.0 knows (SMPP v3.4 §5.2.14; v5.0 §4.7.14 has 4 as well). */
const priorityMost34 = 3;

/**
 * A message as it is handed to a provider of this version: the waiting that we have done is not asked
 * for again, since a schedule that is over would be refused. Called with each request; the same object
 * comes back where nothing is to change, which is nearly always.
 */
export function createToProvider(
  settings: OnwardSettings & { readonly validity: "asSent" | "remaining" },
  clock: Clock,
): (message: Pick<Message, "id">, sms: Sms, version: number) => Sms {
  return (message, sms, version) => {
    let next = withService(askedOf(sms, version), settings);
    if (next.scheduleTime !== "") next = { ...next, scheduleTime: "" };
    if (next.priority > priorityMost34 && version < version50)
      next = { ...next, priority: priorityMost34 };
    if (settings.validity === "remaining" && next.validityPeriod.endsWith("R"))
      next = { ...next, validityPeriod: remaining(next.validityPeriod, message.id, clock.nowMs()) };
    return next;
  };
}

/**
 * A message as it is handed to a customer: in a deliver_sm both times are empty (SMPP v3.4 §4.6.1),
 * and he is whom it was for.
 */
export function toCustomer(sms: Sms, settings: OnwardSettings): Sms {
  const next = withService(sms, settings);
  if (next.scheduleTime === "" && next.validityPeriod === "") return next;
  return { ...next, scheduleTime: "", validityPeriod: "" };
}

function withService(sms: Sms, { serviceType }: OnwardSettings): Sms {
  return serviceType === "" || sms.serviceType !== "" ? sms : { ...sms, serviceType };
}

/** What is left of a relative time since the message came; a second at least, as 0 means the default. */
function remaining(validityPeriod: string, id: string, nowMs: number): string {
  const untilMs = timeFrom(validityPeriod, idTimeMs(id));
  return untilMs === undefined ? validityPeriod : relativeTime(Math.max(1_000, untilMs - nowMs));
}
